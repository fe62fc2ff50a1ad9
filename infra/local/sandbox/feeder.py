"""The feeder: each sample through its real door, then a look whether it arrived where it should."""

from __future__ import annotations

import json
import re
import smtplib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.box import Sandbox
from sandbox.outbox import Sent
from sandbox.samples import Feeding, Sample, SampleError, signature
from sandbox.tickets import Tickets, request

PATIENCE = 20.0
JIRA_PATIENCE = 20.0


class NotArrivedError(Exception):
    """A sample did not come to what its manifest expects; the message says what is missing."""


@dataclass(slots=True, kw_only=True)
class Row:
    """What became of one sample; times in milliseconds from its receipt."""

    sample: Sample
    record: str = ""
    number: str = ""
    ticket_ms: float | None = None
    jira_ms: float | None = None
    note: str = ""
    trouble: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    process: str = ""
    key: str = ""


class Feeder:
    """Feeds the samples of `folder` to a sandbox, in their order."""

    def __init__(self, box: Sandbox, folder: Path, feeding: Feeding) -> None:
        self._box, self._folder, self._feeding = box, folder, feeding
        self._tickets = Tickets(box)
        self._rows: dict[str, Row] = {}

    def feed(self, samples: list[Sample]) -> list[Row]:
        """Feed all of them; a row each, with `trouble` where one did not arrive."""
        for sample in samples:
            row = self._rows[sample.name] = Row(sample=sample)
            try:
                self._one(sample, row)
            except (NotArrivedError, SampleError, TimeoutError, LookupError, OSError, smtplib.SMTPException) as error:
                row.trouble = str(error)
        for row in self._rows.values():
            self._complete(row)
        return list(self._rows.values())

    # --- sending

    def _one(self, sample: Sample, row: Row) -> None:
        facts, before = self._before(sample), set(self._tickets.numbers())
        path = self._folder / sample.file
        body = self._feeding.fill(path.read_bytes(), facts, encode=sample.send == "form")
        # What a dropped mail must not cause is counted from here.
        of = self._rows.get(str(sample.expect.get("of", "")))
        journal = len(self._tickets.comments(of.number)) if of and of.number else 0
        began = time.perf_counter()
        for _ in range(sample.times):
            self._send(sample, body, facts)
        self._look(sample, row, before, began, journal)
        if sample.approve:
            self._approve(row)

    def _before(self, sample: Sample) -> Mapping[str, str]:
        """What a sample needs to know of the one it comes after."""
        if not sample.after:
            return {}
        first = self._rows.get(sample.after)
        if first is None or not first.record:
            raise NotArrivedError(f"it comes after {sample.after}, which has no ticket")
        facts = {"number": first.number}
        raw = (self._folder / sample.file).read_bytes() + sample.mail_to.encode()
        if b"{{ack." in raw:
            ack = self._acknowledgement(first.number)
            facts |= {
                "ack.message_id": ack.message_id,
                "ack.reply_to": ack.header("Reply-To"),
                "ack.subject": ack.header("Subject"),
            }
        return facts

    def _acknowledgement(self, number: str) -> Sent:
        def look() -> Sent | None:
            return next((mail for mail in self._box.outbox.all() if f"[{number}]" in mail.header("Subject")), None)

        return self._found(look, f"the acknowledgement of {number}")

    def _found[T](self, look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        found = self._box.wait_for(look, patience, what)
        if found is None:
            raise NotArrivedError(f"{what} is missing")
        return found

    def _send(self, sample: Sample, body: bytes, facts: Mapping[str, str]) -> None:
        if sample.send == "mail":
            people = [self._feeding.fill(sample.mail_to.encode(), facts).decode()]
            with smtplib.SMTP("127.0.0.1", self._box.smtp.port, timeout=30) as client:
                client.sendmail(self._feeding.fill(sample.mail_from.encode(), facts).decode(), people, body)
        elif sample.send == "event":
            event = json.loads(body)
            self._box.event(event["source"], event["detail-type"], event["detail"], tuple(event["resources"]))
        else:
            self._post(sample, body)

    def _post(self, sample: Sample, body: bytes) -> None:
        headers = {"Content-Type": sample.content_type, "Accept": "application/json"}
        if sample.sign:
            secret = self._box.sources_secret()[sample.secret]
            headers |= signature(secret, f"{self._feeding.run}-{sample.name}", int(time.time()), body)
        path = f"/forms/{sample.form}" if sample.send == "form" else f"/intake/{sample.source}"
        answer = request(f"{self._box.front.url}{path}", "POST", body, headers)
        if answer.status >= 400:
            raise NotArrivedError(
                f"POST {path} answered {answer.status}: {answer.body[:500].decode('utf-8', 'replace')}"
            )

    # --- looking

    def _look(self, sample: Sample, row: Row, before: set[str], began: float, journal: int) -> None:
        outcome = sample.expect["outcome"]
        of = self._rows.get(str(sample.expect.get("of", "")))
        if outcome == "ticket":
            record = self._found(lambda: next(iter(set(self._tickets.numbers()) - before), ""), "the ticket")
            row.ticket_ms = (time.perf_counter() - began) * 1000
            row.record, row.number = record, self._tickets.numbers()[record]
            self._found(lambda: self._tickets.issue(record), f"the Jira issue of {row.number}", JIRA_PATIENCE)
            row.jira_ms = (time.perf_counter() - began) * 1000
        elif of is not None and of.number:
            row.record, row.number = of.record, of.number
            self._found(lambda: len(self._tickets.comments(of.number)) > journal, f"an entry on {of.number}")
            row.ticket_ms = (time.perf_counter() - began) * 1000
            self._check_entry(outcome, row)
        else:
            raise NotArrivedError(f"it belongs to {sample.expect.get('of')}, which has no ticket")
        self._settle()
        more = set(self._tickets.numbers()) - before - {row.record}
        if more:
            numbers = ", ".join(sorted(self._tickets.numbers()[one] for one in more))
            raise NotArrivedError(f"it made more than it should: {numbers}")

    def _check_entry(self, outcome: str, row: Row) -> None:
        entry = self._tickets.comments(row.number)[-1]
        if outcome == "comment" and not entry["public"]:
            raise NotArrivedError(f"its entry on {row.number} is for agents alone")
        if outcome == "dropped" and entry["public"]:
            raise NotArrivedError(f"it was dropped, and yet the requester sees it on {row.number}")
        row.note = {"comment": "comment on", "dropped": "recorded on", "recovered": "recovery of"}.get(outcome, outcome)

    def _settle(self) -> None:
        """Until no queue holds anything that waits or is at work."""
        self._found(self._box.quiet, "quiet in the queues")

    def _approve(self, row: Row) -> None:
        """Open the link in the approval mail and accept, as its reader would."""

        def link() -> str:
            texts = (
                mail.text for mail in reversed(self._box.outbox.all()) if f"[{row.number}]" in mail.header("Subject")
            )
            return next((hit[0] for text in texts if (hit := re.search(r"https?://\S+/approvals/\S+", text))), "")

        address = self._found(link, f"the approval mail of {row.number}")
        page = request(address)
        form = _Form()
        form.feed(page.body.decode())
        if page.status != 200 or not form.accept:
            raise NotArrivedError(
                f"the approval page of {row.number} answered {page.status} without a button to accept"
            )
        body = urlencode({**form.hidden, **form.accept}).encode()
        answer = request(address, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"})
        if answer.status != 200:
            raise NotArrivedError(f"the approval of {row.number} answered {answer.status}")
        row.note = "approved"

    def _complete(self, row: Row) -> None:
        """What the row shows at the end, and the expectations that only hold by then."""
        if not row.number:
            return
        expect = row.sample.expect
        try:
            if "state" in expect:
                reached = lambda: self._tickets.facts(row.number)["state"] == expect["state"]  # noqa: E731 - used once
                self._found(reached, f"{row.number} to become {expect['state']}")
            row.facts = self._tickets.facts(row.number)
            for field_ in ("practice", "group"):
                if field_ in expect:
                    same = lambda name=field_: self._tickets.facts(row.number)[name] == expect[name]  # noqa: E731
                    self._found(same, f"{row.number} to have the {field_} {expect[field_]}")
            row.facts = self._tickets.facts(row.number)
        except (TimeoutError, LookupError) as error:
            row.trouble = row.trouble or str(error)
        run, issue = self._tickets.process(row.number), self._tickets.issue(row.record)
        row.process = self._tickets.standing(run) if run else ""
        row.key = issue.key if issue else ""
        if row.sample.expect["outcome"] == "ticket" and run is None:
            row.trouble = row.trouble or f"{row.number} has no process"


class _Form(HTMLParser):
    """What a reader of the approval page has before them: hidden fields, and the button that accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.accept: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Inputs and buttons."""
        given = {name: value or "" for name, value in attrs}
        if given.get("type") == "hidden":
            self.hidden[given["name"]] = given["value"]
        elif tag in ("button", "input") and given.get("value", "").lower().startswith(("accept", "approve")):
            self.accept = {given["name"]: given["value"]}
