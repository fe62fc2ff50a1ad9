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
