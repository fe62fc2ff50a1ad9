"""Shapes: what a row asks is told by what it holds, so that a file may have any name and any rows."""

from tests.cases import scenarios, service_hours, tables
from tests.cases.reading import Book, Case


def checked(case: Case, book: Book) -> list[str]:
    """The differences of a row, by the check of its kind. Raises InWordsError for a row of no known kind."""
    if "events" in case or "given" in case:
        return scenarios.scenario(case, book)
    if "kind" in case:
        return service_hours.predicate(case, book)
    if {"start", "end"} <= case.keys():
        return service_hours.elapsed(case, book)
    if "start" in case or "within_one_day" in case:
        return service_hours.due(case, book)
    return tables.vote(case, book)
