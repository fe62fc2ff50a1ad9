"""What a version says is in its event where it is short; the journal's entry is derived from that."""

from dataclasses import replace
from typing import Any

import pytest
from itsm.core.chain import faults
from itsm.core.journal import CARRIED_BYTES, OPENING, carried, opening_words, said
from itsm.core.record import Comment, Record

from tests.builders import a_comment, an_incident


def _with(record: Record, comment: Comment, later: int = 0) -> Record:
    at = comment.at + later
    facts: dict[str, Any] = {"by": comment.by, "origin": comment.origin, "at": at, "comment": comment.id}
    return record.changed("CommentAdded", **facts, **carried(comment, at))


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("later", [0, 3600])
def test_an_event_says_all_of_a_short_comment(public: bool, later: int) -> None:
    record = an_incident()
    comment = a_comment(record, public=public)
    assert said(record.id, _with(record, comment, later).event) == replace(comment, version=2)


@pytest.mark.parametrize(
    "more",
    [{"text": "ü" * (CARRIED_BYTES // 2) + "!"}, {"attachments": ("a|b|c|1",)}, {"page": "text/x/2.html"}],
    ids=["long", "with files", "with a page"],
)
def test_a_comment_that_is_more_than_a_few_words_is_an_entry_of_its_own(more: dict[str, str]) -> None:
    record = an_incident()
    assert said(record.id, _with(record, a_comment(record, **more)).event) is None


def test_the_first_event_says_the_opening_text() -> None:
    record = an_incident(text="It burns.")
    entry = said(record.id, record.event)
    assert entry is not None
    assert (entry.id, entry.text, entry.public, entry.by) == (OPENING, "It burns.", True, record.requester)


def test_words_and_who_may_see_them_are_under_the_chain() -> None:
    record = an_incident()
    after = _with(record, a_comment(record))
    for forged in (
        replace(after.event, text="We are not."),
        replace(after.event, public=False),
        replace(after.event, said_at=1),
    ):
        assert list(faults(record.id, [record.event, forged], forged, after.updated_at))
    assert not list(faults(record.id, [record.event, after.event], after.event, after.updated_at))


def test_what_a_ticket_was_opened_with_is_never_another_entry_of_its_journal() -> None:
    record = an_incident(text="It burns.")
    note, entry = a_comment(record, text="He always says so.", public=False), said(record.id, record.event)
    assert entry is not None
    assert (opening_words([entry, note]), opening_words([note])) == ("It burns.", "")
