"""Verdicts: what SES found out about a mail's sender, as a trust level; headers inside the mail are never believed."""

from collections.abc import Mapping
from typing import Any

from itsm.service_desk.submission import FAILED, UNKNOWN, VERIFIED

REFUSING = frozenset({"reject", "quarantine"})


def trust(receipt: Mapping[str, Any]) -> int:
    """0 when the sender's domain asks to refuse it, 2 when DMARC or both DKIM and SPF pass, else 1.

    `receipt` is the receipt object of an SES notification (Amazon SES Developer Guide, "Contents of notifications").
    """
    dmarc = _verdict(receipt, "dmarc")
    if dmarc == "FAIL" and str(receipt.get("dmarcPolicy", "")).lower() in REFUSING:
        return FAILED
    if dmarc == "PASS" or (_verdict(receipt, "dkim") == "PASS" and _verdict(receipt, "spf") == "PASS"):
        return VERIFIED
    return UNKNOWN


def refused(receipt: Mapping[str, Any]) -> str:
    """Why the mail must be held whatever it says, "" when it need not be."""
    if _verdict(receipt, "virus") == "FAIL":
        return "a virus was found in it"
    if _verdict(receipt, "spam") == "FAIL":
        return "it is taken for spam"
    return ""


def _verdict(receipt: Mapping[str, Any], name: str) -> str:
    held = receipt.get(f"{name}Verdict")
    return str(held.get("status", "")).upper() if isinstance(held, Mapping) else ""
