"""Download: what somebody else publishes over https, within bounds, and never from a network of ours."""

import ipaddress
import socket
import time
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from itsm.core.errors import OutsideError

LONGEST, CHUNK = 5_000_000, 65_536
SECONDS, ALTOGETHER = 10, 30
"""Seconds a server may be silent, and may take for all of it."""


def public(address: str) -> bytes:
    """The bytes behind an address. Raises OutsideError when it may not be asked, does not answer, or says too much."""
    ends = time.monotonic() + ALTOGETHER
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects())
    try:
        with opener.open(allowed(address, resolved), timeout=SECONDS) as answer:
            return read_within(answer.read1, lambda: time.monotonic() < ends)
    except (OSError, HTTPException, ValueError) as error:
        raise OutsideError(f"{address}: {error}") from error


def allowed(address: str, resolve: Callable[[str], Sequence[str]]) -> str:
    """The address, when it is https to a host all of whose network addresses are public. Raises ValueError.

    `resolve` gives them. A host that answers otherwise when it is connected to still has to prove its name by TLS.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise ValueError(f"{address!r} is no address of https")
    for found in resolve(parts.hostname):
        if not ipaddress.ip_address(found).is_global:
            raise ValueError(f"{parts.hostname} is {found}, which is no public address")
    return address


def resolved(host: str) -> list[str]:
    """The network addresses of a host. Raises OSError."""
    return [str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]


def read_within(read: Callable[[int], bytes], in_time: Callable[[], bool]) -> bytes:
    """All there is to read, piece by piece. Raises ValueError for more than 5 MB, or when the time is over."""
    whole = bytearray()
    while piece := read(CHUNK):
        whole += piece
        if len(whole) > LONGEST:
            raise ValueError("is longer than 5 MB")
        if not in_time():
            raise ValueError(f"takes longer than {ALTOGETHER} seconds")
    return bytes(whole)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects, each looked at as the first address was."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """The next request. Raises ValueError where it must not go."""
        return super().redirect_request(req, fp, code, msg, headers, allowed(newurl, resolved))
