"""Every file of the shared cases through our engine, and what came of it; for `make cases`."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from itsm.core.errors import ItsmError

from tests.cases import rulings, shapes, tables
from tests.cases.reading import FAILED, PASSED, QUIRK, WORDS, Book, Case, InWordsError, Outcome, named_quirk, quirks

type Check = Callable[[Case, Book], list[str]]
type Rows = Callable[[Mapping[str, Any]], Iterable[Case]]
TABLES: Mapping[str, tuple[Rows, Check]] = {
    "cases": (tables.plain("cases"), shapes.checked),
    "multi_step": (tables.plain("multi_step"), shapes.checked),
    "matrices": (tables.cells, tables.cell),
    "machines": (tables.machines, tables.machine),
    "rules": (rulings.rows("rules"), rulings.ruling),
    "invalid_inputs": (rulings.rows("invalid_inputs"), rulings.refused),
}
"""The tables a file may hold, whatever the file is called, and how a row of each is read."""
BESIDE = {"schema", "sources", "calendars"}
SENSELESS = (ItsmError, LookupError, ValueError, TypeError, AttributeError, OverflowError)
"""What a row that makes no sense raises: it failed, and the rows after it are run all the same."""


def outcomes(book: Book) -> Iterator[Outcome]:
    """What came of every row of a file; a table nobody knows how to read is said to be in words."""
    try:
        table = book.table()
    except (ValueError, TypeError) as error:
        yield Outcome(row=book.name, verdict=FAILED, said=f"cannot be read: {error}")
        return
    readme = book.folder / "README.md"
    known = quirks(readme.read_text("utf-8")) if readme.exists() else []
    for name in table:
        if name in TABLES:
            yield from _of_table(name, book, known)
        elif name not in BESIDE:
            yield Outcome(row=name, verdict=WORDS, said="no check is written for a table of this name")
    if not table.keys() & TABLES.keys():
        yield Outcome(row=book.name, verdict=WORDS, said="holds no table that a check is written for")


def _of_table(name: str, book: Book, known: Sequence[tuple[str, str]]) -> Iterator[Outcome]:
    rows, check = TABLES[name]
    try:
        for case in rows(book.table()):
            yield _outcome(case, check, book, known)
    except SENSELESS as error:
        yield Outcome(row=name, verdict=FAILED, said=f"is no table of rows: {type(error).__name__}: {error}")


def _outcome(case: Case, check: Check, book: Book, known: Sequence[tuple[str, str]]) -> Outcome:
    if not isinstance(case, Mapping):
        return Outcome(row=str(case)[:40], verdict=FAILED, said="is no row: an object was expected")
    try:
        found = check(case, book)
    except InWordsError as error:
        return Outcome(row=_name(case), verdict=WORDS, said=str(error))
    except SENSELESS as error:
        found = [f"{type(error).__name__}: {error}"]
    if not found:
        return Outcome(row=_name(case), verdict=PASSED)
    quirk = named_quirk(case, known)
    said = "; ".join(found)
    return Outcome(row=_name(case), verdict=QUIRK if quirk else FAILED, said=f"{said} [{quirk}]" if quirk else said)


def _name(case: Case) -> str:
    return str(
        case.get("id") or f"{case.get('calendar', 'a row')} {case.get('start', case.get('at', 'without an id'))}"
    )


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
