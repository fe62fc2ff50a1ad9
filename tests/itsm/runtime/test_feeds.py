"""Fetching feeds: a good one replaces its copy, a bad one never does."""

from datetime import date
from pathlib import Path

import pytest
from itsm.core.errors import MalformedError, OutsideError
from itsm.runtime.feeds import main
from itsm.runtime.policies import Policies

from functions.calendar_feeds.app import handler
from tests.fakes import FakeHolidays, FakePorts
from tests.itsm.practices.service_level.world import at

CALENDARS = """
[feeds]
germany = "https://example.org/germany.ics"
france = "https://example.org/france.ics"
[calendars.office]
ical = "germany"
hours = { mon = ["09:00-17:00"] }
"""
GOOD = b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260105\r\nEND:VEVENT\r\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "calendars.toml").write_text(CALENDARS)
    return tmp_path


def test_a_good_feed_is_kept_as_the_copy_that_clocks_read(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(directory)], lambda _: GOOD) == 0
    assert "new  germany: 1 days" in capsys.readouterr().out
    assert Policies(directory).calendars.copies.texts["germany"].encode() == GOOD


@pytest.mark.parametrize("answer", [b"", b"<html>down</html>", b"BEGIN:VEVENT\r\nEND:VEVENT", None])
def test_a_broken_feed_leaves_the_last_good_copy(
    directory: Path, answer: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(directory)], lambda _: GOOD)

    def broken(_: str) -> bytes:
        if answer is None:
            raise OutsideError("no route")
        return answer

    assert main([str(directory)], broken) == 1
    assert "kept germany" in capsys.readouterr().out
    assert Policies(directory).calendars.copies.texts["germany"].encode() == GOOD


TODAY = at("2026-01-02T09:00")


@pytest.fixture
def ports(directory: Path) -> FakePorts:
    """A deployment whose policy names two feeds, the first of which an office goes by."""
    made = FakePorts(time=TODAY, policies=Policies(directory))
    made.published = {"https://example.org/germany.ics": GOOD, "https://example.org/france.ics": GOOD}
    return made


def refreshed(ports: FakePorts) -> str:
    """What the door raised, as the queue of failures will hold it."""
    try:
        handler.on({}, ports)
    except OutsideError as error:
        return str(error)
    return ""


def calendar(*days: str) -> bytes:
    return "\r\n".join(f"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day}\r\nEND:VEVENT" for day in days).encode()


def year(number: int, days: int) -> bytes:
    return calendar(*(f"{date.fromordinal(date(number, 1, 1).toordinal() + n):%Y%m%d}" for n in range(days)))


def test_the_door_keeps_what_every_feed_says(ports: FakePorts) -> None:
    assert refreshed(ports) == ""
    assert ports.holidays.kept == dict.fromkeys(("germany", "france"), frozenset({date(2026, 1, 5).toordinal()}))


def mondays(*years: int) -> bytes:
    every = range(date(min(years), 1, 1).toordinal(), date(max(years), 12, 31).toordinal())
    return calendar(*(f"{date.fromordinal(day):%Y%m%d}" for day in every if day % 7 == 1))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "nobody answers"),
        (b"", "names a whole day"),
        (b"<html>Down for maintenance</html>", "names a whole day"),
        (b"\xff\xfe\x00" * 100, "names a whole day"),
        (year(2027, 300), "closes 300 days of 2027"),
        (mondays(2026, 2027), "no open hour"),
    ],
    ids=["none", "empty", "a page", "noise", "a whole year", "every Monday of an office that opens on Mondays"],
)  # fmt: skip
def test_a_feed_that_fails_leaves_its_last_good_days_and_the_others_are_kept(
    ports: FakePorts, answer: bytes | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = frozenset({date(2026, 4, 3).toordinal()})
    ports.holidays.put("germany", before)
    ports.published = {"https://example.org/france.ics": GOOD}
    if answer is not None:
        ports.published["https://example.org/germany.ics"] = answer
    assert "germany" in refreshed(ports)
    assert ports.holidays.kept["germany"] == before
    assert "france" in ports.holidays.kept
    [said] = [record for record in caplog.records if record.message == "feed was not kept"]
    assert why in str(said.__dict__["why"])


def test_a_change_ahead_is_counted_for_an_alarm_and_nothing_else_is(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    ports.published["https://example.org/france.ics"] = calendar("20250714")
    refreshed(ports)
    assert capsys.readouterr().out.count('"FeedChanged"') == 2, "a day ahead is new to germany; name and value"
    refreshed(ports)
    ports.published["https://example.org/france.ics"] = calendar("20240714")
    refreshed(ports)
    assert "FeedChanged" not in capsys.readouterr().out, "the same again, and a day that is over"
    ports.published["https://example.org/germany.ics"] = calendar("20260105", "20261224")
    refreshed(ports)
    assert "FeedChanged" in capsys.readouterr().out


def test_what_the_build_came_with_is_no_change(ports: FakePorts, capsys: pytest.CaptureFixture[str]) -> None:
    directory = Path(str(ports.policies._directory))
    main([str(directory)], lambda _: GOOD)
    capsys.readouterr()
    refreshed(ports)
    assert "FeedChanged" not in capsys.readouterr().out


def test_a_kept_copy_that_cannot_be_read_is_written_anew(ports: FakePorts) -> None:
    class Spoilt(FakeHolidays):
        def get(self, feed: str) -> frozenset[int] | None:
            raise MalformedError("no list of days")

    ports.holidays = Spoilt()
    assert refreshed(ports) == ""
    assert ports.holidays.kept["germany"] == {date(2026, 1, 5).toordinal()}


def test_a_policy_without_feeds_fetches_nothing(ports: FakePorts, directory: Path) -> None:
    (directory / "calendars.toml").write_text('[calendars.office]\nhours = { mon = ["09:00-17:00"] }\n')
    assert (refreshed(ports), ports.holidays.kept) == ("", {})
