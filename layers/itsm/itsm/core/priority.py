"""Priority: impact times urgency, from the organisation's own table; 1 is the highest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from itsm.core.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """priorities.toml. `matrix` gives the priority of an impact and an urgency (ITIL v3, Service Operation 4.2.5.4).

    `raised_by` says by how many steps the criticality of the service raises it; it never rises above 1.
    """

    matrix: Mapping[str, Mapping[str, int]]
    raised_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def lowest(self) -> int:
        """The number of the lowest priority."""
        return max(priority for row in self.matrix.values() for priority in row.values())


def priority(policy: Priorities, impact: int, urgency: int, criticality: int = 0) -> int:
    """The priority of an impact and an urgency, raised by the service's criticality (0: unknown, raises nothing).

    Raises InvalidInputError, naming the field and what it may be, for a cell the table does not have.
    """
    row = policy.matrix.get(str(impact))
    if row is None:
        raise InvalidInputError("impact", f"{impact} is none of {', '.join(policy.matrix)}")
    cell = row.get(str(urgency))
    if cell is None:
        raise InvalidInputError("urgency", f"{urgency} is none of {', '.join(row)}")
    return max(1, cell - policy.raised_by.get(str(criticality), 0))


def problems(policy: Priorities) -> list[tuple[str, str]]:
    """What is wrong with priorities.toml, as (key, reason): holes, numbers left out, contradictions."""
    if not policy.matrix or not all(policy.matrix.values()):
        return [("matrix", "every impact needs a row with at least one urgency")]
    found = [
        (f"matrix.{impact}.{urgency}", f"a priority is 1 or more, not {cell}")
        for impact, row in policy.matrix.items()
        for urgency, cell in row.items()
        if cell < 1
    ]
    found += [(f"matrix.{name}", "an impact is a number") for name in policy.matrix if not _is_number(name)]
    urgencies = {urgency for row in policy.matrix.values() for urgency in row}
    found += [(f"matrix.{impact}.{name}", "an urgency is a number")
              for impact, row in policy.matrix.items() for name in row if not _is_number(name)]  # fmt: skip
    found += [
        (f"matrix.{impact}", f"urgency {missing} has no priority here, but has one in another row")
        for impact, row in policy.matrix.items()
        for missing in sorted(urgencies - set(row))
    ]
    found += [
        (f"raised_by.{name}", f"a criticality raises by 0 or more steps, not {steps}")
        for name, steps in policy.raised_by.items()
        if steps < 0
    ]
    return found or _disorder(policy)


def _is_number(name: str) -> bool:
    """Whether a key is a number written the one way it is looked up: not "01", not "٤"."""
    return name.isascii() and name.isdecimal() and str(int(name)) == name


def _disorder(policy: Priorities) -> list[tuple[str, str]]:
    """Cells where more impact or more urgency would make a lower priority: 1 is the most of all three."""
    impacts = sorted(policy.matrix, key=int)
    urgencies = sorted(policy.matrix[impacts[0]], key=int)
    table = [[policy.matrix[impact][urgency] for urgency in urgencies] for impact in impacts]
    found = []
    for i, impact in enumerate(impacts):
        for u, urgency in enumerate(urgencies):
            above = table[i - 1][u] if i else 1
            left = table[i][u - 1] if u else 1
            if table[i][u] < max(above, left):
                found.append(
                    (f"matrix.{impact}.{urgency}", "is a higher priority than a cell with more impact or urgency")
                )
    used = {cell for row in table for cell in row}
    missing = sorted(set(range(1, max(used) + 1)) - used)
    return found + [("matrix", f"priority {number} is never given") for number in missing]
