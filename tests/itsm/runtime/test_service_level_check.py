"""Service levels that contradict themselves are refused where they stand: file, line and key."""

import re
import shutil
from importlib import resources
from pathlib import Path

import pytest
from itsm.practices.service_level import policy
from itsm.runtime.policy_check import check

OLA = """
[[agreement]]
name = "network-ola"
kind = "ola"
group = "network"
supports = "standard"
[agreement.targets]
P1 = { resolution = "5h" }
P2 = { resolution = "6h" }
P3 = { resolution = "2 business_days" }
P4 = { resolution = "4 business_days" }
"""

OF_SUNDAYS = """
[calendars.sundays]
hours = { sun = ["08:00-12:00"] }
[calendars.office]
beside = "sundays"
"""


@pytest.fixture
def organisation(tmp_path: Path) -> Path:
    """The shipped policy, to be spoilt."""
    with resources.as_file(resources.files("itsm_policy")) as shipped:
        shutil.copytree(shipped, tmp_path / "policy")
    return tmp_path / "policy"


def spoilt(folder: Path, file: str, old: str, new: str) -> list[str]:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return [str(finding) for finding in check(folder)]


def line_of(folder: Path, file: str, words: str) -> int:
    lines = (folder / file).read_text("utf-8").splitlines()
    return next(n for n, line in enumerate(lines, start=1) if words in line)


def test_an_ola_longer_than_its_sla(organisation: Path) -> None:
    path = organisation / "service_level.toml"
    path.write_text(path.read_text("utf-8") + OLA, "utf-8")
    (found,) = map(str, check(organisation))
    line = line_of(organisation, "service_level.toml", 'resolution = "5h"')
    assert found.startswith(
        f"service_level.toml:{line}: agreement.5.targets.P1.resolution: 5h in office does not fit inside 4h"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "reason"),
    [
        ("service_level.toml", "at = 75", "at = 1001", "agreement.0.levels.0.at", "no percentage"),
        ("service_level.toml", 'when = { practice = "request" }', "default = true", "agreement", "exactly one"),
        ("service_level.toml", '"6 business_days"', '"1h"', "hold.0.follow_up", "before the end"),
        ("calendars.toml", "Europe/Berlin", "Europe/Brlin", "calendars.office.zone", "no time zone"),
        (
            "calendars.toml",
            "[calendars.office]",
            '[calendars.office]\nbeside = "moon"',
            "calendars.office.beside",
            "no c",
        ),
        ("calendars.toml", "[calendars.office]", OF_SUNDAYS, "calendars.office.beside", "never opens together"),
        ("service_level.toml", "at = 75", 'before = "16h"', "agreement.0.levels.0.before", "never be reached"),
        (
            "service_level.toml",
            'levels = [{ at = 80, actions = ["note"]',
            'levels = [{ at = 80, actions = ["open-problem"]',
            "agreement.1.levels.0.actions",
            "is for incidents",
        ),
        ("service_level.toml", '"open-problem"', '"open-problems"', "agreement.0.levels.2.actions", "none of"),
        ("problem.toml", 'group = ""', 'group = "moon"', "group", "no group is called 'moon'"),
        ("problem.toml", 'close_after = "10', 'close_after = "100', "close_after", "up to 90 days"),
        (
            "jira.toml",
            "known_error = { category",
            "known_errors = { category",
            "practices.problem.status.known_error",
            "is missing",
        ),
        ("calendars.toml", 'zone = "Europe/Berlin"', 'zone = "Mars/Base"', "calendars.office.zone", "no time zone"),
        ("calendars.toml", "\nalways = true", "\nalways = false", "calendars.always.hours", "no open time"),
    ],
)
def test_a_contradiction_is_refused_with_file_line_and_key(
    organisation: Path, file: str, old: str, new: str, key: str, reason: str
) -> None:
    found = spoilt(organisation, file, old, new)
    assert any(one.startswith(f"{file}:") and f": {key}: " in one and reason in one for one in found), found


def test_what_the_readme_shows_is_read_and_contradicts_nothing(organisation: Path) -> None:
    text = Path(policy.__file__).with_name("README.md").read_text("utf-8")
    agreements, *_, calendars = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = organisation / "service_level.toml"
    fallback, _, shipped = path.read_text("utf-8").partition("[[agreement]]")
    before_holds = fallback.partition("[[hold]]")[0]  # the example has a hold of its own
    path.write_text(f"{before_holds}{agreements}\n[[agreement]]{shipped}", "utf-8")
    hours = organisation / "calendars.toml"
    hours.write_text(f"{hours.read_text('utf-8')}\n{calendars}\n[calendars.lift]\nalways = true\n", "utf-8")
    (organisation / "feeds").mkdir()
    (organisation / "feeds" / "germany.ics").write_text("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n")
    # the example is short: it has a row for the highest priority only
    assert [str(one) for one in check(organisation) if "there is no row for this priority" not in one.reason] == []


def test_calendars_that_lead_back_to_each_other_and_that_groups_work_by(organisation: Path) -> None:
    calendars = organisation / "calendars.toml"
    text = calendars.read_text("utf-8").replace("[calendars.desk]", '[calendars.desk]\nbeside = "office"', 1)
    calendars.write_text(text, "utf-8")
    first, second = spoilt(organisation, "calendars.toml", "[calendars.office]", '[calendars.office]\nbeside = "desk"')
    assert first.startswith("calendars.toml:8: calendars.office.beside: leads back to 'office'")
    assert "calendars.desk.beside: leads back to 'desk'" in second
