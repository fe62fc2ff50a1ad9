"""Envelope: a delivery of a machine as it came, kept so that it can be read again later."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from itsm.core.errors import MalformedError

PREFIX = "held/"
SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that are keys, not news; what was verified once is not verified again."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """One delivery of a source: its body, its headers by lower-case name, and when it came (epoch seconds)."""

    source: str
    body: bytes
    at: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """The blob it is kept as: by its content, so that the same delivery again is the same blob."""
        said = self.source.encode() + b"\0" + self.body
        return f"{PREFIX}{hashlib.sha256(said).hexdigest()}"

    def packed(self) -> bytes:
        """The envelope as a blob."""
        headers = {name: value for name, value in self.headers.items() if name not in SECRET}
        body = base64.b64encode(self.body).decode()
        return json.dumps({"source": self.source, "at": self.at, "headers": headers, "body": body}).encode()


def opened(raw: bytes) -> Envelope:
    """The envelope of a blob. Raises MalformedError."""
    try:
        held = json.loads(raw)
        body = base64.b64decode(held["body"], validate=True)
        return Envelope(source=held["source"], body=body, at=held["at"], headers=held["headers"])
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError("what was kept is no delivery of a source") from error
