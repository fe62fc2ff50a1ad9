"""Verdicts: what SES found out becomes trust, and a failed DMARC is never outweighed."""

import pytest
from itsm.service_desk.submission import FAILED, REFUSED, UNKNOWN, VERIFIED
from itsm.service_desk.verdicts import trust


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
