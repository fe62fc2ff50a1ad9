"""The runner of cases runs files it has never seen, and counts what failed, what is a quirk and what is in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cases.__main__ import main, outcomes, run
from tests.cases.reading import Book, quirks

OFFICE = {"tz": "Europe/Berlin", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
FRIDAY = {"calendar": "office", "start": "2026-03-27T16:00:00", "target": {"working_seconds": 7200}}
README = """
# Cases
## Known quirks
1. `odd-1`, `-2`: counted wrongly on purpose.
3. `odd-*` with value 7: seven for none. `far-08..10`: far.
## Sources
`odd-3` is just a name here.
"""


def written(folder: Path, name: str, *cases: dict[str, Any]) -> Path:
    (folder / name).write_text(json.dumps({"calendars": {"office": OFFICE}, "cases": cases}))
    return folder


def test_every_shared_row_passes_is_a_named_quirk_or_is_in_words(shared: Callable[..., Path]) -> None:
    lines: list[str] = []
    total = run(shared("cases"), lines.append)
    assert total["failed"] == 0, "\n".join(line for line in lines if "failed   " in line)
    assert total["passed"] > 300
    assert lines[-1] == f"{total['passed']} passed, 0 failed"


def test_other_content_of_the_same_format_is_run_as_well(tmp_path: Path) -> None:
    right = {**FRIDAY, "id": "new-1", "expect": {"due": "2026-03-30T10:00:00"}}
    wrong = {**FRIDAY, "id": "new-2", "expect": {"due": "2026-03-30T11:00:00"}}
    strange = {**FRIDAY, "id": "new-3", "expect": {"mood": "good"}}
    lines: list[str] = []
    total = run(written(tmp_path, "sla-due.json", right, wrong, strange), lines.append)
    assert (total["passed"], total["failed"], total["in words"]) == (1, 1, 1)
    assert any("new-2: due: 2026-03-30T10:00:00, the case says 2026-03-30T11:00:00" in line for line in lines)
    assert main([str(tmp_path)]) == 1


def test_a_row_that_fails_is_a_quirk_only_if_the_readme_beside_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    late = {**FRIDAY, "expect": {"due": "2026-03-31T10:00:00"}}
    written(tmp_path, "sla-due.json", *({**late, "id": f"odd-{n}"} for n in (1, 2, 3)))
    found = {one.row: one.verdict for one in outcomes(Book(tmp_path, "sla-due.json"))}
    assert found == {"odd-1": "quirk", "odd-2": "quirk", "odd-3": "failed"}
    assert [pattern for pattern, _ in quirks(README)] == ["odd-1", "odd-2", "odd-*", "far-08", "far-09", "far-10"]


def test_a_folder_without_cases_is_an_error_and_not_a_success(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2


def test_a_calendar_that_is_wrong_fails_its_rows_and_stops_nothing(tmp_path: Path) -> None:
    broken = {**FRIDAY, "id": "a", "calendar": "nowhere", "expect": {"due": "2026-03-30T10:00:00"}}
    fine = {**FRIDAY, "id": "b", "expect": {"due": "2026-03-30T10:00:00"}}
    found = list(outcomes(Book(written(tmp_path, "sla-due.json", broken, fine), "sla-due.json")))
    assert [one.verdict for one in found] == ["failed", "passed"]


def test_a_file_of_any_name_is_read_by_what_its_rows_hold_in_any_order(tmp_path: Path) -> None:
    due = {"expect": {"due": "2026-03-30T10:00:00"}, **dict(reversed(FRIDAY.items())), "id": "due"}
    passed = {"end": "2026-03-30T10:00:00", "calendar": "office", "start": "2026-03-27T16:00:00", "id": "elapsed",
              "expect": {"working_seconds": 7200}}  # fmt: skip
    asked = {"kind": "is_working_day", "calendar": "office", "at": "2026-03-28", "expect": False, "id": "asked"}
    voted = {"votes": ["A", "R", "W"], "required_percent": 33, "expect": "ACCEPTED", "id": "voted"}
    told = {"id": "told", "source": "glpi-x", "calendar": "office", "given": {"created": "2026-03-27T16:00:00",
            "target_minutes": 120}, "events": [], "expect": {"due": "2026-03-30T10:00:00"}}  # fmt: skip
    wrong = {**asked, "id": "wrong", "expect": True}
    rows = [due, passed, asked, voted, told, wrong]
    for n, name in enumerate(("anything.json", "z.json")):
        written(tmp_path, name, *(rows if n else reversed(rows)))
        found = {one.row: one.verdict for one in outcomes(Book(tmp_path, name))}
        assert found == dict.fromkeys(("due", "elapsed", "asked", "voted", "told"), "passed") | {"wrong": "failed"}


def test_what_nobody_reads_is_said_and_a_row_that_makes_no_sense_stops_nothing(tmp_path: Path) -> None:
    content = {
        "schema": "x",
        "sources": {},
        "moods": [1],
        "machines": {"one": {"states": ["A"]}},
        "cases": [{}, {"x": 1}],
    }
    (tmp_path / "new.json").write_text(json.dumps(content))
    (tmp_path / "README.md").write_text(README)
    found = [(one.row, one.verdict) for one in outcomes(Book(tmp_path, "new.json"))]
    assert ("moods", "in words") in found
    assert ("one", "in words") in found
    assert len(found) == 4
    (tmp_path / "empty.json").write_text("{}")
    assert [one.verdict for one in outcomes(Book(tmp_path, "empty.json"))] == ["in words"]


def test_a_machine_that_contradicts_itself_fails_and_is_no_quirk(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "m.json").write_text(json.dumps({"machines": {"odd": {"transitions": {"a": {"go": "nowhere"}}}}}))
    assert [one.verdict for one in outcomes(Book(tmp_path, "m.json"))] == ["failed"]


def test_sentences_our_policy_can_answer_are_answered(tmp_path: Path) -> None:
    said = {
        "rules": ["required percent outside 0..100 is rejected", "any refused, any waiting, all accepted"],
        "invalid_inputs": [{"input": "'soon'", "expect": "error"}, {"input": "'4h'", "expect": "error"},
                           {"input": "x", "expect": "start unchanged"}],
    }  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps(said))
    verdicts = [one.verdict for one in outcomes(Book(tmp_path, "s.json"))]
    assert verdicts == ["passed", "passed", "passed", "failed", "in words"]


def test_garbage_among_files_and_rows_fails_by_itself_and_spoils_no_row_beside_it(tmp_path: Path) -> None:
    good = {**FRIDAY, "id": "good", "expect": {"due": "2026-03-30T10:00:00"}}
    target = {**good, "id": "target", "source": "zammad-x", "metric": "first_response", "where": "priority 2"}
    told = {"id": "told", "source": "zammad-x", "calendar": "office", "events": [], "expect": {"first_response_due":
            "2026-03-30T10:00:00"}, "given": {"created": "2026-03-27T16:00:00", "priority": 2}}  # fmt: skip
    rows = [17, None, "row", ["a"], {"id": "x", "events": None, "given": None}, good, target, told]
    (tmp_path / "a.json").write_text(json.dumps({"calendars": {"office": OFFICE}, "cases": rows, "machines": [1]}))
    for name, content in {"b": b'{"cases": 5}', "c": b"[1", "d": b"[1]", "e": b"\xff\x00"}.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    total = run(tmp_path, lambda line: None)
    assert (total["passed"], total["failed"]) == (3, 10)


def test_a_row_of_which_nothing_is_compared_does_not_pass(tmp_path: Path) -> None:
    asked = {"calendar": "office", "start": "2026-03-27T16:00:00"}
    rows = [
        {**asked, "id": "no target", "expect": {"due": "2000-01-01T00:00:00"}},
        {**FRIDAY, "id": "no answer", "expect": {}},
        {**FRIDAY, "id": "no day", "expect": {"time": "23:00"}},
    ]
    verdicts = {one.verdict for one in outcomes(Book(written(tmp_path, "a.json", *rows), "a.json"))}
    assert verdicts == {"in words"}


def test_hours_over_midnight_pauses_that_overlap_and_periods_far_away_are_read_as_well(tmp_path: Path) -> None:
    night = {"tz": "Europe/Berlin", "hours": {"mon": [["22:00", "06:00"]], "thu": [["18:00", "00:00"]]},
             "holiday_ranges": [["2026-01-01", "2026-05-31"]]}  # fmt: skip
    late = {"calendar": "night", "start": "2026-06-01T22:00:00"}
    pauses = [["2026-06-01T23:00:00", "2026-06-01T23:30:00"], ["2026-06-01T23:15:00", "2026-06-02T00:00:00"]]
    periods = [["2026-06-01T22:00:00", "2026-06-02T06:00:00"], ["2026-06-04T18:00:00", "2026-06-05T00:00:00"]]
    rows = [
        {**late, "target": {"working_seconds": 28800}, "pauses": pauses, "expect": {"due": "2026-06-04T19:00:00"}},
        {"kind": "open_periods", "calendar": "night", "origin": "2026-01-01T00:00:00", "take": 2, "expect": periods},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"calendars": {"night": night}, "cases": rows}))
    assert [one.said for one in outcomes(Book(tmp_path, "a.json"))] == ["", ""]
