"""Client: Jira Cloud over the `jira` library, built to repeat nothing, guess nothing, and never hang."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from itsm.core.errors import AmbiguousError, InvalidInputError, OutsideError
from itsm.core.events import Json
from itsm.jira import wire
from itsm.jira.answers import checked
from itsm.jira.issues import PROOF, Document, Draft, Found, Issue, Said, Told, Transition

if TYPE_CHECKING:
    from jira import JIRA

TIMEOUT = (3.05, 10.0)
"""Seconds to connect and to wait for bytes; the library's own default is to wait for ever."""
IDLE = 5
"""Seconds after which a kept connection is not trusted: one that died while we slept would lose a request's fate."""
PAGE = 100
MAX_PAGES = 60
"""Jira Cloud keeps at most 5,000 comments on an issue."""


class Client:
    """The `Issues` protocol on Jira Cloud's REST API v3, as a service account with an API token.

    `url` is an address that `address.allowed` let through. Nothing is connected before the first call.
    """

    def __init__(
        self, url: str, email: str, token: str, *, now: Callable[[], int], timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self._url, self._email, self._token, self._now = url.rstrip("/"), email, token, now
        self._timeout, self._used_at = timeout, 0

    @cached_property
    def _jira(self) -> JIRA:
        from jira import JIRA

        # Without these the library probes the server, repeats POSTs (one lost answer: four issues) and has no timeout.
        headers = {"User-Agent": "itsm", "Accept": "application/json"}
        return JIRA(
            self._url,
            options={"rest_api_version": "3", "check_update": False, "headers": headers},
            basic_auth=(self._email, self._token),
            get_server_info=False,
            max_retries=0,
            timeout=self._timeout,
            logging=False,
        )

    def create(self, draft: Draft) -> str:
        """POST issue with its proof: one request, one issue."""
        answer = self._ask("POST", "issue", body=wire.new_issue(draft), once=True)
        return _text(answer, "id")

    def get(self, issue: str) -> Issue:
        """GET issue with property and changelog."""
        asked = {"fields": wire.FIELDS, "properties": PROOF, "expand": "changelog"}
        return wire.issue(self._ask("GET", f"issue/{_id(issue)}", asked))

    def labelled(self, label: str) -> tuple[Found, ...]:
        """GET search/jql by label."""
        return self._search(f'labels = "{_id(label)}"')

    def changed(self, projects: Sequence[str], minutes: int) -> tuple[Found, ...]:
        """GET search/jql by update time; JQL knows whole minutes."""
        keys = ", ".join(f'"{_id(key)}"' for key in sorted(set(projects)))
        return self._search(f"project in ({keys}) AND updated >= -{int(minutes)}m") if keys else ()

    def edit(
        self,
        issue: str,
        fields: Mapping[str, str],
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        clocks: Told | None = None,
    ) -> None:
        """PUT issue: setting the same twice is the same, so a lost answer is no danger."""
        self._ask("PUT", f"issue/{_id(issue)}", body=wire.change(fields, add, remove, clocks))

    def transitions(self, issue: str) -> tuple[Transition, ...]:
        """GET transitions with the fields of their screens."""
        answer = self._ask("GET", f"issue/{_id(issue)}/transitions", {"expand": "transitions.fields"})
        return wire.transitions(answer)

    def transition(self, issue: str, transition: str, fields: Mapping[str, Json]) -> None:
        """POST transitions; the id goes as a string, as the API wants it (the library sends a number)."""
        body: dict[str, Any] = {"transition": {"id": transition}}
        if fields:
            body["fields"] = dict(fields)
        self._ask("POST", f"issue/{_id(issue)}/transitions", body=body, once=True)

    def comments(self, issue: str) -> tuple[Said, ...]:
        """GET comment, all pages."""
        found: dict[str, Said] = {}
        for page in range(MAX_PAGES):
            asked = {"startAt": str(page * PAGE), "maxResults": str(PAGE), "orderBy": "created", "expand": "properties"}
            answer = self._ask("GET", f"issue/{_id(issue)}/comment", asked)
            entries, total = wire.comments(answer)
            found |= {entry.id: entry for entry in entries}
            if not entries or (page + 1) * PAGE >= total:
                return tuple(found.values())
        raise OutsideError("the issue has more comments than Jira says it keeps")

    def comment(self, issue: str, body: Document, ours: str, public: bool) -> str:
        """POST comment with its proof and visibility."""
        properties = [
            {"key": PROOF, "value": {"comment": ours}},
            {"key": "sd.public.comment", "value": {"internal": not public}},
        ]
        said = {"body": body, "properties": properties}
        answer = self._ask("POST", f"issue/{_id(issue)}/comment", body=said, once=True)
        return _text(answer, "id")

    def account(self, email: str) -> str | None:
        """GET user/search; exactly one active account with exactly this address, or nobody: never a similar one."""
        answer = self._ask("GET", "user/search", {"query": email, "maxResults": "10"})
        return wire.account(answer, email)

    def _search(self, query: str) -> tuple[Found, ...]:
        found: list[Found] = []
        token = ""
        for _ in range(MAX_PAGES):
            asked = {"jql": query, "fields": "labels", "maxResults": str(PAGE)}
            if token:
                asked["nextPageToken"] = token
            answer = self._ask("GET", "search/jql", asked)
            found += wire.found(answer)
            token = str(answer.get("nextPageToken") or "") if isinstance(answer, Mapping) else ""
            if not token:
                break
        return tuple(found)

    def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, body: object = None, once: bool = False
    ) -> Any:
        """One request, one answer. `once`: carrying it out twice would show, so an unknown fate is Ambiguous."""
        from requests import Session
        from requests.exceptions import ConnectionError as NoConnectionError
        from requests.exceptions import ConnectTimeout, RequestException

        session = self._jira._session
        if self._now() - self._used_at > IDLE:
            session.close()
        lost = AmbiguousError if once else OutsideError
        try:
            # Session.request itself: the library's override reads every error's body as an object, and fails on others.
            # No redirects: they would carry the request to an address nobody allowed.
            answer = Session.request(
                session,
                method,
                f"{self._url}/rest/api/3/{path}",
                params=dict(query or {}),
                data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except ConnectTimeout as error:
            raise OutsideError("Jira could not be reached") from error
        except NoConnectionError as error:
            if _never_sent(error):
                raise OutsideError("Jira could not be reached") from error
            raise lost("the connection to Jira broke before it answered") from error
        except RequestException as error:
            raise lost(f"Jira's answer did not come whole ({type(error).__name__})") from error
        self._used_at = self._now()
        return checked(answer.status_code, answer.headers, answer.content, once=once, now=self._now())


def _never_sent(error: BaseException) -> bool:
    """Whether no connection was made at all, so that Jira cannot have acted."""
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _text(answer: object, name: str) -> str:
    """An id from the answer to a request that made something; without it, what was made has to be looked for."""
    value = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(value, str) or not value:
        raise AmbiguousError("Jira's answer does not say what it made")
    return value


def _id(value: str) -> str:
    """An id, key or label that may stand in a path or a query. Raises InvalidInputError for any other."""
    if not value or not all(char.isascii() and (char.isalnum() or char in "-_") for char in value):
        raise InvalidInputError("issue", f"{value[:40]!r} is no id, key or label of Jira's")
    return value
