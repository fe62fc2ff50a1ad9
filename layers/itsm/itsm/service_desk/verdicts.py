"""Verdicts: what SES found out about a mail's sender, as a trust level; headers inside the mail are never believed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from itsm.core.addresses import folded
from itsm.service_desk.submission import FAILED, REFUSED, UNKNOWN, VERIFIED, Submission

DOMAIN = re.compile(r"@([^\s<>@\"',;]+)>?\s*$")
"""The domain of the last address in a header's value."""
MAILBOX = re.compile(r".*<([^<>]*)>|([^\s<>]+)(?:\s*\([^<>]*\))?", re.DOTALL)
"""A header's value that is one mailbox: its address in brackets at the end, or bare before a comment."""
VIRUS, SPAM = "a virus was found in it", "it is taken for spam"
REFUSING = frozenset({"reject", "quarantine"})


def trust(receipt: Mapping[str, Any]) -> int:
    """-1 when it fails DMARC and the sender's domain asks to refuse it, 0 when it fails only: DKIM and SPF then passed
    for another domain, if at all (RFC 7489 3.1). 2 when DMARC or, without it, both DKIM and SPF pass, else 1.

    `receipt` is the receipt object of an SES notification (Amazon SES Developer Guide, "Contents of notifications").
    """
    dmarc = _verdict(receipt, "dmarc")
    if dmarc == "FAIL":
        return REFUSED if str(receipt.get("dmarcPolicy", "")).lower() in REFUSING else FAILED
    if dmarc == "PASS" or (_verdict(receipt, "dkim") == "PASS" and _verdict(receipt, "spf") == "PASS"):
        return VERIFIED
    return UNKNOWN


def proven(receipt: Mapping[str, Any], mail: Mapping[str, Any]) -> tuple[str, ...]:
    """The mail domains SES vouches for: that of From where DMARC passes, that of the envelope where SPF does.

    `mail` is the mail object of the same notification.
    """
    written = (mail.get("commonHeaders") or {}).get("from") or []
    found = []
    if _verdict(receipt, "dmarc") == "PASS" and len(written) == 1 and (author := DOMAIN.search(str(written[0]))):
        found.append(author[1])
    if _verdict(receipt, "spf") == "PASS" and (envelope := DOMAIN.search(str(mail.get("source", "")))):
        found.append(envelope[1])
    return tuple(dict.fromkeys(folded(one) for one in found))


def believed(submission: Submission, receipt: Mapping[str, Any], mail: Mapping[str, Any]) -> Submission:
    """The submission with the domains SES vouches for; trusted like one that fails where SES read another sender in it
    than we did, or none, for then its verdicts are not about ours.

    `receipt` and `mail` are those of the notification; of one without common headers nothing more is known.
    """
    written = (mail.get("commonHeaders") or {}).get("from") or []
    found = MAILBOX.fullmatch(str(written[0]).strip()) if len(written) == 1 else None
    judged = folded("".join((found[1] or found[2] or "").split())) if found else ""
    is_ours = "commonHeaders" not in mail or judged == submission.sender
    level = submission.trust if is_ours else min(submission.trust, FAILED)
    return replace(submission, trust=level, proven=proven(receipt, mail))


def refused(receipt: Mapping[str, Any]) -> str:
    """Why the mail must be held whatever it says, "" when it need not be."""
    if _verdict(receipt, "virus") == "FAIL":
        return VIRUS
    if _verdict(receipt, "spam") == "FAIL":
        return SPAM
    return ""


def _verdict(receipt: Mapping[str, Any], name: str) -> str:
    held = receipt.get(f"{name}Verdict")
    return str(held.get("status", "")).upper() if isinstance(held, Mapping) else ""
