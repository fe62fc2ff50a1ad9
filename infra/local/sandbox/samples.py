"""Samples: the manifest of what is fed, and filling the placeholders of one feeding."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

_PLACE = re.compile(rb"\{\{([a-z_.0-9]+)(?: (-?\d+))?\}\}")
KINDS = ("mail", "form", "webhook", "event")


class SampleError(Exception):
    """The manifest or a sample cannot be used; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample; the keys are explained at the top of samples.toml."""

    name: str
    what: str
    send: str
    file: str
    expect: Mapping[str, Any]
    form: str = ""
    source: str = ""
    content_type: str = ""
    mail_from: str = ""
    mail_to: str = ""
    times: int = 1
    after: str = ""
    sign: str = ""
    secret: str = ""
    approve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """One feeding: what `run` and the instants are, the same for every sample of it."""

    run: str
    start: datetime
    domain: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: bytes, facts: Mapping[str, str] | None = None, *, encode: bool = False) -> bytes:
        """`text` with its placeholders filled; `facts` are those of the sample it comes after. Raises SampleError."""
        known = {"run": self.run, "domain": self.domain, "desk": f"support@{self.domain}", **(facts or {})}

        def one(hit: re.Match[bytes]) -> bytes:
            name, seconds = hit[1].decode(), hit[2]
            value = known.get(name) if seconds is None else self._instant(name, int(seconds))
            if value is None:
                raise SampleError(f"{hit[0].decode()} cannot be filled")
            return (quote_plus(value) if encode else value).encode()

        return _PLACE.sub(one, text)

    def _instant(self, name: str, seconds: int) -> str | None:
        at = self.start + timedelta(seconds=seconds)
        shapes = {
            "rfc5322": lambda: format_datetime(at),
            "iso": lambda: at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "local": lambda: at.strftime("%Y-%m-%dT%H:%M"),
        }
        return shapes[name]() if name in shapes else None


def load(folder: Path) -> list[Sample]:
    """The manifest of a folder. Raises SampleError."""
    path = folder / "samples.toml"
    try:
        rows = tomllib.loads(path.read_text())["sample"]
        samples = [Sample(**row) for row in rows]
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise SampleError(f"{path}: {error}") from error
    for sample in samples:
        if sample.send not in KINDS:
            raise SampleError(f"{path}: {sample.name}: send is one of {', '.join(KINDS)}, not {sample.send}")
        if not (folder / sample.file).is_file():
            raise SampleError(f"{path}: {sample.name}: there is no {sample.file}")
    return samples


def signature(secret: str, identity: str, at: int, body: bytes) -> Mapping[str, str]:
    """The headers of a Standard Webhooks message (specification 1.0.0, "Signature scheme")."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identity}.{at}.".encode() + body
    mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": str(at), "webhook-signature": f"v1,{mark}"}


def now() -> datetime:
    """The instant a feeding starts, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
