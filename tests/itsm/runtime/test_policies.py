"""The organisation's policy: read strictly, checked wholly, and every fault said by file, line and key."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from itsm.core.errors import PolicyError
from itsm.core.events import Json
from itsm.runtime import policy_check
from itsm.runtime.policies import Policies
from itsm.runtime.policy_check import OWNERS, Finding, check, key_lines
from itsm.runtime.policy_reading import Reader, UnreadablePolicyError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the deployed policy to plant faults in."""
    shutil.copytree(
        str(resources.files("itsm_policy")), tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py*")
    )
    return tmp_path


def planted(directory: Path, file: str, old: str, new: str) -> int:
    """Replace one text of a file; returns the line it stands on."""
    path = directory / file
    text = path.read_text("utf-8")
    assert old in text, f"{file} has no {old!r} to plant a fault in"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_deployed_policy_has_no_fault() -> None:
    assert [str(finding) for finding in check()] == []


def test_every_file_is_an_attribute_read_once() -> None:
    policies = Policies()
    for name in OWNERS:
        assert getattr(policies, name) is getattr(policies, name)


def test_what_another_file_says_is_put_where_it_is_needed() -> None:
    policies = Policies()
    assert policies.change.services is policies.services
    assert policies.change.approval.groups is policies.groups
    assert policies.incident.priorities is policies.priorities
    assert policies.service_level.calendars is policies.calendars


def test_reading_one_file_reads_no_other(directory: Path) -> None:
    for path in directory.glob("*.toml"):
        if path.name != "groups.toml":
            path.unlink()
    assert "service-desk" in Policies(directory).groups.groups


def test_a_door_pays_for_no_check_and_for_no_pydantic() -> None:
    code = (
        "import sys; from itsm.runtime.policies import Policies; Policies().change;"
        "print([name for name in sys.modules if name in ('pydantic', 'itsm.runtime.policy_check', 'itsm.jira.policy')])"
    )
    path = {"PYTHONPATH": f"{ROOT / 'layers/itsm'}:{ROOT / 'layers/policy'}"}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_file_is_a_policy_error_that_names_file_and_key(directory: Path) -> None:
    planted(directory, "services.toml", "criticality = 2", 'criticality = "two"')
    with pytest.raises(PolicyError, match=r"services\.toml: services\.email\.criticality: is a whole number, not text"):
        _ = Policies(directory).services


