"""The sandbox as one object: everything it runs, brought up in order and taken down again."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox import object_seams, seams
from sandbox.aws_doors import AwsDoors
from sandbox.cloud import Cloud
from sandbox.front import Front
from sandbox.functions import Functions
from sandbox.jira import Hook, JiraSite
from sandbox.lifting import jira_site, processes
from sandbox.listening import alone_in, listen
from sandbox.mailbox import DropFolder, Mailbox, SmtpDoor
from sandbox.making import Making
from sandbox.nursery import Nursery
from sandbox.oidc import AUDIENCE, Issuer
from sandbox.outbox import Outbox
from sandbox.own_secrets import own_secrets
from sandbox.progress import Say, step
from sandbox.reloading import Reloading
from sandbox.scanner import Scanner
from sandbox.schedules import Schedules
from sandbox.settings import CREDENTIALS, REGION, Settings, worker_environment
from sandbox.snapshots import Snapshots
from sandbox.sources import Sources
from sandbox.stacks import Stacks
from sandbox.states.engine import Engine
from sandbox.states.front import Front as StatesFront
from sandbox.web import Web

STACK = "itsm"
ADDRESSES = "addresses.json"
"""Where the sandbox of a directory was last to be found."""

_one = threading.Lock()


def new_id() -> str:
    """An id nobody can guess."""
    return str(uuid.uuid4())


class Sandbox:
    """The whole product on this machine: `with Sandbox(settings) as box:`, one at a time in a process.

    `say(step, milliseconds)` is told of every step. Raises PortTakenError, TemplateError, StackError on the way up.
    """

    engine: Engine
    jira: JiraSite
    smtp: SmtpDoor
    web: Web

    def __init__(self, settings: Settings, say: Say = lambda step, ms: None) -> None:
        self.settings, self._say = settings, say
        self._clock = time.time
        self._stack = ExitStack()
        self.record: dict[str, dict[str, Any]] = {}
        self.positions: dict[str, int] = {}
        self.outputs: Mapping[str, str] = {}
        settings.directory.mkdir(parents=True, exist_ok=True)
        self.secrets = own_secrets(settings.directory / "secrets.json", settings.root)

    def __enter__(self) -> Self:
        if not _one.acquire(blocking=False):
            raise RuntimeError("another sandbox runs in this process; the emulated services know one at a time")
        with ExitStack() as stack:
            self._stack = stack
            stack.callback(_one.release)
            stack.enter_context(alone_in(self.settings.directory))
            self._lift()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- what a test or the feeder wants of it

    def client(self, service: str) -> Any:
        """A boto3 client of this sandbox."""
        import boto3

        return boto3.client(
            service,  # type: ignore[call-overload]  # any service, by name
            endpoint_url=self.cloud.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def wait_for[T](self, look: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
        """The first truthy value of `look`. Raises TimeoutError after `timeout` seconds, saying `what` was awaited."""
        end = time.monotonic() + timeout
        while not (found := look()):
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{what or 'what was awaited'} has not come within {timeout} s; see {self.settings.logs}"
                )
            time.sleep(0.01)
        return found

    def token(self, subject: str, **claims: Any) -> str:
        """A token of the sandbox's identity provider."""
        return self.issuer.token(subject, **claims)

    def event(self, source: str, kind: str, detail: Mapping[str, Any], resources: tuple[str, ...] = ()) -> None:
        """Put an event on the default bus as the AWS service `source` would."""
        self.cloud.call(lambda: seams.put_event(source, kind, json.dumps(detail), resources))
        self.snapshots.touch()

    def hurry(self, queue: str) -> None:
        """Let what is delayed or invisible in a queue (by its logical id) come now. Raises KeyError."""
        self.cloud.call(lambda: seams.hurry(self.stacks.find(queue) or ""))

    def quiet(self) -> bool:
        """Whether no queue and no stream has anything left to do at this moment."""
        return self.cloud.call(self.sources.quiet)

    def sources_secret(self) -> Mapping[str, str]:
        """The signing secrets of the intake sources."""
        return self.secrets["sources"]

    # --- the way up

    def _lift(self) -> None:
        settings = self.settings
        settings.logs.mkdir(parents=True, exist_ok=True)
        ports, sockets = settings.ports, dict[str, socket.socket]()
        for name, purpose in (
            ("http", "the HTTP API"), ("smtp", "SMTP"), ("jira", "the stand-in Jira"), ("aws", "the AWS endpoint"),
            ("web", "the sandbox's own pages"),
        ):  # fmt: skip
            sockets[name] = listen(getattr(ports, name), purpose, f"{name.upper()}_PORT")
            self._stack.callback(sockets[name].close)
        self.nursery = Nursery(settings.logs / "nursery.log")
        self._stack.callback(self.nursery.close)
        self._serve_aws(sockets["aws"])
        with step(self._say, "front, processes, Jira"):
            self._serve_front(sockets["http"])
            self._serve_jira(sockets["jira"])
        self._deploy()
        self._open_doors(sockets["smtp"], sockets["web"])
        addresses = {"http": self.front.url, "jira": self.jira_url, "aws": self.cloud.url, "web": self.web.url}
        (settings.directory / ADDRESSES).write_text(json.dumps(addresses | {"smtp_port": self.smtp.port}))

    def _serve_aws(self, listening: socket.socket) -> None:
        with step(self._say, "AWS services") as about:
            directory = self.settings.directory
            self.outbox = Outbox(directory / "outbox", self._clock, new_id)
            self.cloud = Cloud(listening, directory / "objects", self._intercept)
            self.cloud.load()
            self.snapshots = Snapshots(self.cloud, directory / "aws.json", self._extra)
            kept = self.snapshots.load()
            self.record.update(kept.get("stacks", {}))
            self.positions.update(kept.get("positions", {}))
            self.cloud.start()
            self._stack.callback(self.cloud.close)
            about.append(f"at {self.cloud.url}" + (", state found" if kept else ""))
            self.functions = Functions(
                self.nursery,
                worker_environment(self.cloud.url),
                root=self.settings.root,
                logs=self.settings.logs,
                ids=new_id,
            )

    def _serve_front(self, listening: socket.socket) -> None:
        self.sources = Sources(self.functions, self.cloud.call, self.positions)
        # Saved when everything that changes something has come to rest: above it on the stack.
        self._stack.callback(self.snapshots.close)
        self.issuer = Issuer(self.settings.directory / "oidc-key.pem", self._clock)
        journal = self.settings.directory / "processes.db"
        if self.snapshots.put_back(journal):
            self._say("the last run was killed: processes go back to the instant of the records", 0.0)
        self.processes = processes(journal, self.functions, new_id, self._status)
        self.snapshots.copy = self.processes.copy
        self._stack.callback(self.processes.close)
        self._stack.callback(self.snapshots.rest)
        self.front = Front(
            listening, call=self.functions.call, issuer=self.issuer, ids=new_id, clock=self._clock,
            settle=self.snapshots.settle,
        )  # fmt: skip
        self._stack.callback(self.front.stop)
        self.engine = self.processes.engine
        self.doors = AwsDoors(self.functions, StatesFront(self.engine), self.outbox, new_id, self.snapshots.touch)
        self.schedules = Schedules(self._clock, self.cloud.call)
        self.scanner = Scanner(self.cloud.call, self.event, self.functions.spawn)
        self._stack.callback(self.scanner.close)
        object_seams.events_of_objects()
        seams.to_functions(self.scanner.hand)
        seams.to_processes(lambda arn, text: self._start_process(arn, text))

    def _serve_jira(self, listening: socket.socket) -> None:
        hook = Hook(url=f"{self.front.url}/jira/webhook", secret=self.secrets["jira"]["webhook"])
        self.jira, serving = jira_site(self.settings.directory / "jira.db", listening, hook, new_id)
        self.jira_url = serving.url
        self._stack.callback(self.jira.store.close)
        self._stack.callback(serving.stop)

    def _deploy(self) -> None:
        making = Making(
            self.settings.root, functions=self.functions, front=self.front, engine=self.engine, sources=self.sources,
            schedules=self.schedules, scanner=self.scanner, say=lambda text: self._say(text, 0.0),
        )  # fmt: skip
        self.stacks = Stacks(self.settings.root, making, self.record, self._say)
        self.outputs = self.stacks.deploy(STACK, self.settings.stack, self._parameters())
        self.processes.start()

    def _open_doors(self, smtp: socket.socket, web: socket.socket) -> None:
        with step(self._say, "doors open"):
            self.snapshots.start()
            self.sources.start()
            self._stack.callback(self.sources.close)
            self.schedules.start()
            self.scanner.start()
            self._stack.callback(self.schedules.close)
            self.front.start()
            self.mailbox = Mailbox(
                self.settings.mail_domain, self.stacks.find("BlobBucket") or "", store=self._store,
                announce=self._announce, ids=new_id, clock=self._clock,
            )  # fmt: skip
            self.smtp = SmtpDoor(smtp, self.mailbox)
            self.smtp.start()
            self._stack.callback(self.smtp.stop)
            fallback = f"support@{self.settings.mail_domain}"
            self.drop = DropFolder(self.settings.directory / "mail", self.mailbox, fallback)
            self.drop.start()
            self._stack.callback(self.drop.stop)
            self.web = Web(web, self)
            self.web.start()
            self._stack.callback(self.web.stop)
            if self.settings.watch:
                reloading = Reloading(self.functions.folders, self._reloaded)
                reloading.start()
                self._stack.callback(reloading.stop)

    # --- parts

    def _parameters(self) -> Mapping[str, str]:
        with_arns = {
            f"{name.capitalize()}SecretArn": self.cloud.call(
                lambda name=name: seams.put_secret(f"sandbox/{name}", json.dumps(self.secrets[name]))  # type: ignore[misc]  # bound now
            )
            for name in ("sources", "jira")
        }
        return {
            "MailDomain": self.settings.mail_domain,
            "JiraSite": self.jira_url,
            "OidcIssuer": self.front.url,
            "OidcAudience": AUDIENCE,
            "Architecture": "x86_64",
            **with_arns,
            **self.settings.parameters,
        }

    def _intercept(self, method: str, path: str, headers: Mapping[str, str]) -> Any:
        return self.doors.intercept(method, path, headers)

    def _extra(self) -> Mapping[str, Any]:
        self.sources.trim()
        return {"stacks": self.record, "positions": dict(self.positions)}

    def _store(self, key: str, raw: bytes) -> None:
        bucket = self.stacks.find("BlobBucket")
        put = urllib.request.Request(f"{self.cloud.url}/{bucket}/{key}", data=raw, method="PUT")  # noqa: S310 - our own
        with urllib.request.urlopen(put, timeout=30):  # noqa: S310 - our own
            return

    def _announce(self, text: str) -> None:
        """The notification is queued and the queue on disk before the sender hears 250."""
        topic = self.stacks.find("MailTopic") or ""
        self.cloud.call(lambda: seams.publish(topic, text, "Amazon SES Email Receipt Notification"))
        self.snapshots.settle()

    def _reloaded(self, paths: list[Path]) -> None:
        self.functions.reload()
        named = ", ".join(path.relative_to(self.settings.root).as_posix() for path in paths[:3])
        self._say(f"functions load anew: {named}{' and more' if len(paths) > 3 else ''}", 0.0)

    def _start_process(self, arn: str, text: str) -> None:
        self.engine.start_with_text(arn, text)

    def _status(self, detail: Mapping[str, Any]) -> None:
        """Step Functions tells the default bus of every execution that starts or ends."""
        self.event("aws.states", "Step Functions Execution Status Change", detail, (str(detail["executionArn"]),))
