"""What would have been: the same events under another policy, as a table and as a drawing."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from itsm.core.errors import MalformedError
from itsm.runtime import service_report, stories
from itsm.runtime.policies import Policies
from itsm.runtime.stories import Story
from itsm.runtime.what_if import compared, main, table

from tests.itsm.practices.service_level.world import STANDARD, Desk, at, policy

SHIPPED = resources.files("itsm_policy").joinpath("service_level.toml")
PATIENT = policy(
    replace(STANDARD, targets=dict.fromkeys(STANDARD.targets, replace(STANDARD.targets["P1"], response="2h")))
)


def told(desk: Desk, number: str) -> Story:
    record = replace(desk.record, number=number)
    return Story(record=record, events=tuple(desk.events), comments=tuple(desk.comments))


def a_month() -> list[Story]:
    quick = Desk("2026-03-02T09:00").start("2026-03-02T09:00").say("2026-03-02T09:05")
    quick.change("2026-03-02T11:00", state="resolved")
    slow = Desk("2026-03-03T09:00").start("2026-03-03T09:00").say("2026-03-03T10:00")
    slow.change("2026-03-03T12:00", state="resolved").change("2026-03-09T12:00", state="closed")
    other = Desk("2026-04-01T09:00").start("2026-04-01T09:00")
    return [told(quick, "INC1"), told(slow, "INC2"), told(other, "INC3")]


def test_the_same_events_are_measured_by_both_policies_and_only_those_of_the_period() -> None:
    found = compared(a_month(), policy(), PATIENT, at("2026-03-01"), at("2026-04-01"), until=at("2026-05-01"))
    assert found.records == 2
    (_, before, after), (everything, *_) = found.rows()
    assert (before.met, before.missed, after.met, after.missed) == (4, 2, 5, 1)
    assert everything == ("all", "")
    assert table(found).splitlines()[1].split() == ["email", "1", "6", "66.66", "%", "83.33", "%", "+16.67", "2", "1"]


def test_an_export_gives_back_what_a_clock_goes_by_and_no_word_of_a_person() -> None:
    for one in a_month():
        line = stories.to_line(one)
        again = stories.from_line(line)
        assert (again.record.number, again.record.group, len(again.events)) == (
            one.record.number, one.record.group, len(one.events),
        )  # fmt: skip
        found = compared([again], policy(), PATIENT, 0, at("2027-01-01"), until=at("2026-05-01"))
        plain = compared([one], policy(), PATIENT, 0, at("2027-01-01"), until=at("2026-05-01"))
        assert found == plain
        assert "We are looking at it" not in line
        assert "takes a minute" not in line


def test_a_line_that_is_none_is_named_by_its_number(tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    export.write_text(stories.to_line(a_month()[0]) + "\n\n{}\n")
    with pytest.raises(MalformedError, match=r"export.jsonl:3: this is no line of an export"):
        list(stories.read(export))


def export_to(path: Path) -> Path:
    desk = Desk("2026-03-02T09:00", Policies().service_level, group="network", service="website", impact=1, urgency=1)
    desk.start("2026-03-02T09:00").say("2026-03-02T09:05").change("2026-03-02T11:00", state="resolved")
    path.write_text(stories.to_line(told(desk, "INC1")) + "\n")
    return path


def test_the_command_prints_the_table_and_draws_the_chart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SHIPPED.read_text("utf-8")
    shorter = text.replace('P1 = { response = "15m", next_reply = "1h", resolution = "4h" }',
                           'P1 = { response = "15m", next_reply = "1h", resolution = "1h30m" }')  # fmt: skip
    assert shorter != text
    folder = tmp_path / "proposed"
    folder.mkdir()
    (folder / "service_level.toml").write_text(shorter)
    svg = tmp_path / "chart.svg"
    events = export_to(tmp_path / "export.jsonl")
    period = ["--from", "2026-03-01", "--to", "2026-04-01"]
    assert main(["--policy", str(folder), *period, "--events", str(events), "--svg", str(svg)]) == 0
    out = capsys.readouterr().out
    assert "1 records opened from 2026-03-01" in out
    assert [line.split()[-5:-3] for line in out.splitlines() if line.startswith("website")] == [["66.66", "%"]]
    drawn = ET.parse(svg).getroot()
    assert drawn.tag.endswith("svg")
    assert "100.00 % of 3" in svg.read_text()


def test_a_proposal_that_contradicts_itself_is_refused_with_file_line_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calendars.toml").write_text('[calendars.office]\nzone = "Mars/Base"\n')
    code = main(["--policy", str(tmp_path), "--from", "2026-03-01", "--to", "2026-04-01", "--events", "none.jsonl"])
    assert code == 1
    assert "calendars.toml:2: calendars.office.zone: 'Mars/Base' is no time zone" in capsys.readouterr().out


def test_an_export_that_is_not_there_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.jsonl"
    folder = tmp_path / "proposed"
    folder.mkdir()
    (folder / "service_level.toml").write_text(SHIPPED.read_text("utf-8"))
    assert main(["--policy", str(folder), "--from", "2026-03-01", "--to", "2026-04-01", "--events", str(missing)]) == 2
    assert "none.jsonl" in capsys.readouterr().out


@pytest.mark.parametrize(("file", "said"), [("", "holds no file of the policy"), ("service_levels.toml", "is no file")])
def test_a_folder_that_proposes_nothing_is_not_measured_as_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, said: str
) -> None:
    events = export_to(tmp_path / "export.jsonl")
    folder = tmp_path / "proposed"
    period = ["--from", "2026-03-01", "--to", "2026-04-01", "--events", str(events)]
    assert main(["--policy", str(folder), *period]) == 2
    folder.mkdir()
    if file:
        (folder / file).write_text(SHIPPED.read_text("utf-8"))
    assert main(["--policy", str(folder), *period]) == 2
    assert said in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("command", [main, service_report.main])
def test_a_period_that_ends_before_it_begins_is_refused_and_not_reported_as_empty(command: Any) -> None:
    proposal = ["--policy", "x"] if command is main else []
    with pytest.raises(SystemExit):
        command([*proposal, "--from", "2026-04-01", "--to", "2026-04-01", "--events", "none.jsonl"])
