"""Numbers: human numbers from hi/lo blocks; one write for fifty tickets, gaps but never a double."""

from itsm.aws.models import Tables, counter_key
from itsm.aws.trouble import asked

BLOCK_SIZE = 50


class Numbers:
    """Hands out numbers of a block held in memory. A lost answer to its ADD wastes a block, doubles none."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._free: dict[str, list[int]] = {}

    def take(self, prefix: str) -> str:
        """The next number of a prefix: INC0000051."""
        free = self._free.setdefault(prefix, [])
        if not free:
            end = self._claim(prefix)
            free.extend(range(end, end - BLOCK_SIZE, -1))
        return f"{prefix}{free.pop():07d}"

    def give_back(self, prefix: str, number: str) -> None:
        """Keep a number that was surely not used for the next ticket."""
        self._free.setdefault(prefix, []).append(int(number.removeprefix(prefix)))

    def _claim(self, prefix: str) -> int:
        model = self._tables.counter
        row = model(pk=counter_key(prefix))
        with asked(f"no numbers for {prefix} could be had"):
            row.update(actions=[model.n.add(BLOCK_SIZE)])
        return int(row.n)
