"""Signing: only we can have made a token, only for its purpose, only until it expires."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.errors import GoneError, UnauthenticatedError
from itsm.core.signing import sign, verify

SECRET = b"a secret"
PAYLOADS = st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9-]{1,20}){0,3}", fullmatch=True).filter(
    lambda text: ".x" not in text
)


@given(PAYLOADS)
def test_a_token_of_ours_gives_its_payload_back_in_any_case_of_letters(payload: str) -> None:
    token = sign(SECRET, "reply", payload)
    assert verify(SECRET, "reply", token) == payload
    assert verify(SECRET, "reply", token.upper()) == payload


@given(PAYLOADS, st.integers(0, 200), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567.-"))
def test_a_token_with_one_character_changed_is_refused(payload: str, at: int, character: str) -> None:
    token = sign(SECRET, "reply", payload)
    place = at % len(token)
    forged = token[:place] + character + token[place + 1 :]
    if forged != token:
        with pytest.raises(UnauthenticatedError):
            verify(SECRET, "reply", forged)


def test_a_token_of_one_purpose_or_secret_opens_no_other_door() -> None:
    token = sign(SECRET, "ticket", "abc")
    for secret, purpose in ((SECRET, "approval"), (b"another", "ticket")):
        with pytest.raises(UnauthenticatedError):
            verify(secret, purpose, token)


def test_a_token_expires_at_its_instant() -> None:
    token = sign(SECRET, "approval", "abc.x100")
    assert verify(SECRET, "approval", token, now=99) == "abc.x100"
    with pytest.raises(GoneError):
        verify(SECRET, "approval", token, now=100)


@pytest.mark.parametrize("token", ["", ".", "a", "no-mac", "ünïcode.ä"])
def test_rubbish_is_refused_without_another_error(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(SECRET, "ticket", token)
