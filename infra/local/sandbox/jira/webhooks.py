"""Webhooks: every event signed, queued with the change that raised it, and delivered with Jira's retries."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from http.client import HTTPException
from threading import Condition, RLock, Thread
from urllib.error import HTTPError
from urllib.request import Request as Call
from urllib.request import urlopen

from sandbox.jira.faults import Faults
from sandbox.jira.messages import Json
from sandbox.jira.model import Delivery, stamp
from sandbox.jira.store import Store

MAX_RETRIES = 5
RETRY_ON = {408, 409, 425, 429}
"""With 5xx and no answer at all, the only outcomes Jira Cloud tries again after (its webhooks, "Retry policy")."""
DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each retry; Jira takes 5 to 15 minutes, nobody waits so long at a sandbox."""
OVERTAKEN_WITHIN = 5.0
KEPT = 500

type Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A receiver: where, the secret it is signed with, and which events (globs)."""

    url: str
    secret: str
    events: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        if not self.secret:
            raise ValueError(f"the webhook to {self.url} has no secret: an unsigned webhook proves nothing")


def signature(secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature`` (WebSub, section 7; Jira Cloud, "Secure admin webhooks")."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send one webhook and return the answer's status. Raises OSError or HTTPException when there is none."""
    if not url.startswith(("http://", "https://")):
        raise OSError(f"{url} is no web address")
    try:
        with urlopen(Call(url, data=body, headers=dict(headers), method="POST"), timeout=20) as answer:  # noqa: S310 - checked above
            return int(answer.status)
    except HTTPError as refused:
        refused.close()
        return refused.code


class Webhooks:
    """The queue of deliveries and who empties it: a worker thread (``start``), or the caller (``pump``, ``drain``)."""

    def __init__(
        self,
        *,
        store: Store,
        hooks: Sequence[Hook],
        faults: Faults,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        send: Post = post,
        delays: Sequence[float] = DELAYS,
    ) -> None:
        self.hooks = list(hooks)
        self._store = store
        self._faults = faults
        self._now = now
        self._new_id = new_id
        self._send = send
        self._delays = tuple(delays)[:MAX_RETRIES]
        self._sending = RLock()
        self._woken = Condition()
        self._worker: Thread | None = None
        self._stopping = False

    def raise_event(self, event: str, *, about: str, payload: Json, flow: str = "Primary") -> None:
        """Queue an event for every hook that wants it, in the transaction of the change it tells of."""
        now = stamp(self._now())
        for number, hook in enumerate(self.hooks):
            if any(fnmatchcase(event, wanted) for wanted in hook.events):
                body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
                self._store.put(
                    Delivery(
                        id=self._new_id(),
                        hook=number,
                        event=event,
                        about=about,
                        body=body,
                        created=now,
                        due=now,
                        flow=flow,
                    )
                )

    def deliveries(self) -> list[Delivery]:
        """What is queued and what became of the last deliveries, oldest first."""
        return self._store.all(Delivery)

    def queued(self) -> list[Delivery]:
        """What is still to be delivered, in the order it is due."""
        return sorted((entry for entry in self.deliveries() if entry.state == "queued"), key=lambda entry: entry.due)

    def pump(self) -> int:
        """Deliver what is due now; returns the number of attempts. Retries stay queued until they are due."""
        attempts = 0
        with self._sending:
            while (queue := self.queued()) and datetime.fromisoformat(queue[0].due) <= self._now():
                self._attempt(queue[0])
                attempts += 1
        return attempts

    def drain(self) -> int:
        """Deliver everything, retries included, as if their delays had passed; returns the number of attempts."""
        attempts = 0
        with self._sending:
            while queue := self.queued():
                self._attempt(queue[0])
                attempts += 1
        return attempts

    def start(self) -> None:
        """Deliver from a worker thread from now on."""
        if self._worker is None:
            self._stopping = False
            self._worker = Thread(target=self._work, name="jira-webhooks", daemon=True)
            self._worker.start()

    def stop(self) -> None:
        """End the worker; what is queued stays queued."""
        if self._worker is not None:
            self._stopping = True
            self.wake()
            self._worker.join()
            self._worker = None

    def wake(self) -> None:
        """Tell the worker that there is something to do."""
        with self._woken:
            self._woken.notify_all()

    def _work(self) -> None:
        while not self._stopping:
            self.pump()
            with self._woken:
                # Half a second, so that a clock moved by hand is noticed too.
                if not self._stopping and not any(
                    datetime.fromisoformat(entry.due) <= self._now() for entry in self.queued()
                ):
                    self._woken.wait(0.5 if self.queued() else None)

    def _attempt(self, delivery: Delivery) -> None:
        fault = self._faults.for_webhook(delivery.event) if delivery.attempt == 0 and not delivery.outcomes else None
        if fault and fault.kind == "drop":
            self._keep(replace(delivery, state="dropped", outcomes=["dropped by a scripted fault"]))
        elif fault and fault.kind in ("reorder", "delay_webhook"):
            wait = OVERTAKEN_WITHIN if fault.kind == "reorder" else fault.seconds
            self._keep(
                replace(delivery, due=self._later(wait), outcomes=[f"held back by a scripted fault: {fault.kind}"])
            )
        else:
            outcome = self._deliver(delivery)
            if fault and fault.kind == "duplicate":
                identifier = self._new_id() if fault.new_identifier else delivery.id
                outcome += f", again: {self._deliver(replace(delivery, id=identifier))}"
            self._keep(self._after(delivery, outcome))

    def _deliver(self, delivery: Delivery) -> str:
        hook = self.hooks[delivery.hook]
        body = delivery.body.encode()
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian HttpClient (sandbox stand-in)",
            "X-Hub-Signature": signature(hook.secret, body),
            "X-Atlassian-Webhook-Identifier": delivery.id,
            "X-Atlassian-Webhook-Flow": delivery.flow,
        }
        if delivery.attempt:
            headers["X-Atlassian-Webhook-Retry"] = str(delivery.attempt)
        try:
            return str(self._send(hook.url, body, headers))
        except (OSError, HTTPException) as failure:
            return f"no answer: {type(failure).__name__}"

    def _after(self, delivery: Delivery, outcome: str) -> Delivery:
        first = outcome.partition(",")[0]
        status = int(first) if first.isdigit() else 0
        outcomes = [*delivery.outcomes, outcome]
        if 200 <= status < 300:
            return replace(delivery, state="delivered", outcomes=outcomes)
        if status and status not in RETRY_ON and status < 500:
            return replace(delivery, state="refused", outcomes=outcomes)
        if delivery.attempt >= len(self._delays):
            return replace(delivery, state="lost", outcomes=outcomes)
        due = self._later(self._delays[delivery.attempt])
        return replace(delivery, attempt=delivery.attempt + 1, due=due, outcomes=outcomes)

    def _later(self, seconds: float) -> str:
        return stamp(self._now() + timedelta(seconds=seconds))

    def _keep(self, delivery: Delivery) -> None:
        with self._store.transaction():
            self._store.put(delivery)
            finished = [entry for entry in self.deliveries() if entry.state != "queued"]
            for old in finished[: max(0, len(finished) - KEPT)]:
                self._store.delete(old)
