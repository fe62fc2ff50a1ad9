"""SNS: what Amazon SNS publishes at its own addresses, fetched over HTTPS: certificates, and a subscription's yes."""

import re
import urllib.request
from functools import lru_cache

from itsm.core.errors import OutsideError, UnauthenticatedError

ADDRESS = re.compile(r"https://sns\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?/[^\s@\\]*")
MAX_BYTES = 65_536
SECONDS = 5


@lru_cache(maxsize=16)
def fetched(address: str) -> bytes:
    """The bytes at an address of SNS, once per environment; a redirect is not followed.

    Raises UnauthenticatedError for any other address (a payload names it, so anybody can), OutsideError when it fails.
    """
    if not ADDRESS.fullmatch(address):
        raise UnauthenticatedError("this address is not one of SNS")
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(address, timeout=SECONDS) as answer:
            return bytes(answer.read(MAX_BYTES))
    except OSError as error:
        raise OutsideError("SNS did not answer; it is tried again") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Where an answer points is nobody's to choose."""
