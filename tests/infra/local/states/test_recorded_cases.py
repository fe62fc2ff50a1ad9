"""The interpreter does what AWS was recorded doing."""

from __future__ import annotations

from collections import Counter

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


# Cases whose difference is accepted, and why.
ACCEPTED = {
    "timeouts/test_timeouts.py::TestTimeouts::test_service_lambda_map_timeout": (
        "four time limits end at one instant; which of them AWS noted second is chance"
    ),
}


def test_every_case_ends_as_aws_recorded_it_event_for_event(recorded_cases: list[Case]) -> None:
    assert len(recorded_cases) >= 665
    found = {name: problems for name, problems in played(recorded_cases).items() if problems}
    assert {name: problems for name, problems in found.items() if name not in ACCEPTED} == {}
    # An accepted difference is one of order only, and one that is gone is taken off the list.
    for name in ACCEPTED:
        assert [problem.split(" of ")[0] for problem in found[name]] == ["previousEventId"], found[name]
