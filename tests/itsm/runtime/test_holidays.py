"""What a process knows of feeds: asked for when a calendar needs it, once an hour; what fails breaks no clock."""

from datetime import date
from pathlib import Path

import pytest
from itsm.core.errors import ItsmError, MalformedError, OutsideError
from itsm.core.service_time import is_open
from itsm.runtime.holidays import AGE, SOON, Known
from itsm.runtime.policies import Policies

from tests.fakes import FakeHolidays
from tests.itsm.practices.service_level.world import at
from tests.itsm.runtime.test_feeds import CALENDARS, GOOD

MONDAY, TUESDAY = at("2026-01-05T10:00"), at("2026-01-06T10:00")
DAY = {"mon": date(2026, 1, 5).toordinal(), "tue": date(2026, 1, 6).toordinal()}


class Store(FakeHolidays):
    """A store that counts how often it is asked, and fails when told to."""

    def __init__(self, *days: int) -> None:
        super().__init__({"germany": frozenset(days)} if days else {})
        self.asked, self.trouble = 0, None

    trouble: ItsmError | None
    asked: int

    def get(self, feed: str) -> frozenset[int] | None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return super().get(feed)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A policy whose build came with a copy that closes Monday the fifth of January."""
    (tmp_path / "calendars.toml").write_text(
        CALENDARS.replace('{ mon = ["09:00-17:00"] }', '{ mon = ["09:00-17:00"], tue = ["09:00-17:00"] }')
    )
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "germany.ics").write_bytes(GOOD)
    return tmp_path


class Process:
    """A process with a clock, the policy as it reads it, and the store."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.time = MONDAY
        self.store = store
        self.policies = Policies(directory, newer=Known(lambda: store, lambda: self.time))

    def closed(self, name: str = "office") -> set[str]:
        hours = self.policies.calendars.named(name)
        return {day for day, at in (("mon", MONDAY), ("tue", TUESDAY)) if not is_open(hours, at)}


def test_nothing_is_asked_where_no_calendar_goes_by_a_feed(directory: Path) -> None:
    store = Store()
    (directory / "calendars.toml").write_text('[calendars.office]\nhours = { mon = ["09:00-17:00"] }\n')
    assert Process(directory, store).closed() == {"tue"}
    assert store.asked == 0


def test_what_was_fetched_takes_the_place_of_what_came_with_the_build(directory: Path) -> None:
    assert Process(directory, Store()).closed() == {"mon"}
    assert Process(directory, Store(DAY["tue"])).closed() == {"tue"}


def test_it_is_asked_for_once_an_hour_however_many_clocks_are_computed(directory: Path) -> None:
    store = Store(DAY["tue"])
    process = Process(directory, store)
    built = [process.policies.calendars.named("office") for _ in range(100)]
    assert store.asked == 1
    assert len(set(map(id, built))) == 1, "and its calendar is built once"
    store.put("germany", frozenset(DAY.values()))
    process.time += AGE - 1
    assert process.closed() == {"tue"}
    process.time += 1
    assert process.closed() == {"mon", "tue"}
    assert store.asked == 2


@pytest.mark.parametrize("trouble", [OutsideError("no answer"), MalformedError("no list of days")])
def test_when_it_cannot_be_read_the_last_good_days_hold(
    directory: Path, trouble: ItsmError, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(DAY["tue"])
    process = Process(directory, store)
    process.closed()
    store.trouble = trouble
    process.time += AGE
    assert process.closed() == {"tue"}
    assert "holidays could not be read" in caplog.messages
    assert (process.closed(), store.asked) == ({"tue"}, 2), "it is not asked for with every clock"
    store.trouble, process.time = None, process.time + SOON
    store.put("germany", frozenset())
    assert process.closed() == set()


def test_a_process_that_never_read_any_goes_by_the_copy_of_the_build(directory: Path) -> None:
    store = Store(DAY["tue"])
    store.trouble = OutsideError("no answer")
    assert Process(directory, store).closed() == {"mon"}


def test_a_copy_that_is_gone_changes_nothing_for_who_knew_it(directory: Path) -> None:
    store = Store(DAY["tue"])
    process = Process(directory, store)
    process.closed()
    store.kept.clear()
    process.time += AGE
    assert process.closed() == {"tue"}
