"""The sandbox's own pages: what runs, what was sent, where each process stands."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from sandbox import seams
from sandbox.gateway import HttpRequest, HttpResponse
from sandbox.process_page import process_page
from sandbox.tickets import Tickets
from sandbox.web_layout import page, rows, when
from sandbox.web_server import WebServer

if TYPE_CHECKING:
    from sandbox.box import Sandbox

LOCAL = {"127.0.0.1", "localhost"}
BODY_LIMIT = 64 * 1024
SHOWN = 200
LOG_BYTES = 64 * 1024


class Web:
    """A few pages to read; nothing here changes anything but a schedule that is fired by hand."""

    def __init__(self, listening: socket.socket, box: Sandbox) -> None:
        self._box, self._tickets = box, Tickets(box)
        self._server = WebServer("web", listening, self.handle, BODY_LIMIT)
        self.url = self._server.url
        self._pages: tuple[tuple[str, Callable[[str], HttpResponse]], ...] = (
            (r"/", self._home),
            (r"/outbox", self._outbox),
            (r"/outbox/(\d+)", self._mail),
            (r"/outbox/(\d+)\.eml", self._raw),
            (r"/processes", self._processes),
            (r"/processes/(.+)", self._process),
            (r"/logs/([\w-]+)", self._log),
        )

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    def ticket_link(self, number: str) -> str:
        """The requester's page of a ticket, from the mails that went out about it."""
        texts = (mail.text for mail in self._box.outbox.all() if f"[{number}]" in mail.header("Subject"))
        return next((hit[0] for text in texts if (hit := re.search(r"https?://\S+/tickets/\S+", text))), "")

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request of this machine."""
        # A foreign page whose name was made to point here must not read the mails (DNS rebinding).
        if urlsplit(f"//{request.headers.get('host', '')}").hostname not in LOCAL:
            return page("Not served here", "<p>This address is not served here.</p>", status=403)
        if request.method not in ("GET", "HEAD"):
            return page("Only to read", "<p>These pages are only to read.</p>", status=405)
        for pattern, answer in self._pages:
            found = re.fullmatch(pattern, unquote(request.path))
            if found:
                return answer(found[1] if found.groups() else "")
        return page("Not found", "<p>There is no such page.</p>", status=404)

    def _home(self, _: str) -> HttpResponse:
        box = self._box
        links = [
            ("Ask for something", f"{box.front.url}/forms/request"),
            ("Report an incident", f"{box.front.url}/forms/incident"),
            ("Plan a change", f"{box.front.url}/forms/change"),
            ("Jira", box.jira_url),
            ("Sent mail", "/outbox"),
            ("Processes", "/processes"),
        ]
        menu = "".join(f'<li><a href="{escape(address)}">{escape(name)}</a></li>' for name, address in links)
        queues: list[tuple[str, int, int]] = box.cloud.call(seams.queues)
        newest = list(self._tickets.numbers().items())[-20:]
        parts = [
            f"<ul class=links>{menu}</ul>",
            f"<p>Mail: <code>127.0.0.1:{box.smtp.port}</code>, for <code>@{escape(box.settings.mail_domain)}</code>;"
            f" or drop a file into <code>{escape(str(box.drop.folder))}</code>."
            f" AWS: <code>{escape(box.cloud.url)}</code>.</p>",
            "<h2>Newest tickets</h2>",
            rows(("Ticket", "Jira", "Process"), [self._ticket(record, number) for record, number in reversed(newest)]),
            "<h2>Functions</h2>",
            rows(
                ("Function", "Handler", "Log"),
                [
                    (
                        escape(one.name),
                        escape(f"{one.folder.name}/{one.handler}"),
                        f'<a href="/logs/{one.name}">log</a>',
                    )
                    for one in box.functions.all()
                ],
            ),
            "<h2>Queues</h2>",
            rows(("Queue", "Waiting", "At work"), [(escape(name), str(at), str(fly)) for name, at, fly in queues]),
            "<h2>Schedules</h2>",
            rows(("Rule", "When"), [(escape(one.name), escape(one.expression)) for one in box.schedules.all()]),
        ]
        return page("Sandbox", "".join(parts), here="/")

    def _ticket(self, record: str, number: str) -> tuple[str, ...]:
        link, issue = self.ticket_link(number), self._tickets.issue(record)
        run = self._tickets.process(number)
        shown = f'<a href="{escape(link)}">{escape(number)}</a>' if link else escape(number)
        jira = f'<a href="{escape(self._box.jira_url)}/browse/{issue.key}">{issue.key}</a>' if issue else "-"
        process = f'<a href="{_address(run.arn)}">{escape(self._tickets.standing(run))}</a>' if run else "-"
        return shown, jira, process

    def _outbox(self, _: str) -> HttpResponse:
        mails = self._box.outbox.all()[-SHOWN:]
        lines = [
            (
                escape(mail.header("Date")),
                escape(", ".join(mail.to)),
                f'<a href="/outbox/{mail.number}">{escape(mail.header("Subject"))}</a>',
            )
            for mail in reversed(mails)
        ]
        return page("Sent mail", rows(("Sent", "To", "Subject"), lines), here="/outbox")

    def _mail(self, number: str) -> HttpResponse:
        mail = next((one for one in self._box.outbox.all() if one.number == int(number)), None)
        if mail is None:
            return page("Not found", "<p>There is no such mail.</p>", status=404)
        heads = [(escape(name), escape(str(value))) for name, value in mail.message.items()]
        text = re.sub(r"(https?://[^\s<]+)", r'<a href="\1">\1</a>', escape(mail.text))
        body = (
            f'<p><a href="/outbox/{number}.eml">as it left</a></p>{rows(("Header", "Value"), heads)}<pre>{text}</pre>'
        )
        return page(mail.header("Subject"), body, here="/outbox")

    def _raw(self, number: str) -> HttpResponse:
        mail = next((one for one in self._box.outbox.all() if one.number == int(number)), None)
        if mail is None:
            return page("Not found", "<p>There is no such mail.</p>", status=404)
        return HttpResponse(status=200, headers={"content-type": "text/plain; charset=utf-8"}, body=mail.raw)

    def _processes(self, _: str) -> HttpResponse:
        lines = [
            (
                f'<a href="{_address(run.arn)}">{escape(run.name)}</a>',
                escape(run.machine_name),
                escape(self._tickets.standing(run)),
                when(run.started),
            )
            for run in self._tickets.runs()[:SHOWN]
        ]
        return page("Processes", rows(("Execution", "Process", "State", "Started"), lines), here="/processes")

    def _process(self, arn: str) -> HttpResponse:
        engine = self._box.engine
        run = next((one for one in self._tickets.runs() if one.arn == arn), None)
        if run is None:
            return page("Not found", "<p>There is no such execution.</p>", status=404)
        with engine.transaction():
            definition = json.loads(engine.machines.definition(run.definition))
        return page(run.name, process_page(run, definition, engine.history(arn)), here="/processes")

    def _log(self, name: str) -> HttpResponse:
        path = self._box.functions.log_of(name)
        if not path.is_file():
            return page("Not found", "<p>There is no such log.</p>", status=404)
        text = path.read_bytes()[-LOG_BYTES:].decode("utf-8", "replace")
        return page(name, f"<pre>{escape(text)}</pre>")


def _address(arn: str) -> str:
    return f"/processes/{quote(arn, safe=':')}"
