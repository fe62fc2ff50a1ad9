"""Ports: all of the outside a door may reach; a deployment and the tests' fakes both are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from itsm.core.ports import Audit, Blobs, Bus, Holidays, Mail, Once, Processes, Queue, Records, Secrets

if TYPE_CHECKING:
    from itsm.jira.issues import Issues
    from itsm.runtime.policies import Policies


class Ports(Protocol):
    """The outside as a door sees it."""

    def now(self) -> int:
        """Whole seconds since the epoch, UTC."""

    def moment(self) -> float:
        """Now with its fraction of a second, for what is sent into a queue; what is decided goes by `now`."""

    def wait(self, until: int) -> None:
        """Stand still until an instant, for a second at most."""

    def token(self) -> str:
        """A new random token, safe in a URL."""

    def fetch(self, address: str) -> bytes:
        """What Amazon SNS publishes at an address of its own. Raises UnauthenticatedError for any other address."""

    def feed(self, address: str) -> bytes:
        """What a feed of holidays says at its address. Raises OutsideError when it cannot be had within its bounds."""

    def address(self, name: str) -> str:
        """An address the templates set, "" where this function has none."""

    @property
    def records(self) -> Records:
        """The record store."""

    @property
    def audit(self) -> Audit:
        """The audit trail."""

    @property
    def bus(self) -> Bus:
        """The event bus."""

    @property
    def processes(self) -> Processes:
        """The state machines."""

    @property
    def timers(self) -> Queue:
        """The queue deadlines wait in for their second."""

    @property
    def nudges(self) -> Queue:
        """The queue of links that may have changed."""

    @property
    def blobs(self) -> Blobs:
        """Raw mail, long texts and attachments."""

    @property
    def holidays(self) -> Holidays:
        """The days that feeds close."""

    @property
    def mail(self) -> Mail:
        """Outgoing mail."""

    @property
    def once(self) -> Once:
        """Short-lived uses."""

    @property
    def secrets(self) -> Secrets:
        """Secrets by the name the product uses."""

    @property
    def issues(self) -> Issues | None:
        """Jira, None where this deployment has none."""

    @property
    def policies(self) -> Policies:
        """The organisation, as its owners set it."""

    @property
    def link_secret(self) -> bytes:
        """The secret that signs links and reply addresses."""
