"""Rulings: what peers state in a sentence rather than in numbers, put to our policy where that can answer it."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from itsm.core.approvals import ApprovalStep, approval_problems, overall
from itsm.core.duration import parse
from itsm.core.errors import PolicyError
from itsm.practices.service_level import rules
from itsm.practices.service_level.checks import problems

from tests.builders import an_incident
from tests.cases.reading import Book, Case, InWordsError, compared
from tests.itsm.practices.service_level.world import STANDARD, policy
from tests.support.organisation import an_approval_rule, approvals

STATES = ("accepted", "refused", "waiting")


def rows(name: str) -> Callable[[Mapping[str, Any]], Iterator[Case]]:
    """The sentences of a table as rows."""

    def read(table: Mapping[str, Any]) -> Iterator[Case]:
        for n, said in enumerate(table[name]):
            yield {"id": f"{name}.{n}", "said": said, "expect": None}

    return read


def ruling(case: Case, _: Book) -> list[str]:
    """A sentence about approvals, held to by ours in every case it speaks of."""
    said = str(case["said"])
    bounds = re.search(r"percent outside (\d+)\.\.(\d+) is rejected", said)
    if bounds:
        tried = {percent: _is_refused(percent) for percent in range(int(bounds[1]) - 2, int(bounds[2]) + 3)}
        wrong = {percent for percent, no in tried.items() if no != (not int(bounds[1]) <= percent <= int(bounds[2]))}
        # nobody's agreement is no approval: what asks for 0 percent is refused here, which the sentence leaves open
        return compared("percentages judged otherwise", sorted(wrong - {0}), [])
    if "any refused" in said and "any waiting" in said and "all accepted" in said:
        steps = [some for length in range(1, 5) for some in itertools.product(STATES, repeat=length)]
        wrong_steps = [some for some in steps if overall(list(some)) != _rolled_up(some)]
        return compared("steps rolled up otherwise", wrong_steps, [])
    raise InWordsError(said)


def _is_refused(percent: int) -> bool:
    rule = an_approval_rule("ada@example.org")
    asked = replace(rule, steps=(ApprovalStep(approvers=("ada@example.org",), percent=percent),))
    return any(key.endswith("percent") for key, _ in approval_problems(approvals(asked), ()))


def _rolled_up(steps: tuple[str, ...]) -> str:
    if "refused" in steps:
        return "refused"
    return "waiting" if "waiting" in steps else "accepted"


def refused(case: Case, _: Book) -> list[str]:
    """An input that makes no sense: a duration like it is refused when the policy is built."""
    said: Mapping[str, Any] = case["said"]
    if said.get("expect") != "error":
        raise InWordsError(f"{said}: refused here when the policy is built, so there is no answer to compare")
    texts = re.findall(r"'([^']+)'", str(said["input"])) + (["-1h"] if "negative" in str(said["input"]) else [])
    return compared("durations taken", [text for text in texts if _is_taken(text)], [])


def _is_taken(text: str) -> bool:
    try:
        parse(text)
    except PolicyError:
        return False
    return True


def choice(case: Case) -> list[str]:
    """Which of several agreements holds. Raises InWordsError where ours decides by what the row does not state."""
    given, expect = case["given"], case["expect"]
    told = " ".join(map(str, given.get("slas", ())))
    conditional = replace(STANDARD, name="conditional", default=False, when={"service": "email"})
    blank = replace(STANDARD, name="blank", default=False)
    if "blank condition" in told and "that matches" in told:
        chosen = {rules.choose(policy(*some), an_incident()).name
                  for some in itertools.permutations((conditional, STANDARD))}  # fmt: skip
        wanted = "conditional" if "with the condition" in str(expect.get("chosen")) else "standard"
        return compared("chosen", sorted(chosen), [wanted])
    if given.get("sla_condition") == "blank" and "matches" in expect:
        taken = not problems(policy(blank, STANDARD))
        return compared(
            "an agreement that is not the default one matches without a condition", taken, expect["matches"]
        )
    if told or "matches" in expect:
        raise InWordsError(
            f"{told or given}: ours are tried in the order they are written, which the row does not state"
        )
    raise InWordsError("states no target")
