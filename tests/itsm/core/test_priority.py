"""Priority is what the organisation's own table says, and the table makes sense."""

import pytest
from itsm.core.errors import InvalidInputError
from itsm.core.priority import Priorities, priority, problems

TABLE = Priorities(
    matrix={"1": {"1": 1, "2": 2, "3": 3}, "2": {"1": 2, "2": 3, "3": 4}, "3": {"1": 3, "2": 4, "3": 4}},
    raised_by={"1": 2, "2": 1},
)


def test_criticality_raises_a_priority_but_never_above_the_highest() -> None:
    assert [priority(TABLE, 3, 3, criticality) for criticality in (0, 1, 2, 3)] == [4, 2, 3, 4]
    assert priority(TABLE, 1, 1, 1) == 1


@pytest.mark.parametrize(("impact", "urgency", "field"), [(4, 1, "impact"), (0, 1, "impact"), (1, 4, "urgency")])
def test_an_unknown_cell_is_refused_with_its_field_and_what_it_may_be(impact: int, urgency: int, field: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: . is none of 1, 2, 3$"):
        priority(TABLE, impact, urgency)


def test_the_lowest_priority_is_the_largest_number_of_the_table() -> None:
    assert TABLE.lowest == 4


@pytest.mark.parametrize(
    ("policy", "key", "reason"),
    [
        (Priorities(matrix={}), "matrix", "every impact needs a row"),
        (Priorities(matrix={"1": {}}), "matrix", "every impact needs a row"),
        (Priorities(matrix={"1": {"1": 0}}), "matrix.1.1", "1 or more"),
        (Priorities(matrix={"high": {"1": 1}}), "matrix.high", "an impact is a number"),
        (Priorities(matrix={"01": {"1": 1}}), "matrix.01", "an impact is a number"),
        (Priorities(matrix={"1": {"now": 1}}), "matrix.1.now", "an urgency is a number"),
        (Priorities(matrix={"1": {"1": 1, "2": 2}, "2": {"1": 2}}), "matrix.2", "urgency 2 has no priority here"),
        (Priorities(matrix={"1": {"1": 2, "2": 1}}), "matrix.1.2", "higher priority than a cell with more"),
        (Priorities(matrix={"1": {"1": 1, "2": 3}}), "matrix", "priority 2 is never given"),
        (Priorities(matrix={"1": {"1": 1}}, raised_by={"1": -1}), "raised_by.1", "0 or more steps"),
    ],
)
def test_a_table_that_contradicts_itself_is_named_with_its_key(policy: Priorities, key: str, reason: str) -> None:
    assert [text for where, text in problems(policy) if where == key and reason in text], problems(policy)