GARDENING = """[practices.gardening]
project = "OPS"
issue_type = "Task"
status = {}
inbound = {}
[people]"""
FAULTS = [
    ("services.toml", "criticality = 2", "criticality = 9", "services.email.criticality", "from 1"),
    ("services.toml", "criticality = 2", "critical = 2", "services.email.critical", "is unknown here"),
    ("services.toml", 'group = "network"', 'group = "moon"', "services.email.group", "no group is called 'moon'"),
    ("services.toml", 'owner = "olga.owner@example.org"', 'owner = "olga"', "services.email.owner", "no mail address"),
    ("services.toml", 'items = ["mail-1", "mail-2"]', "items = [1]", "services.email.items.0", "is text, not 1"),
    ("groups.toml", 'calendar = "office"', 'calendar = "moon"', "groups.network.calendar", "no calendar is called"),
    ("groups.toml", 'lead = "network-lead@example.org"', 'lead = "x"', "groups.network.lead", "no mail address"),
    ("incident.toml", '"5 business_days"', '"200d"', "close_after", "up to 90 days"),
    (
        "incident.toml",
        'close_after = "5 business_days"',
        "close_after = true",
        "close_after",
        "is text, not true",
    ),
    ("request.toml", 'approvers = ["owner"]', 'approvers = ["boss"]', "approval.rules.0.steps.0.approvers", "'boss'"),
    (
        "request.toml",
        '"lead:workplace"',
        '"lead:moon"',
        "approval.rules.1.steps.0.approvers",
        "no group is called 'moon'",
    ),
    ("request.toml", "contains", "resembles", "approval.rules.1.when.title", "unknown operator"),
    (
        "change.toml",
        'when = { type = "standard" }',
        'when = { kind = "s" }',
        "approval.rules.0.when.kind",
        "no record has",
    ),
    ("change.toml", "start = 2026-12-19T00:00:00+01:00", "start = 2026-12-19T00:00:00", "freezes.0", "offset"),
    (
        "change.toml",
        'services = ["erp", "payroll"]',
        'services = ["moon"]',
        "freezes.0.services",
        "no service is called",
    ),
    ("change.toml", '1 = "high"', '1 = "huge"', "risk.criticality.1", "is no risk"),
    ("change.toml", "when = {}", 'when = { type = "x" }', "approval.rules", "the last rule must hold"),
    ("change.toml", 'last_resort = "lead:change-managers"', "", "approval.last_resort", "is missing"),
    (
        "change.toml",
        "max_minutes = 30",
        "max_minutes = 0.5",
        "templates.restart-web-node.max_minutes",
        "a whole number",
    ),
    ("routing.toml", "default =", "defaults =", "defaults", "is unknown here"),
    ("routing.toml", 'default = "service-desk"', 'default = "moon"', "default", "moon"),
    ("routing.toml", "contains", "resembles", "rule.5.when.title", "unknown operator"),
    ("sources.toml", 'lists = "hold"', 'lists = "burn"', "mail.lists", "burn"),
    ("forms.toml", 'value = "email"', 'value = "moon"', "form.request.question.4.choices.service", "moon"),
    (
        "forms.toml",
        'value = "3", label = "Only me"',
        'value = "7", label = "x"',
        "form.incident.question.5.choices",
        "'7'",
    ),
    ("calendars.toml", 'zone = "Europe/Berlin"', 'zone = "Europe/Atlantis"', "calendars.office.zone", "Atlantis"),
    ("priorities.toml", "[matrix]\n1 = { 1 = 1", "[matrix]\n1 = { 1 = 4", "matrix.", "priority"),
    ("service_level.toml", '"service.criticality" = 1', '"service.colour" = 1', "agreement.0.when", "no record has"),
    ("service_level.toml", 'response = "15m"', 'response = "soon"', "agreement.0.targets.P1.response", "soon"),
    ("jira.toml", 'category = "new"', 'category = "fresh"', "practices.incident.status.new.category", "fresh"),
    ("jira.toml", "[people]", GARDENING, "practices.gardening", "no practice with a process"),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "word"), FAULTS, ids=[f"{f[0]}-{f[3]}" for f in FAULTS])
def test_a_planted_fault_is_found_with_file_line_and_key(
    directory: Path, file: str, old: str, new: str, key: str, word: str
) -> None:
    before = set(check(directory))
    line = planted(directory, file, old, new)
    found = [finding for finding in check(directory) if finding not in before]
    told = [finding for finding in found if finding.file == file and finding.key.startswith(key)]
    assert told, [str(finding) for finding in found]
    assert word in " ".join(finding.reason for finding in told)
    # what is missing, and what several lines together do, stand at the table or list that holds them
    assert min(abs(finding.line - line) for finding in told) <= (40 if key in TABLES else 1)


TABLES = {
    *("approval.rules", "approval.last_resort", "freezes.0"),
    *("form.request.question.4.choices.service", "form.incident.question.5.choices"),
}


