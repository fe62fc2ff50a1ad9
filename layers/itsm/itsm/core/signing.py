"""Signing: links and reply addresses that only this installation can have made."""

import base64
import hashlib
import hmac

from itsm.core.errors import GoneError, UnauthenticatedError

MAC_CHARS = 26


def _mac(secret: bytes, purpose: str, payload: str) -> str:
    raw = hmac.new(secret, f"{purpose}\0{payload}".encode(), hashlib.sha256).digest()
    return base64.b32encode(raw)[:MAC_CHARS].decode().lower()


def sign(secret: bytes, purpose: str, payload: str) -> str:
    """`payload.mac`, lower case, safe in a URL and a mail address; the MAC is 130 bits of HMAC-SHA256 (RFC 2104).

    `purpose` keeps a link of one kind from opening another door. `payload` holds [a-z0-9.-] only.
    """
    return f"{payload}.{_mac(secret, purpose, payload)}"


def verify(secret: bytes, purpose: str, token: str, *, now: int = 0) -> str:
    """The payload of a signed token.

    A payload that ends in `.x<epoch seconds>` expires then. Raises UnauthenticatedError for a wrong MAC, GoneError
    when expired.
    """
    payload, _, mac = token.lower().rpartition(".")
    ours = token.isascii() and hmac.compare_digest(mac, _mac(secret, purpose, payload))
    if not payload or not ours:
        raise UnauthenticatedError(
            "this link is not one of ours, or it was cut; open it again from the mail it came in"
        )
    last = payload.rpartition(".")[2]
    if last.startswith("x") and last[1:].isdigit() and int(last[1:]) <= now:
        raise GoneError("this link has expired; ask for a new one")
    return payload
