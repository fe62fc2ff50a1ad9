"""Relations: one matter in two tickets made one, two matters in one made two, and which ticket is part of which."""

from collections.abc import Callable, Mapping

from itsm.core.errors import InvalidInputError
from itsm.core.events import Json
from itsm.core.record import Record, opened
from itsm.service_desk import quarantine

MERGED_INTO, PARENT, RELATED = "merged_into", "parent", "related"
MAX_STEPS = 20
"""How far a chain of tickets is followed; people build none that long."""

type Find = Callable[[str], Record | None]
"""The record of a number, None where there is none."""


def follow(record: Record, find: Find) -> Record:
    """The ticket a merged one lives on in, through however many merges; one that bites itself ends there."""
    seen = {record.id}
    while (number := str(record.details.get(MERGED_INTO, ""))) and len(seen) < MAX_STEPS:
        onward = find(number)
        if onward is None or onward.id in seen:
            break
        seen.add(onward.id)
        record = onward
    return record


def check_merge(record: Record, into: Record, find: Find) -> tuple[Record, ...]:
    """The tickets above the other. Raises InvalidInputError where a ticket cannot be merged into it.

    As long as none of them changes, the answer holds.
    """
    if record.details.get(MERGED_INTO) == into.number:
        return ()
    if into.id == record.id:
        raise InvalidInputError("into", f"is {record.number} itself")
    if follow(into, find).id == record.id:
        raise InvalidInputError("into", f"{into.number} has itself been merged into {record.number}")
    if into.practice != record.practice:
        raise InvalidInputError("into", f"{into.number} is no {record.practice}, as {record.number} is")
    if into.details.get(MERGED_INTO):
        raise InvalidInputError(
            "into", f"{into.number} has been merged into {into.details[MERGED_INTO]}; name that one"
        )
    if record.details.get(MERGED_INTO):
        raise InvalidInputError("into", f"{record.number} was merged into {record.details[MERGED_INTO]} already")
    above = _above(into, find)
    if any(one.id == record.id for one in above):
        raise InvalidInputError("into", f"{into.number} is part of {record.number}; take it out of that first")
    return above[1:]


def check_parent(record: Record, parent: Record, find: Find) -> tuple[Record, ...]:
    """The tickets above, nearest first. Raises InvalidInputError where a ticket would come to be part of itself.

    As long as none of them changes, the answer holds.
    """
    above = _above(parent, find)
    if any(one.id == record.id for one in above):
        raise InvalidInputError("parent", f"{parent.number} is part of {record.number} already: a circle")
    if len(above) == MAX_STEPS:
        raise InvalidInputError("parent", f"{parent.number} stands more than {MAX_STEPS} levels deep")
    return above


def _above(record: Record, find: Find) -> tuple[Record, ...]:
    """The ticket and those it is part of, nearest first, each merged one followed by that which it lives on in."""
    above = [record]
    while len(above) < MAX_STEPS:
        last = follow(above[-1], find)
        if last.id == above[-1].id:
            number = str(last.details.get(PARENT, ""))
            parent = find(number) if number else None
            if parent is None:
                break
            last = parent
        above.append(last)
    return tuple(above)


def joined_by(into: Record, record: Record, most: int) -> tuple[str, ...]:
    """Who takes part in a ticket once another is merged into it."""
    people = dict.fromkeys([*into.participants, record.requester, *record.participants])
    return tuple(one for one in people if one != into.requester and "@" in one)[:most]


def split_off(record: Record, *, id_: str, title: str, text: str, initial: str, by: str, at: int) -> Record:
    """A new ticket of the same practice, service and people about a matter that came up in another."""
    details: Mapping[str, Json] = {RELATED: record.number, "trust": record.details.get("trust", 1)}
    return opened(
        f"{record.practice.capitalize()}Opened",
        by=by,
        origin="records",
        at=at,
        text=text,
        id=id_,
        practice=record.practice,
        state=initial,
        title=title,
        source="records",
        requester=record.requester,
        requester_name=record.requester_name,
        service=record.service,
        impact=record.impact,
        urgency=record.urgency,
        priority=record.priority,
        group=quarantine.GROUP,
        participants=record.participants,
        details=details,
    )
