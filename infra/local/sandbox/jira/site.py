"""A whole Jira Cloud site in one object: takes a request, gives a response, and keeps what happened."""

from __future__ import annotations

import base64
import binascii
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from sandbox.jira import api_issues, api_search, api_site, api_talk, control, forms, pages
from sandbox.jira.comments import Comments
from sandbox.jira.desk import Desk
from sandbox.jira.faults import Faults, spoiled
from sandbox.jira.index import Index
from sandbox.jira.issues import Issues
from sandbox.jira.links import Links
from sandbox.jira.messages import Declined, Observer, Query, Refusal, Request, Response, as_html, parse_query
from sandbox.jira.model import Catalogue, User
from sandbox.jira.origin import check_origin
from sandbox.jira.router import Call, Rooms, Router
from sandbox.jira.search import Finder
from sandbox.jira.seed import catalogue as seeded
from sandbox.jira.server import Serving
from sandbox.jira.store import Store
from sandbox.jira.views import Views
from sandbox.jira.webhooks import DELAYS, Hook, Post, Webhooks, post

REMEMBERED = 10_000
NO_ENTRY = "Client must be authenticated to access this resource."


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One call of the API as the journal keeps it; ``status`` is 0 where the connection was dropped."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    status: int
    fault: str | None
    at: datetime


class JiraSite:
    """A stateful Jira Cloud: REST v3, signed webhooks, faults on request, and a board for people.

    ``store`` keeps the state; ``clock`` tells the time (aware datetimes) and ``new_id`` makes unguessable ids;
    ``pause`` waits out scripted delays, in seconds. ``hooks`` receive webhooks, sent by ``send``; nothing is sent until
    someone calls ``webhooks.pump()`` or ``webhooks.drain()``, or ``webhooks.start()`` begins to do so by itself.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        *,
        catalogue: Catalogue | None = None,
        hooks: Sequence[Hook] = (),
        base_url: str = "http://127.0.0.1",
        index_lag: float = 0.0,
        retry_delays: Sequence[float] = DELAYS,
        send: Post = post,
        pause: Callable[[float], None] = time.sleep,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.store = store
        self.clock = clock
        self.faults = Faults()
        self.calls: deque[Record] = deque(maxlen=REMEMBERED)
        self.observers: list[Observer] = list(observers)
        self.index = Index(store, clock, index_lag)
        self.webhooks = Webhooks(
            store=store, hooks=hooks, faults=self.faults, now=clock, new_id=new_id, send=send, delays=retry_delays
        )
        self.views = Views(store, catalogue or seeded(), base_url.rstrip("/"))
        self._pause = pause
        desk = Desk(store, self.views, self.webhooks, clock)
        comments = Comments(desk)
        self.rooms = Rooms(
            desk=desk,
            issues=Issues(desk, comments),
            comments=comments,
            links=Links(desk),
            finder=Finder(desk, self.index),
        )
        self._api = Router((*api_issues.ROUTES, *api_talk.ROUTES, *api_search.ROUTES, *api_site.ROUTES))
        self._pages = Router((*pages.ROUTES, *forms.ROUTES))
        self._control = control.Controls(self).router()

    @property
    def base_url(self) -> str:
        """The address the site gives as its own, in links and ``self``."""
        return self.views.base

    @base_url.setter
    def base_url(self, address: str) -> None:
        self.views.base = address.rstrip("/")

    @property
    def catalogue(self) -> Catalogue:
        """What the administrator set up; may be replaced while the site runs, as administrators do."""
        return self.views.catalogue

    @catalogue.setter
    def catalogue(self, changed: Catalogue) -> None:
        self.views.catalogue = changed

    def handle(
        self,
        method: str,
        path: str,
        query: Query = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        """Answer one request. Where ``drop`` is set on the answer, the caller gets none: its connection breaks."""
        request = Request(
            method=method.upper(),
            path=path,
            query=parse_query(query),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body,
        )
        if path.startswith("/rest/"):
            response = self._faulty(request)
            self.calls.append(
                Record(
                    method=request.method,
                    path=path,
                    query=request.query,
                    status=response.status,
                    fault=response.fault,
                    at=self.clock(),
                )
            )
        else:
            response = self._local(request)
        for observer in self.observers:
            observer(request, response)
        return response

    def serve(self, port: int = 0, *, host: str = "127.0.0.1", deliver: bool = True) -> Serving:
        """Serve the site; port 0 takes a free one. The site's address becomes the one it is served at.

        With ``deliver`` webhooks are sent by a worker from now on; without, when the test says so.
        """
        serving = Serving(self.handle, host, port, stop=self.webhooks.stop)
        self.base_url = serving.url
        if deliver:
            self.webhooks.start()
        return serving

    def _faulty(self, request: Request) -> Response:
        fault = self.faults.for_call(request.method, request.path)
        if fault is None:
            return self._rest(request)
        answer = self._rest(request) if fault.commits else None
        if fault.kind == "delay":
            self._pause(fault.seconds)
        return spoiled(fault, answer)

    def _rest(self, request: Request) -> Response:
        try:
            actor = self._actor(request)
            answer, values = self._api.find(request.method, request.path)
            return self._run(lambda: answer(self.rooms, Call(request=request, actor=actor, values=values)))
        except Refusal as refusal:
            return refusal.response()

    def _local(self, request: Request) -> Response:
        """Pages and controls: for whoever sits at this machine, not for pages of other sites in their browser."""
        try:
            check_origin(request, self.base_url)
            router = self._control if request.path.startswith("/__") else self._pages
            answer, values = router.find(request.method, request.path)
            call = Call(request=request, actor="", values=values)
            return self._run(lambda: answer(self.rooms, call))
        except Declined as declined:
            return as_html(declined.render(), declined.status)
        except Refusal as refusal:
            return refusal.response() if request.path.startswith("/__") else pages.refused(self.rooms, refusal)

    def _run(self, work: Callable[[], Response]) -> Response:
        with self.store.transaction():
            response = work()
            changes = self.store.touched()
        self.index.note(changes)
        self.webhooks.wake()
        return response

    def _actor(self, request: Request) -> str:
        given = request.headers.get("authorization")
        if given is None:
            if request.path == api_site.OPEN:
                return ""
            raise Refusal(401, NO_ENTRY)
        scheme, _, secret = given.partition(" ")
        user = None
        if scheme.lower() == "bearer":
            user = self._owner(secret.strip())
        elif scheme.lower() == "basic":
            try:
                email, _, token = base64.b64decode(secret, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise Refusal(401, NO_ENTRY) from None
            owner = self._owner(token)
            user = owner if owner and owner.email.casefold() == email.casefold() else None
        if user is None or not user.active:
            raise Refusal(401, NO_ENTRY)
        return user.id

    def _owner(self, token: str) -> User | None:
        for user in self.catalogue.users:
            if user.token and compare_digest(user.token.encode(), token.encode()):
                return user
        return None
