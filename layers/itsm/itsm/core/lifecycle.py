"""Lifecycle: the states of a practice's records and the moves between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from itsm.core.errors import IllegalMoveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """States and legal moves.

    `held` states pause clocks; `answered` ones end the response clock; `met` ones stop all clocks. `reserved` moves are
    made by the process or an approval alone, never by hand: a person who could make them would be the approval.
    `revived` are ends that no move leads out of, but an objection that comes in time does: the record is at work again,
    under a new process.
    """

    initial: str
    moves: Mapping[str, frozenset[str]]
    held: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    met: frozenset[str] = frozenset()
    reserved: frozenset[tuple[str, str]] = frozenset()
    revived: frozenset[str] = frozenset()

    @property
    def states(self) -> frozenset[str]:
        """Every state of the lifecycle."""
        return frozenset(self.moves)

    @property
    def final(self) -> frozenset[str]:
        """The states nothing leads out of."""
        return frozenset(state for state, legal in self.moves.items() if not legal)

    def check(self, number: str, state: str, to: str) -> None:
        """Raise IllegalMoveError, naming the legal moves, unless `state` may become `to`."""
        legal = self.moves.get(state, frozenset())
        if to not in legal:
            raise IllegalMoveError(number, state, to, legal)

    def by_hand(self, state: str) -> frozenset[str]:
        """The states a person may move a record to from this one."""
        legal = self.moves.get(state, frozenset())
        return frozenset(to for to in legal if (state, to) not in self.reserved)

    def check_by_hand(self, number: str, state: str, to: str) -> None:
        """Raise IllegalMoveError, naming what is legal by hand, unless a person may make the move."""
        legal = self.by_hand(state)
        if to not in legal:
            raise IllegalMoveError(number, state, to, legal)
