"""Signatures: one verifier for every HMAC webhook scheme, driven by policy, and the door to the three that differ."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from itsm.core.errors import MalformedError, UnauthenticatedError
from itsm.service_desk import certified
from itsm.service_desk.certified import Certificates
from itsm.service_desk.policy import Verification
from itsm.service_desk.sources import posted

MAX_SIGNATURES = 32


def verify(
    body: bytes,
    headers: Mapping[str, str],
    how: Verification,
    secrets: Sequence[str],
    now: int,
    certificates: Certificates | None = None,
) -> None:
    """Raise UnauthenticatedError unless the raw body was signed with one of the live secrets, not too long ago.

    `headers` have lower-case names. Every listed signature is compared with every secret's, each in constant time (RFC
    2104).
    """
    if how.scheme == "none":
        return
    if how.scheme == "sns":
        certified.sns(body, how.topics, how.tolerance, now, certificates)
        return
    live = [secret for secret in secrets if secret.removeprefix(how.key_prefix)]
    if not live:
        raise UnauthenticatedError("this source has no secret yet; its owner must set one")
    if how.scheme == "form":
        _form(body, headers, how, live, now)
    else:
        _header(body, headers, how, live, now)


def _header(body: bytes, headers: Mapping[str, str], how: Verification, secrets: Sequence[str], now: int) -> None:
    given = headers.get(how.header.lower(), "")
    if not given:
        raise UnauthenticatedError(f"the header {how.header} is missing")
    if how.scheme == "token":
        expected = [_shown(secret.encode(), how.encoding) if how.encoding == "base64" else secret for secret in secrets]
        _one_equals([given], [how.prefix + secret for secret in expected])
        return
    stamp = _timestamp(given, headers, how, now)
    delivery = headers.get(how.id_header.lower(), "") if how.id_header else ""
    if how.id_header and not delivery:
        raise UnauthenticatedError(f"the header {how.id_header} is missing")
    signed = _signed(how.template, delivery, stamp, body)
    if how.scheme == "ecdsa":
        certified.ecdsa(secrets, given.strip(), signed)
        return
    macs = [hmac.new(key, signed, getattr(hashlib, how.algorithm)).digest() for key in _keys(secrets, how)]
    _one_equals(_signatures(given, how), [_shown(mac, how.encoding) for mac in macs])


def _form(body: bytes, headers: Mapping[str, str], how: Verification, secrets: Sequence[str], now: int) -> None:
    """Mailgun's way: the fields timestamp, token and signature of the form; the rest of it is not signed."""
    try:
        fields = posted.read(body, headers.get("content-type", ""), posted.OF_A_MACHINE).fields
    except MalformedError as error:
        raise UnauthenticatedError("the body is no form, so it holds no signature") from error
    stamp, token, given = (fields.get(name, "") for name in ("timestamp", "token", "signature"))
    if not token or not given:
        raise UnauthenticatedError("the form lacks its token or signature")
    _recent(stamp, how.tolerance, now)
    macs = [hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest() for key in secrets]
    _one_equals([given.lower()], macs)


def _one_equals(given: Sequence[str], expected: Sequence[str]) -> None:
    same = [hmac.compare_digest(one.encode("utf-8", "replace"), other.encode()) for one in given for other in expected]
    if not any(same):
        raise UnauthenticatedError("the signature is not ours: wrong secret, or the body was changed on its way")


def _timestamp(given: str, headers: Mapping[str, str], how: Verification, now: int) -> str:
    """The signed time as it was sent, "" where the scheme has none."""
    if how.timestamp_field:
        fields = (piece.strip().partition("=") for piece in given.split(how.separator))
        stamp = next((value for name, _, value in fields if name == how.timestamp_field), "")
    elif how.timestamp_header:
        stamp = headers.get(how.timestamp_header.lower(), "")
    else:
        return ""
    _recent(stamp, how.tolerance, now)
    return stamp


def _recent(stamp: str, tolerance: int, now: int) -> None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise UnauthenticatedError("the signature's timestamp is missing or no number")
    if abs(now - int(stamp)) > tolerance:
        raise UnauthenticatedError(
            f"the signature's timestamp is more than {tolerance} seconds off; is it a replay, or a clock?"
        )


def _signed(template: str, delivery: str, stamp: str, body: bytes) -> bytes:
    before, _, after = template.partition("{body}")

    def filled(text: str) -> bytes:
        return text.replace("{id}", delivery).replace("{ts}", stamp).encode("utf-8", "replace")

    return filled(before) + body + filled(after)


def _signatures(given: str, how: Verification) -> list[str]:
    pieces = [piece.strip() for piece in given.split(how.separator)] if how.separator else [given.strip()]
    found = [piece.removeprefix(how.prefix) for piece in pieces if piece.startswith(how.prefix)]
    found = [one.lower() for one in found] if how.encoding == "hex" else found
    if not found:
        raise UnauthenticatedError(f"the header {how.header} holds no signature that begins with {how.prefix!r}")
    return found[:MAX_SIGNATURES]


def _keys(secrets: Sequence[str], how: Verification) -> list[bytes]:
    """The key of each secret; one that was set wrongly leaves those beside it in force."""
    keys = [key for secret in secrets if (key := _key(secret, how)) is not None]
    if not keys:
        raise UnauthenticatedError("this source's secret is no base64; its owner must set it again")
    return keys


def _key(secret: str, how: Verification) -> bytes | None:
    if how.key_prefix and secret.startswith(how.key_prefix):
        try:
            return base64.b64decode(secret.removeprefix(how.key_prefix), validate=True)
        except (binascii.Error, ValueError):
            return None
    return secret.encode()


def _shown(raw: bytes, encoding: str) -> str:
    return base64.b64encode(raw).decode() if encoding == "base64" else raw.hex()
