"""The service report: attainment by agreement and by whatever is asked, and who held the time of what was missed."""

from dataclasses import replace
from pathlib import Path

import pytest
from itsm.practices.service_level.policy import Penalty
from itsm.runtime import stories
from itsm.runtime.service_report import gathered, lines, main

from tests.itsm.practices.service_level.world import STANDARD, Desk, at, policy
from tests.itsm.runtime.test_what_if import a_month, export_to, told

LEVELS = policy(replace(STANDARD, goal=90, penalties=(Penalty(below=90, amount=750),)))


def test_the_report_says_what_was_attained_what_is_owed_and_who_held_the_time() -> None:
    slow = Desk("2026-03-03T15:00").start("2026-03-03T15:00").change("2026-03-03T16:00", group="new-york")
    slow.change("2026-03-03T22:00", state="resolved")
    some = [*a_month(), told(slow, "INC4")]
    found = gathered(some, LEVELS, at("2026-03-01"), at("2026-04-01"), at("2026-05-01"))
    said = lines(found, LEVELS, ["service", "priority", "metric"], "month")
    assert said[1].split() == ["standard", "2026-03", "44.44", "%", "9", "-5", "750"]
    assert ["email", "/", "1", "/", "response", "33.33", "%", "1", "2", "0"] in [line.split() for line in said]
    held = said[said.index("") :]
    assert any(line.startswith("new-york, new") for line in held)
    assert any(line.startswith("berlin, new") for line in held)


def test_a_promise_counts_in_the_period_in_which_it_was_kept_or_not_and_no_period_is_judged_by_a_part_of_it() -> None:
    met, missed = (Desk("2026-03-31T16:55").start("2026-03-31T16:55").say("2026-03-31T16:56") for _ in range(2))
    met.change("2026-04-01T10:00", state="resolved")
    missed.change("2026-04-09T10:00", state="resolved")
    some = [told(met, "INC1"), told(missed, "INC2")]
    begin, middle, end = at("2026-03-01"), at("2026-04-01"), at("2026-05-01")
    first, second = (gathered(some, LEVELS, *two, at("2026-06-01")) for two in ((begin, middle), (middle, end)))
    assert sorted((one.metric, one.met) for one in second.results) == [("resolution", False), ("resolution", True)]
    assert {(one.metric, one.met) for one in first.results} == {("response", True), ("next_reply", True)}
    whole = gathered(some, LEVELS, begin, end, at("2026-06-01"))
    assert len(whole.results) == len(first.results) + len(second.results)
    periods = [line.split()[1] for line in lines(first, LEVELS, ["service"], "month")[1:2]]
    assert periods == ["2026-03"]


def test_the_command_reads_an_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = export_to(tmp_path / "export.jsonl")
    period = ["--from", "2026-03-01", "--to", "2026-04-01"]
    assert main([*period, "--events", str(export), "--by", "group", "period"]) == 0
    assert "network / 2026-03" in capsys.readouterr().out
    assert main([*period, "--events", str(tmp_path / "none")]) == 2
    assert next(iter(stories.read(export))).record.number == "INC1"
