"""Certified: webhook signatures made with a private key: Amazon SNS (RSA) and SendGrid (ECDSA)."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from itsm.core.errors import UnauthenticatedError

SNS_URL = re.compile(r"https://sns\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?/")
CERTIFICATE = re.compile(SNS_URL.pattern + r"SimpleNotificationService-[0-9a-f]{32}\.pem")
HASHES = {"1": "SHA1", "2": "SHA256"}
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")

type Certificates = Callable[[str], bytes]
"""The PEM behind an address of SNS; the caller has checked the address."""


def sns(body: bytes, topics: Sequence[str], tolerance: int, now: int, certificates: Certificates | None) -> None:
    """Raise UnauthenticatedError unless SNS signed this body for one of our topics, not too long ago.

    Rules: Amazon SNS, "Verifying the signatures of Amazon SNS messages"; the certificate's address is matched whole, or
    whoever names one of his own is believed.
    """
    message = _message(body)
    url = message.get("SigningCertURL", "")
    if not CERTIFICATE.fullmatch(url):
        raise UnauthenticatedError("the certificate of this message is not one of SNS")
    if message.get("TopicArn", "") not in topics:
        raise UnauthenticatedError("this topic is not one the source's policy lists")
    if message.get("SignatureVersion") not in HASHES:
        raise UnauthenticatedError("SignatureVersion must be 1 or 2")
    _recent(message.get("Timestamp", ""), tolerance, now)
    if certificates is None:
        raise UnauthenticatedError("certificates of SNS cannot be read here")
    names = NOTIFICATION if message.get("Type") == "Notification" else SUBSCRIPTION
    signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    _rsa(certificates(url), _base64(message.get("Signature", "")), signed.encode(), HASHES[message["SignatureVersion"]])


def subscription(body: bytes) -> str:
    """The address that confirms a subscription, when a verified message asks for that; else ""."""
    message = _message(body)
    address = message.get("SubscribeURL", "") if message.get("Type") == "SubscriptionConfirmation" else ""
    return address if SNS_URL.match(address) else ""


def _message(body: bytes) -> Mapping[str, str]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnauthenticatedError("the body is no message of SNS") from error
    if not isinstance(message, dict):
        raise UnauthenticatedError("the body is no message of SNS")
    return {name: value for name, value in message.items() if isinstance(value, str)}


def _recent(stamp: str, tolerance: int, now: int) -> None:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise UnauthenticatedError("the message's Timestamp is missing or no instant") from error
    if at.tzinfo is None or abs(now - at.timestamp()) > tolerance:
        raise UnauthenticatedError(f"the message's Timestamp is more than {tolerance} seconds off; is it a replay?")


def _rsa(pem: bytes, signature: bytes, signed: bytes, name: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.x509 import load_pem_x509_certificate

    try:
        key = load_pem_x509_certificate(pem).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise UnauthenticatedError("the certificate holds no RSA key")
        key.verify(signature, signed, padding.PKCS1v15(), getattr(hashes, name)())
    except (InvalidSignature, ValueError) as error:
        raise UnauthenticatedError("the signature is not SNS's: the message was changed on its way") from error


def ecdsa(public_keys: Sequence[str], signature: str, signed: bytes) -> None:
    """Raise UnauthenticatedError unless one of the public keys (base64 DER) signed these bytes, P-256 with SHA-256.

    Source: Twilio SendGrid, "Event Webhook security features" and Inbound Parse security policies.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    raw = _base64(signature)
    for one in public_keys:
        try:
            key: Any = load_der_public_key(_base64(one))
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(raw, signed, ec.ECDSA(hashes.SHA256()))
                return
        except (InvalidSignature, ValueError, UnsupportedAlgorithm, UnauthenticatedError):
            continue  # another key may be right, though this one was set wrongly
    raise UnauthenticatedError("the signature is not ours: wrong key, or the body was changed on its way")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnauthenticatedError("the signature is no base64") from error
