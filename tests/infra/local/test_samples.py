"""The feeder's samples: placeholders, signatures, and a manifest that cannot be used is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sandbox.samples import Feeding, SampleError, load, signature
from sandbox.settings import ROOT

FEEDING = Feeding(run="abc12345", start=datetime(2026, 11, 24, 16, 30, tzinfo=UTC), domain="itsm.example.com")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (b"{{run}}@{{domain}}", b"abc12345@itsm.example.com"),
        (b"{{desk}}", b"support@itsm.example.com"),
        (b"{{rfc5322 60}}", b"Tue, 24 Nov 2026 16:31:00 +0000"),
        (b"{{iso -3600}}", b"2026-11-24T15:30:00.000+0000"),
        (b"{{local 0}}", b"2026-11-24T16:30"),
        (b"{{ack.reply_to}} \xff{{number}}", b"reply@x \xffINC1"),
        (b"{ {run} } {{Run}}", b"{ {run} } {{Run}}"),
    ],
)
def test_placeholders_are_filled_in_the_bytes(text: bytes, filled: bytes) -> None:
    assert FEEDING.fill(text, {"ack.reply_to": "reply@x", "number": "INC1"}) == filled


def test_in_a_form_the_values_are_percent_encoded() -> None:
    assert FEEDING.fill(b"at={{local 0}}", encode=True) == b"at=2026-11-24T16%3A30"


@pytest.mark.parametrize("text", [b"{{nothing}}", b"{{number}}", b"{{rfc5322}}", b"{{run 3}}"])
def test_a_placeholder_that_cannot_be_filled_is_named(text: bytes) -> None:
    with pytest.raises(SampleError, match="cannot be filled"):
        FEEDING.fill(text)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification's reference implementation.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_products_own_samples_can_be_used() -> None:
    assert len(load(ROOT / "tests/samples")) >= 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[sample]]\nname = 'x'", "missing"),
        ("[[sample", "samples.toml"),
        ("[[sample]]\nname='x'\nwhat='x'\nsend='pigeon'\nfile='x'\nexpect={}", "send is one of"),
        ("[[sample]]\nname='x'\nwhat='x'\nsend='mail'\nfile='nowhere.eml'\nexpect={}", "no nowhere.eml"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "samples.toml").write_text(text)
    with pytest.raises(SampleError, match=said):
        load(tmp_path)
