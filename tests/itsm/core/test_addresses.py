"""An address is one person's whatever its ASCII case, and nobody else's who only looks like them."""

from typing import Any

import pytest
from itsm.core import approvals, voting
from itsm.core.addresses import folded
from itsm.core.errors import ForbiddenError
from itsm.core.record import Record
from itsm.jira import wire
from itsm.practices.change.lifecycle import TERMS
from itsm.runtime.http import Request
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import headers

from tests.builders import NOON, a_record
from tests.support.organisation import an_approval_rule
from tests.support.organisation import approvals as a_table

MARK, KELVIN = "mark@example.org", "mar\N{KELVIN SIGN}@example.org"


def test_only_ascii_letters_are_folded() -> None:
    assert folded("Mark.O'Neill+X@EXAMPLE.org") == "mark.o'neill+x@example.org"
    for stranger in (KELVIN, "mar\N{LATIN SMALL LETTER LONG S}@example.org", "\u0130@example.org", "Ä@example.org"):
        assert folded(stranger) == stranger


def asked(requester: str) -> Record:
    """A change that Mark is asked to approve."""
    record = a_record(practice="change", state="assessing", requester=requester)
    rule = an_approval_rule("MARK@example.org")
    return voting.ask(record, rule, a_table(rule), TERMS, NOON)


def test_an_approver_votes_in_any_case_and_a_look_alike_does_not() -> None:
    record = asked("rita@example.org")
    with pytest.raises(ForbiddenError):
        voting.vote(record, TERMS, KELVIN, "accept", "", NOON)
    assert voting.vote(record, TERMS, "Mark@Example.org", "accept", "", NOON).state == "scheduled"
    assert approvals.approver_hash(KELVIN) != approvals.approver_hash(MARK) == approvals.approver_hash(MARK.upper())


def test_a_requester_who_looks_like_an_approver_keeps_nobody_from_being_asked() -> None:
    assert approvals.pending(asked(KELVIN))["asked"] == [MARK]


@pytest.mark.parametrize(("claim", "caller"), [("Mark@Example.org", MARK), (KELVIN, KELVIN)])
def test_a_caller_is_who_the_token_says_and_nobody_like_them(claim: str, caller: str) -> None:
    facts: dict[str, Any] = {"route": "", "method": "GET", "path": "/", "body": b"", "base_url": ""}
    request = Request(**facts, params={}, query={}, headers={}, claims={"email": claim})
    assert request.caller == caller


def test_a_mail_is_its_senders_and_nobodys_like_them() -> None:
    found = headers.addresses(f"Mark <MARK@example.org>, K <{KELVIN}>")
    assert [address for _, address in found] == [MARK, KELVIN]


def test_an_address_written_as_an_encoded_word_is_that_person_in_small_letters() -> None:
    assert headers.addresses("=?utf-8?q?Mark_=3CMARK=40example=2Eorg=3E?=") == [("Mark", MARK)]


def test_an_address_longer_than_any_can_be_is_none() -> None:
    assert headers.addresses(f"{'a' * 400}@example.org, {MARK}, m@{'b' * 320}") == [("", MARK)]


def test_an_address_is_ours_in_any_case_and_a_look_alike_is_not() -> None:
    own = Own(domain="desk.example.org", addresses=(MARK,))
    assert (own.is_own("MARK@example.org"), own.is_own(KELVIN)) == (True, False)


def test_a_jira_account_is_found_by_its_address_and_by_none_like_it() -> None:
    answer = [{"accountId": "1", "emailAddress": KELVIN}]
    assert wire.account(answer, MARK) is None
    assert wire.account([{"accountId": "2", "emailAddress": "MARK@example.org"}], MARK) == "2"
