"""Fetching feeds: a good one replaces its copy, a bad one never does."""

from pathlib import Path

import pytest
from itsm.runtime.feeds import download, main
from itsm.runtime.policies import Policies

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
            raise OSError("no route")
        return answer

    assert main([str(directory)], broken) == 1
    assert "kept germany" in capsys.readouterr().out
    assert Policies(directory).calendars.copies.texts["germany"].encode() == GOOD


def test_nothing_but_https_is_fetched() -> None:
    with pytest.raises(ValueError, match="no address of https"):
        download("ftp://example.org/x")
