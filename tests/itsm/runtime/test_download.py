"""What is fetched from others: by https, from the public network, so long and so much and no more."""

import itertools
from collections.abc import Iterator

import pytest
from itsm.core.errors import OutsideError
from itsm.runtime.download import LONGEST, _Redirects, allowed, public, read_within


@pytest.mark.parametrize(
    "address",
    ["ftp://example.org/x", "http://example.org/x", "file:/x", "https://", "https://u:p@example.org/x", "x"],
)
def test_nothing_but_https_is_fetched(address: str) -> None:
    with pytest.raises(OutsideError, match="no address of https"):
        public(address)


@pytest.mark.parametrize(
    "found",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "fe80::1",
     "0.0.0.0", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_nothing_of_our_own_network_is_asked_be_it_one_of_several(found: str) -> None:
    with pytest.raises(ValueError, match="no public address"):
        allowed("https://example.org/x", lambda _: ["93.184.215.14", found])


def test_a_public_address_is_asked() -> None:
    assert (
        allowed("https://example.org/x", lambda _: ["93.184.215.14", "2606:2800:220:1::1"]) == "https://example.org/x"
    )


@pytest.mark.parametrize("to", ["http://example.org/x", "https://127.0.0.1/x", "https://[::1]/x", "file:/x"])
def test_a_redirect_leads_nowhere_else(to: str) -> None:
    with pytest.raises(ValueError, match="address"):
        _Redirects().redirect_request(None, None, 302, "", {}, to)


def pieces(count: int, size: int) -> Iterator[bytes]:
    yield from itertools.repeat(b"x" * size, count)
    yield b""


def test_what_is_longer_than_the_bound_is_not_read_to_its_end() -> None:
    endless = pieces(10**9, 65_536)
    with pytest.raises(ValueError, match="longer than 5 MB"):
        read_within(lambda _: next(endless), lambda: True)
    whole = pieces(50, 100_000)
    assert len(read_within(lambda _: next(whole), lambda: True)) == LONGEST


def test_a_server_that_drips_is_left() -> None:
    drops, times = pieces(10**9, 1), iter([True] * 5 + [False])
    with pytest.raises(ValueError, match="takes longer"):
        read_within(lambda _: next(drops), lambda: next(times))
