"""Every file of the shared cases through our engine, and what came of it; for `make cases`."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from itsm.core.errors import ItsmError

from tests.cases import scenarios, service_hours, tables
from tests.cases.reading import FAILED, PASSED, QUIRK, WORDS, Book, Case, InWordsError, Outcome, named_quirk, quirks

type Check = Callable[[Case, Book], list[str]]
type Rows = Callable[[Mapping[str, Any]], Iterable[Case]]
CASES = tables.plain("cases")
CHECKS: Mapping[str, Sequence[tuple[Rows, Check]]] = {
    "sla-due.json": [(CASES, service_hours.due)],
    "elapsed.json": [(CASES, service_hours.elapsed)],
    "calendar-predicates.json": [(CASES, service_hours.predicate)],
    "sla-scenarios.json": [(CASES, scenarios.scenario)],
    "approval-quorum.json": [(CASES, tables.vote), (tables.plain("multi_step"), tables.vote)],
    "priority-matrices.json": [(tables.cells, tables.cell)],
    "state-machines.json": [(tables.machines, tables.machine)],
}


def outcomes(book: Book) -> Iterator[Outcome]:
    """What came of every row of a file; one nobody knows how to read is said to be in words."""
    table = book.table()
    readme = book.folder / "README.md"
    known = quirks(readme.read_text("utf-8")) if readme.exists() else []
    if book.name not in CHECKS:
        yield Outcome(row=book.name, verdict=WORDS, said="no check is written for a file of this name")
    for rows, check in CHECKS.get(book.name, ()):
        for case in rows(table):
            yield _outcome(case, check, book, known)
    for said in ("invalid_inputs", "rules"):
        for n, row in enumerate(table.get(said, ())):
            yield Outcome(row=f"{said}.{n}", verdict=WORDS, said=str(row))


def _outcome(case: Case, check: Check, book: Book, known: Sequence[tuple[str, str]]) -> Outcome:
    try:
        found = check(case, book)
    except InWordsError as error:
        return Outcome(row=case["id"], verdict=WORDS, said=str(error))
    except (ItsmError, KeyError, ValueError, TypeError) as error:
        found = [f"{type(error).__name__}: {error}"]
    if not found:
        return Outcome(row=case["id"], verdict=PASSED)
    quirk = named_quirk(case, known)
    said = "; ".join(found)
    return Outcome(row=case["id"], verdict=QUIRK if quirk else FAILED, said=f"{said} [{quirk}]" if quirk else said)


def run(folder: Path, show: Callable[[str], object] = print, words: bool = False) -> Counter[str]:
    """Every file of a folder; shows a line for each, and under it the rows that did not pass. Returns the sums."""
    total: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        found = list(outcomes(Book(folder, path.name)))
        sums = Counter(one.verdict for one in found)
        total += sums
        counted = "".join(f"{sums[verdict]:5} {verdict}" for verdict in (PASSED, FAILED, QUIRK, WORDS))
        show(f"{path.name:28}{counted}")
        for one in found:
            if one.verdict in (FAILED, QUIRK) or (words and one.verdict == WORDS):
                show(f"    {one.verdict:8} {one.row}: {one.said}")
    show(f"{total[QUIRK]} differ by a named quirk, {total[WORDS]} are stated in words and were not run")
    show(f"{total[PASSED]} passed, {total[FAILED]} failed")
    return total


def main(arguments: Sequence[str]) -> int:
    """Run the folder given, else $ITSM_SHARED/cases; 1 when a row failed, 2 when there is nothing to run."""
    given = [one for one in arguments if not one.startswith("-")]
    shared = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    folder = Path(given[0]) if given else shared / "cases"
    if not any(folder.glob("*.json")):
        print(f"no file of cases in {folder}; set ITSM_SHARED to the folder that holds cases/")
        return 2
    return 1 if run(folder, words="--words" in arguments)[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
