"""Records: ids that are derived, versions that carry their event, changes that say what differs."""

import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsm.core.clock import RUNNING, Clock
from itsm.core.events import GENESIS, canonical, digest
from itsm.core.record import derived_id

from tests.builders import NOON, an_incident

TEXTS = st.text(max_size=60)


@given(TEXTS, TEXTS)
def test_an_id_is_the_same_for_the_same_key_and_fits_a_mail_address(source: str, key: str) -> None:
    assert derived_id(source, key) == derived_id(source, key)
    assert re.fullmatch(r"[a-z2-7]{16}", derived_id(source, key))


@given(st.lists(st.tuples(st.sampled_from(["mail", "form", "mai", "l"]), TEXTS), unique=True, max_size=50))
def test_different_keys_have_different_ids(pairs: list[tuple[str, str]]) -> None:
    assert len({derived_id(source, key) for source, key in pairs}) == len(pairs)


def test_source_and_key_do_not_run_into_each_other() -> None:
    assert derived_id("mail", "a") != derived_id("maila", "")


def test_a_record_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        an_incident().state = "closed"  # type: ignore[misc]


def test_a_change_is_the_next_version_with_its_event_chained_to_the_last() -> None:
    first = an_incident()
    second = first.changed("StateChanged", by="ada", origin="records", at=NOON + 5, state="in_progress", assignee="ada")
    assert (second.version, second.updated_at, second.event.version) == (2, NOON + 5, 2)
    assert second.event.changes == {"state": ("new", "in_progress"), "assignee": ("", "ada")}
    assert (first.event.previous, second.event.previous) == (GENESIS, first.event.hash)
    assert second.event.hash == digest(first.id, second.event)


def test_an_event_says_only_what_differs_and_details_one_by_one() -> None:
    record = an_incident(details={"plan": "restart", "risk": 2})
    changed = record.changed(
        "X", by="a", origin="o", at=1, state="new", details={"plan": "restart", "risk": 3, "by": "b"}
    )
    assert changed.event.changes == {"details.by": (None, "b"), "details.risk": (2, 3)}


def test_the_next_timer_is_the_earliest_of_the_clocks_that_run() -> None:
    def clock(next_at: int | None) -> Clock:
        return Clock(
            metric="m", agreement="a", calendar="c", target=1, state=RUNNING, started_at=0, since=0, next_at=next_at
        )

    assert an_incident(clocks=(clock(30), clock(None), clock(20))).next_timer == 20
    assert an_incident(clocks=(clock(None),)).next_timer is None


@given(TEXTS, TEXTS)
def test_events_that_differ_never_read_the_same(one: str, two: str) -> None:
    record = an_incident()
    events = [record.changed("X", by=by, origin="o", at=1).event for by in (one, two)]
    assert (canonical("id", events[0]) == canonical("id", events[1])) == (one == two)
