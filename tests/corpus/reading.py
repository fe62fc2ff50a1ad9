"""Reading: one raw mail through the parser, as the mail door does it; and what it came to."""

from itsm.core.errors import MalformedError
from itsm.service_desk import text
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email
from itsm.service_desk.submission import Submission

from tests.corpus.shelf import MAIL, Item

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
NOBODY = b"From: nobody@example.org\n"


def read(raw: bytes) -> Submission | None:
    """The submission, None for what is malformed to us. Anything else that is raised is a fault, and is not caught.

    Mail that names no sender is malformed to us and not to others: it gets one, to be read for its other facts.
    """
    for before in (b"", NOBODY):
        try:
            return email.parse(before + raw, received_at=0, own=OWN)
        except MalformedError as error:
            if "no sender" not in str(error):
                return None
    return None


def words(item: Item) -> str:
    """The text of a mail, a text or an HTML body, as its reply is cut from it."""
    if item.kind == MAIL:
        mail = read(item.raw)
        return mail.text if mail else ""
    body = item.raw.decode("utf-8", "replace")
    if item.kind == "html":
        return text.readable(text.sanitised(body))
    return body.replace("\r\n", "\n").replace("\r", "\n")