@pytest.mark.parametrize(
    ("break_it", "file", "word"),
    [
        (lambda path: path.unlink(), "groups.toml", "the file is missing"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "groups.toml", "not UTF-8"),
        (lambda path: path.write_text("a = 1\nb = \n[groups"), "groups.toml", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_once(
    directory: Path, break_it: Callable[[Path], object], file: str, word: str
) -> None:
    break_it(directory / file)
    [finding] = [finding for finding in check(directory) if finding.file == file]
    assert word in finding.reason
    assert finding.line == (2 if "TOML" in word else 1)


def test_a_file_nobody_reads_is_said(directory: Path) -> None:
    (directory / "chnage.toml").write_text("")
    assert [finding.file for finding in check(directory) if "nobody reads" in finding.reason] == ["chnage.toml"]


def test_the_check_prints_each_fault_and_fails(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted(directory, "incident.toml", '"5 business_days"', '"5 days"')
    assert policy_check.main([str(directory)]) == 1
    assert re.search(r"^incident\.toml:5: close_after: '5 days' is no duration", capsys.readouterr().out, re.MULTILINE)


def test_the_check_is_a_command_of_its_own() -> None:
    path = {"PYTHONPATH": f"{ROOT / 'layers/itsm'}:{ROOT / 'layers/policy'}"}
    command = [sys.executable, "-m", "itsm.runtime.policies"]
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"{len(OWNERS)} files, no fault" in done.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    size: int
    name: str = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    part: Part
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] | None = None
    share: float = 0.5
    on: date | None = None
    at: datetime | None = None
    opens: time | None = None
    when: Json = None
    other: str = field(default="", metadata={"from": "elsewhere"})


def read(table: Any) -> tuple[Any, list[tuple[str, str]]]:
    reader = Reader(lambda name: name.upper())
    return reader.table(Whole, table), reader.faults


def test_a_table_becomes_the_dataclass_its_types_describe() -> None:
    day, instant = date(2026, 1, 2), datetime.fromisoformat("2026-01-02T03:04:05+01:00")
    table = {
        "part": {"size": 1},
        "parts": [{"size": 2, "name": "y"}],
        "share": 1,
        "on": day,
        "at": instant,
        "opens": time(8),
        "when": {"a": [1, {"at_least": 2}]},
    }
    whole, faults = read(table)
    assert faults == []
    assert whole == Whole(
        part=Part(size=1),
        parts=(Part(size=2, name="y"),),
        share=1,
        on=day,
        at=instant,
        opens=time(8),
        when={"a": [1, {"at_least": 2}]},
        other="ELSEWHERE",
    )


@pytest.mark.parametrize(
    ("table", "key", "word"),
    [
        ({}, "part", "is missing"),
        ({"part": {}}, "part.size", "is missing"),
        ({"part": 1}, "part", "is a table, not 1"),
        ({"part": {"size": "1"}}, "part.size", "is a whole number, not text"),
        ({"part": {"size": 1.5}}, "part.size", "is a whole number, not 1.5"),
        ({"part": {"size": True}}, "part.size", "is a whole number, not true"),
        ({"part": {"size": 1}, "parts": {}}, "parts", "is a list, not a table"),
        ({"part": {"size": 1}, "parts": [{"size": 1}, {"size": []}]}, "parts.1.size", "not a list"),
        ({"part": {"size": 1, "colour": 1}}, "part.colour", "is unknown here; known are name, size"),
        ({"part": {"size": 1}, "on": datetime(2026, 1, 1)}, "on", "is a date"),  # noqa: DTZ001  # what TOML may hold
        ({"part": {"size": 1}, "when": {"a": date(2026, 1, 1)}}, "when.a", "cannot be compared"),
        ({"part": {"size": 1}, "other": "x"}, "other", "is unknown here"),
        ([], "", "is a table, not a list"),
    ],
)
def test_what_does_not_fit_is_said_by_key(table: Any, key: str, word: str) -> None:
    _, faults = read(table)
    assert [named for named, _ in faults] == [key]
    assert word in faults[0][1]


def test_all_faults_of_a_file_are_told_at_once(directory: Path) -> None:
    (directory / "incident.toml").write_text("close_after = 5\ncolour = 1\n")
    with pytest.raises(UnreadablePolicyError) as caught:
        _ = Policies(directory).incident
    assert {key for key, _ in caught.value.faults} == {"close_after", "colour"}


def test_keys_are_found_in_every_way_toml_writes_them() -> None:
    text = """top = 1
[a.b]
c = 1
"d.e" = 2
f.g = 3
[[list]]
x = 1
[list.inner]
y = '''
[not.a.table]
nor = "a key"
'''
[[list]]
x = [
    "[[", # not a table either
    ["a"],
]
z = { q = 1 }
[[list.deeper]]
w = 1
"""
    lines = key_lines(text)
    wanted = {
        "top": 1,
        "a.b": 2,
        "a.b.c": 3,
        "a.b.d.e": 4,
        "a.b.f.g": 5,
        "list.0": 6,
        "list.0.x": 7,
        "list.0.inner.y": 9,
    }
    wanted |= {"list.1": 13, "list.1.x": 14, "list.1.z": 18, "list.1.deeper.0": 19, "list.1.deeper.0.w": 20}
    assert {key: lines[key] for key in wanted} == wanted
    assert not [key for key in lines if "not" in key or "nor" in key]


def test_a_finding_reads_like_a_compilers() -> None:
    assert str(Finding(file="a.toml", line=3, key="b.c", reason="is wrong")) == "a.toml:3: b.c: is wrong"
    assert str(Finding(file="a.toml", line=1, key="", reason="is missing")) == "a.toml:1: is missing"
