"""The interpreter does what AWS was recorded doing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.infra.local.states.recorded import Case, Play

Outcome = dict[str, list[str]]


def played(cases: list[Case]) -> Outcome:
    """Every case's differences, and a line per category on the output."""
    found = {case["id"]: Play(case).run() for case in cases}
    counts: Counter[tuple[str, str, bool]] = Counter(
        (str(case["query_language"]), case["needs"], not found[case["id"]]) for case in cases
    )
    for language, needs in sorted({(language, needs) for language, needs, _ in counts}):
        passed, failed = counts[language, needs, True], counts[language, needs, False]
        print(f"{language:9} {needs:8} {passed} passed, {failed} failed")
    return found


def test_every_jsonata_case_ends_as_aws_recorded_it_event_for_event(recorded_cases: list[Any]) -> None:
    cases = [case for case in recorded_cases if case["query_language"] in ("JSONata", None)]
    assert len(cases) >= 92
    assert {name: problems for name, problems in played(cases).items() if problems} == {}
