"""Signatures: every published vector of every scheme is judged right, by policy alone."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from itsm.core.errors import UnauthenticatedError
from itsm.service_desk.policy import Verification
from itsm.service_desk.signatures import verify

from tests.corpus import hooks


def test_every_vector_is_judged_as_its_provider_says(shared: Callable[[str], Path]) -> None:
    vectors = json.loads(shared("webhooks/vectors.json").read_text(encoding="utf-8"))["vectors"]
    judged = list(hooks.judged(vectors))
    assert not [name for name, right in judged if not right]
    assert len(judged) == len(vectors)


def test_a_form_is_verified_by_its_own_fields_wherever_they_are_sent() -> None:
    mac = hmac.new(b"key", b"%dtoken" % NOW, hashlib.sha256).hexdigest()
    fields = {"timestamp": str(NOW), "token": "token", "signature": mac}
    urlencoded = "&".join(f"{name}={value}" for name, value in fields.items())
    pieces = "".join(f'--B\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    how = Verification(scheme="form", tolerance=120)
    for kind, body in (
        ("application/x-www-form-urlencoded", urlencoded),
        ("multipart/form-data; boundary=B", pieces + "--B--\r\n"),
    ):
        verify(body.encode(), {"content-type": kind}, how, ["old", "key"], NOW)
        with pytest.raises(UnauthenticatedError):
            verify(body.encode(), {"content-type": kind}, how, ["other"], NOW)
        with pytest.raises(UnauthenticatedError):
            verify(body.encode(), {"content-type": kind}, how, ["key"], NOW + 121)
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", {"content-type": "application/json"}, how, ["key"], NOW)


def test_a_topic_the_policy_does_not_list_is_not_let_in_whoever_signed() -> None:
    how = Verification(scheme="sns", topics=("arn:aws:sns:eu-west-1:1:ours",), tolerance=3600)
    url = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem"
    message = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:theirs", "SigningCertURL": url}
    with pytest.raises(UnauthenticatedError, match="topic"):
        verify(json.dumps(message).encode(), {}, how, [], NOW, lambda address: b"")


STANDARD = Verification(
    scheme="hmac", header="webhook-signature", separator=" ", prefix="v1,", encoding="base64",
    template="{id}.{ts}.{body}", id_header="webhook-id", timestamp_header="webhook-timestamp", key_prefix="whsec_",
)  # fmt: skip
KEY = base64.b64encode(b"k" * 24).decode()
NOW = 1_764_000_000


def signed(body: bytes, key: bytes = b"k" * 24, at: int = NOW) -> dict[str, str]:
    mac = base64.b64encode(hmac.new(key, b"msg_1.%d.%s" % (at, body), hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,{mac}"}


def test_any_live_secret_will_do_while_one_replaces_the_other() -> None:
    verify(b"{}", signed(b"{}"), STANDARD, ["whsec_" + base64.b64encode(b"new").decode(), f"whsec_{KEY}"], NOW)


@pytest.mark.parametrize(
    "broken",
    [
        {"webhook-signature": ""},
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "٣"},
        {"webhook-signature": "v1,ż"},
        {"webhook-signature": "v2,abc"},
    ],
)
def test_a_header_that_is_missing_or_broken_is_refused_and_never_a_crash(broken: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", {**signed(b"{}"), **broken}, STANDARD, [f"whsec_{KEY}"], NOW)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_a_signature_from_another_time_is_refused(at: int) -> None:
    with pytest.raises(UnauthenticatedError, match="seconds off"):
        verify(b"{}", signed(b"{}", at=at), STANDARD, [f"whsec_{KEY}"], NOW)


def test_bytes_are_signed_not_text() -> None:
    verify(b"\xff\x00", signed(b"\xff\x00"), STANDARD, [f"whsec_{KEY}"], NOW)


def test_a_source_without_a_secret_lets_nothing_in() -> None:
    with pytest.raises(UnauthenticatedError, match="no secret"):
        verify(b"{}", signed(b"{}"), STANDARD, [], NOW)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", signed(b"{}", key=b""), STANDARD, [""], NOW)


def test_a_secret_that_was_set_wrongly_leaves_the_one_beside_it_in_force() -> None:
    for wrong in ("whsec_***", "whsec_abc"):
        for secrets in ([wrong, f"whsec_{KEY}"], [f"whsec_{KEY}", wrong]):
            verify(b"{}", signed(b"{}"), STANDARD, secrets, NOW)
        with pytest.raises(UnauthenticatedError, match="set it again"):
            verify(b"{}", signed(b"{}"), STANDARD, [wrong], NOW)


def test_a_public_key_that_was_set_wrongly_leaves_the_one_beside_it_in_force() -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    public = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    how = Verification(scheme="ecdsa", header="signature", timestamp_header="at", template="{ts}{body}")
    mac = base64.b64encode(own.sign(b"%d{}" % NOW, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {"signature": mac, "at": str(NOW)}
    for wrong in ("***", "QUJD"):
        verify(b"{}", headers, how, [wrong, base64.b64encode(public).decode()], NOW)
        with pytest.raises(UnauthenticatedError):
            verify(b"{}", headers, how, [wrong], NOW)


def test_a_delivery_id_no_text_can_hold_is_refused_and_no_crash() -> None:
    with pytest.raises(UnauthenticatedError):
        verify(b"{}", {**signed(b"{}"), "webhook-id": "\udc80"}, STANDARD, [f"whsec_{KEY}"], NOW)
