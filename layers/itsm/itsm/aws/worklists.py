"""Worklists: a group's open records, a person's own and what one asked for, each from its index, a page at a time."""

from collections.abc import Callable

from itsm.aws import items
from itsm.aws.models import META, NO_DUE, RecordItem, Tables, ticket_key
from itsm.aws.trouble import asked
from itsm.core.ports import Page, Row
from itsm.core.record import Record


class Worklists:
    """The worklist part of the `Records` port."""

    _tables: Tables

    def worklist(self, name: str, after: str = "", limit: int = 25, by: str = "group") -> Page:
        """One page of an index; people's name keys alone, and one batch reads the records of a page."""
        pages: dict[str, Callable[[str, str, int], Page]] = {
            "group": self._of_group,
            "assignee": self._assigned,
            "requester": self._requested,
        }
        return pages[by](name, after, limit)

    def _of_group(self, group: str, after: str, limit: int) -> Page:
        index, (place, _, last) = self._tables.record.worklist_index, after.rpartition("#")
        start = _start(last, wl={"S": group}, wlk={"S": place}) if after else None
        with asked("the worklist could not be read"):
            rows = list(index.query(group, limit=limit + 1, last_evaluated_key=start))
        page = rows[:limit]
        return Page(rows=tuple(map(_row, page)), next=_place(page[-1].wlk, page[-1]) if len(rows) > limit else "")

    def _assigned(self, person: str, after: str, limit: int) -> Page:
        index, (opened, _, last) = self._tables.record.assignee_index, after.rpartition("#")
        start = _start(last, asg={"S": person}, opened={"N": opened}) if after else None
        with asked("the worklist could not be read"):
            rows = list(index.query(person, limit=limit + 1, last_evaluated_key=start))
        return self._page(rows, limit)

    def _requested(self, person: str, after: str, limit: int) -> Page:
        index, (opened, _, last) = self._tables.record.requester_index, after.rpartition("#")
        start = _start(last, req={"S": person}, opened={"N": opened}) if after else None
        with asked("the worklist could not be read"):
            rows = list(index.query(person, limit=limit + 1, scan_index_forward=False, last_evaluated_key=start))
        return self._page(rows, limit)

    def _page(self, rows: list[RecordItem], limit: int) -> Page:
        page = rows[:limit]
        with asked("the records of a worklist could not be read"):
            found = {item.pk: item for item in self._tables.record.batch_get([(row.pk, META) for row in page])}
        listing = (_of_record(items.to_record(found[row.pk])) for row in page if row.pk in found)
        return Page(rows=tuple(listing), next=_place(int(page[-1].opened), page[-1]) if len(rows) > limit else "")


def _place(at: str | int, last: RecordItem) -> str:
    return f"{at}#{last.pk.removeprefix('T#')}"


def _start(last: str, **keys: dict[str, str]) -> dict[str, dict[str, str]]:
    """The keys of the row a page ended with; records stand at one place of an index, so it takes their own as well."""
    return {**keys, "pk": {"S": ticket_key(last)}, "sk": {"S": META}}


def _of_record(record: Record) -> Row:
    return Row(
        id=record.id,
        number=record.number,
        practice=record.practice,
        title=record.title,
        state=record.state,
        priority=record.priority,
        due=items.due_of(record),
        assignee=record.assignee,
    )


def _row(item: RecordItem) -> Row:
    due = int(item.wlk.partition("#")[0])
    return Row(
        id=item.pk.removeprefix("T#"),
        number=item.num,
        practice=item.practice,
        title=item.title,
        state=item.state,
        priority=int(item.prio),
        due=None if due == NO_DUE else due,
        assignee=item.asg or "",
    )
