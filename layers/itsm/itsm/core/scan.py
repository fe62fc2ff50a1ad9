"""Scan: what a malware scanner can say of a stored file, and in which words Amazon GuardDuty says it."""

CLEAN, PENDING = "clean", "pending"
INFECTED, LOCKED, DENIED, FAILED = "infected", "locked", "denied", "failed"

STATUS = {
    "NO_THREATS_FOUND": CLEAN,
    "THREATS_FOUND": INFECTED,
    "UNSUPPORTED": LOCKED,
    "ACCESS_DENIED": DENIED,
    "FAILED": FAILED,
}
"""A scan result status of GuardDuty Malware Protection for S3 (its user guide, "Monitoring S3 object scans")."""

WHY = {
    INFECTED: "a scanner found something harmful in it",
    LOCKED: "the scanner cannot look into it: it is locked with a password, or packed too deep or too large",
    DENIED: "the scanner was not allowed to read it",
    FAILED: "the scan of it failed",
    PENDING: "no scanner has looked at it yet",
}
"""Why a file is not given out, by verdict."""


def verdict(status: str) -> str:
    """The verdict behind a status; one nobody knows passes nothing."""
    return STATUS.get(status, FAILED if status else PENDING)
