"""Deployment: the ports of the AWS account this runs in, each made at its first use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from itsm.core.ports import Audit, Blobs, Bus, Holidays, Once, Processes, Queue, Records, Secrets
from itsm.core.ports import Mail as MailPort

if TYPE_CHECKING:
    from itsm.aws.models import Tables
    from itsm.aws.once import Once as Uses
    from itsm.jira.issues import Issues
    from itsm.runtime.policies import Policies

PROCESS_PREFIX = "PROCESS_"


class Deployment:
    """The `Ports` of one deployment. `environment` is what templates set, `now` gives epoch seconds, `sleep` waits."""

    def __init__(
        self,
        environment: Mapping[str, str],
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.environment = environment
        self._now, self._sleep = now or time.time, sleep or time.sleep

    def now(self) -> int:
        """Whole seconds since the epoch, UTC."""
        return int(self._now())

    def moment(self) -> float:
        """Now with its fraction of a second."""
        return self._now()

    def wait(self, until: int) -> None:
        """Stand still until an instant, for a second at most: what a clock that was set back asks for is not paid."""
        self._sleep(min(1.0, max(0.0, until - self._now())))

    def token(self) -> str:
        """128 random bits, safe in a URL."""
        return secrets.token_urlsafe(16)

    def fetch(self, address: str) -> bytes:
        """What Amazon SNS publishes at an address of its own."""
        from itsm.aws.sns import fetched

        return fetched(address)

    def feed(self, address: str) -> bytes:
        """What a feed of holidays says at its address."""
        from itsm.runtime.download import public

        return public(address)

    def address(self, name: str) -> str:
        """An address the templates set, "" where this function has none."""
        return self.environment.get(name, "")

    def _client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        settings = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
        if service == "s3":
            # Links to what a key of KMS encrypts are refused unless signed so, and only by the bucket's own region.
            settings = settings.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
        make: Callable[..., Any] = boto3.client
        return make(service, config=settings)

    @cached_property
    def _tables(self) -> Tables:
        from itsm.aws.models import tables

        return tables(
            records=self.address("RECORDS_TABLE"),
            audit=self.address("AUDIT_TABLE"),
            ephemeral=self.address("EPHEMERAL_TABLE"),
            region=self.address("AWS_REGION") or "us-east-1",
        )

    @cached_property
    def records(self) -> Records:
        """The record store."""
        from itsm.aws.numbers import Numbers
        from itsm.aws.records import Records as Store

        return Store(self._tables, self.address("AWS_REGION") or "us-east-1", Numbers(self._tables))

    @cached_property
    def audit(self) -> Audit:
        """The audit trail."""
        from itsm.aws.audit import Audit as Trail

        return Trail(self._tables)

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from itsm.aws.bus import Bus as EventBridge

        return EventBridge(self._client("events"), self.address("BUS_NAME"))

    @cached_property
    def processes(self) -> Processes:
        """The state machines."""
        from itsm.aws.bus import Processes as StepFunctions

        arns = {
            name.removeprefix(PROCESS_PREFIX).lower().replace("_", "-"): arn
            for name, arn in self.environment.items()
            if name.startswith(PROCESS_PREFIX)
        }
        return StepFunctions(self._client("stepfunctions"), arns)

    @cached_property
    def timers(self) -> Queue:
        """The queue deadlines wait in for their second."""
        return self._queue("TIMER_QUEUE_URL")

    @cached_property
    def nudges(self) -> Queue:
        """The queue of links that may have changed."""
        return self._queue("JIRA_QUEUE_URL")

    def _queue(self, name: str) -> Queue:
        from itsm.aws.bus import Queue as Sqs

        return Sqs(self._client("sqs"), self.address(name))

    @cached_property
    def blobs(self) -> Blobs:
        """Raw mail, long texts and attachments."""
        from itsm.aws.blobs import Blobs as Bucket

        return Bucket(self._client("s3"), self.address("BLOB_BUCKET"))

    @cached_property
    def holidays(self) -> Holidays:
        """The days that feeds close."""
        from itsm.aws.holidays import Holidays as Kept

        return Kept(self._tables)

    @cached_property
    def _uses(self) -> Uses:
        from itsm.aws.once import Once as Uses

        return Uses(self._tables, self.now)

    @cached_property
    def once(self) -> Once:
        """Short-lived uses."""
        return self._uses

    @cached_property
    def mail(self) -> MailPort:
        """Outgoing mail."""
        from functools import partial

        from itsm.aws.mail import Mail
        from itsm.service_desk.outgoing import to_mime

        return Mail(self._client("sesv2"), self._uses, partial(to_mime, from_=self.address("MAIL_FROM")))

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets by the name the product uses."""
        from itsm.aws.secrets import Secrets as Manager

        arns = {name: self.address(f"{name.upper()}_SECRET_ARN") for name in ("link", "sources", "jira")}
        return Manager(self._client("secretsmanager"), arns, self.now)

    @cached_property
    def issues(self) -> Issues | None:
        """Jira as its service account; connected at the first call."""
        url = self.address("JIRA_URL")
        if not url:
            return None
        from itsm.jira.address import allowed
        from itsm.jira.client import Client

        secret = self.secrets.get("jira")
        return Client(allowed(url, self.policies.jira.hosts), secret["email"], secret["token"], now=self.now)

    @cached_property
    def policies(self) -> Policies:
        """The organisation, as its owners set it."""
        from itsm.runtime.holidays import Known
        from itsm.runtime.policies import Policies

        return Policies(newer=Known(lambda: self.holidays, self.now))

    @property
    def link_secret(self) -> bytes:
        """The secret that signs links and reply addresses."""
        return self.secrets.get("link")["current"].encode()
