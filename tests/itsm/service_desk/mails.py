"""Mails and submissions that are valid by default; a test overrides the one thing it is about."""

from typing import Any

from itsm.service_desk.submission import MAIL, Submission

from tests.builders import NOON

HEAD = {
    "From": "Rita Requester <rita@example.org>",
    "To": "support@desk.example.org",
    "Subject": "The mail server is slow",
    "Message-ID": "<first@mail.example.org>",
}


def a_mail(body: str | bytes = "It is slow.\n", *, without: str = "", **headers: str) -> bytes:
    """A raw mail; `Content_Type="..."` sets the header Content-Type."""
    fields = {**HEAD, **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if name != without)
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def a_submission(**overrides: Any) -> Submission:
    """A submission as a mail makes it."""
    facts: dict[str, Any] = {
        "source": MAIL,
        "key": "first@mail.example.org",
        "kind": MAIL,
        "received_at": NOON,
        "sender": "rita@example.org",
        "sender_name": "Rita Requester",
        "recipients": ("support@desk.example.org",),
        "subject": "The mail server is slow",
        "text": "It is slow.",
        "reply": "It is slow.",
        "message_id": "first@mail.example.org",
    }
    return Submission(**(facts | overrides))
