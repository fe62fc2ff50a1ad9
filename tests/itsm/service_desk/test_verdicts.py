"""Verdicts: what SES found out becomes trust, and a failed DMARC is never outweighed."""

from typing import Any

import pytest
from itsm.service_desk.submission import FAILED, REFUSED, UNKNOWN, VERIFIED, Submission
from itsm.service_desk.verdicts import believed, trust


@pytest.mark.parametrize(
    ("dmarc", "policy", "dkim", "spf", "level"),
    [
        ("PASS", "", "FAIL", "PASS", VERIFIED),
        ("GRAY", "", "PASS", "PASS", VERIFIED),
        ("GRAY", "", "PASS", "GRAY", UNKNOWN),
        ("FAIL", "none", "PASS", "PASS", FAILED),
        ("FAIL", "", "PASS", "PASS", FAILED),
        ("FAIL", "Quarantine", "PASS", "PASS", REFUSED),
        ("FAIL", "reject", "FAIL", "FAIL", REFUSED),
        ("PROCESSING_FAILED", "reject", "PASS", "FAIL", UNKNOWN),
    ],
)
def test_a_verdict_is_a_level_of_trust(dmarc: str, policy: str, dkim: str, spf: str, level: int) -> None:
    verdicts = {f"{name}Verdict": {"status": said} for name, said in (("dmarc", dmarc), ("dkim", dkim), ("spf", spf))}
    assert trust({**verdicts, "dmarcPolicy": policy}) == level


@pytest.mark.parametrize(
    ("mail", "level"),
    [
        ({"commonHeaders": {"from": ["Rita <Rita@example.org>"]}}, VERIFIED),
        ({"commonHeaders": {"from": ['"<Rita>, IT" <rita@example.org>']}}, VERIFIED),
        ({"commonHeaders": {"from": ["rita@example.org (Rita)"]}}, VERIFIED),
        ({}, VERIFIED),
        ({"commonHeaders": {"from": ["Rita <eve@example.net>"]}}, FAILED),
        ({"commonHeaders": {"from": ['"rita@example.org" <eve@example.net>']}}, FAILED),
        ({"commonHeaders": {"from": ["rita@example\0.org"]}}, FAILED),
        ({"commonHeaders": {"from": ["rita@example.org", "eve@example.net"]}}, FAILED),
        ({"commonHeaders": {"subject": "It burns"}}, FAILED),
    ],
)
def test_verdicts_count_for_the_sender_they_are_about_and_for_no_other(mail: dict[str, Any], level: int) -> None:
    read = Submission(source="mail", key="1", kind="mail", received_at=0, sender="rita@example.org", trust=VERIFIED)
    assert believed(read, {}, mail).trust == level
