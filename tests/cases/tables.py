"""Tables: quorums, priority matrices and state machines of other systems, read by our own rules."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from itsm.core.approvals import overall, quorum
from itsm.core.errors import IllegalMoveError
from itsm.core.lifecycle import Lifecycle
from itsm.core.priority import Priorities, priority
from itsm.practices import incident
from itsm.practices.service_level.hold import REASONS

from tests.cases.reading import Book, Case, InWordsError, compared


def vote(case: Case, _: Book) -> list[str]:
    """A step of an approval: the percentage that must agree, and the votes so far; or several steps in order."""
    if "steps" in case:
        return compared("steps", overall([step.lower() for step in case["steps"]]).upper(), case["expect"])
    if not {"votes", "required_percent"} <= case.keys():
        raise InWordsError("no votes to count")
    votes = case["votes"]
    ours = quorum(votes.count("A"), votes.count("R"), len(votes), percent=case["required_percent"])
    return compared("step", ours.upper(), case["expect"])


def cells(table: Case) -> Iterator[Case]:
    """Every cell of every matrix as a row of its own."""
    for matrix in table["matrices"]:
        for first, row in matrix["table"].items():
            for second, expected in row.items():
                yield {"id": f"{matrix['id']}:{first}x{second}", "table": matrix["table"], "first": int(first),
                       "second": int(second), "expect": expected}  # fmt: skip


def cell(case: Case, _: Book) -> list[str]:
    """One cell, looked up through our policy."""
    return compared(
        "priority", priority(Priorities(matrix=case["table"]), case["first"], case["second"]), case["expect"]
    )


def machines(table: Case) -> Iterator[Case]:
    """Every machine as a row."""
    for name, machine in table["machines"].items():
        yield {"id": name, **machine}


def machine(case: Case, _: Book) -> list[str]:
    """A peer's machine as one of our lifecycles: what it names is legal, and nothing else is."""
    moves: dict[str, set[str]] = {}
    if "transitions" in case:
        moves = {state: set(events.values()) for state, events in case["transitions"].items()}
    elif "main_path" in case:
        moves = {state: set() for state in case["states"]}
        for here, there in pairwise(case["main_path"]):
            moves[here].add(there)
    elif "on_hold_reasons" in case:
        return _incident(case)
    else:
        raise InWordsError("names states without the moves between them")
    lifecycle = Lifecycle(initial=next(iter(moves)), moves={here: frozenset(there) for here, there in moves.items()})
    missing = {there for legal in moves.values() for there in legal} - lifecycle.states
    wrong = [
        f"{here} to {there}"
        for here in moves
        for there in moves
        if _legal(lifecycle, here, there) != (there in moves[here])
    ]
    return compared("unknown states", sorted(missing), []) + compared("wrong moves", wrong, [])


def _incident(case: Case) -> list[str]:
    """A peer's incident beside ours: the same states, the same reasons to wait, and a closed one is over."""
    theirs = {OURS.get(state, state).lower().replace(" ", "_") for state in case["states"]}
    reasons = {OURS.get(reason, reason).removeprefix("Awaiting ").lower() for reason in case["on_hold_reasons"]}
    found = compared("states", sorted(incident.LIFECYCLE.states), sorted(theirs))
    found += compared("reasons to wait", sorted(REASONS), sorted(reasons))
    if any("closed incidents cannot be reopened" in rule for rule in case.get("rules", ())):
        found += compared("a closed one leads to", sorted(incident.LIFECYCLE.moves["closed"]), [])
    return found


OURS = {"Canceled": "cancelled", "Awaiting Caller": "Awaiting requester", "Awaiting Vendor": "Awaiting supplier"}
"""Words of other desks for what we call otherwise."""


def _legal(lifecycle: Lifecycle, here: str, there: str) -> bool:
    try:
        lifecycle.check("a peer's ticket", here, there)
    except IllegalMoveError:
        return False
    return True


def plain(key: str) -> Any:
    """The rows under a key of a file."""
    return lambda table: table.get(key, ())
