"""An item of the catalogue that contradicts itself is refused where it stands: file, line and key."""

import shutil
from importlib import resources
from pathlib import Path

import pytest
from itsm.runtime.policy_check import check

AFTER = 'after = ["deliver", "access"]'


@pytest.fixture
def organisation(tmp_path: Path) -> Path:
    """The shipped policy, to be spoilt."""
    with resources.as_file(resources.files("itsm_policy")) as shipped:
        shutil.copytree(shipped, tmp_path / "policy")
    return tmp_path / "policy"


def spoilt(folder: Path, old: str, new: str) -> tuple[str, int]:
    """What is found, and the line the fault was put on."""
    path = folder / "forms.toml"
    text = path.read_text("utf-8")
    head, found, tail = text.rpartition(old)
    assert found
    path.write_text(head + new + tail, "utf-8")
    return "\n".join(map(str, check(folder))), head.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('name = "access"', 'name = "deliver"', "fulfilment.1.name", "another task is called 'deliver'"),
        ('name = "access"', 'name = "The access"', "fulfilment.1.name", "is no name"),
        ('group = "network"', 'group = "nobody"', "fulfilment.1.group", "no group is called 'nobody'"),
        ('what = "Get the laptop"', 'what = ""', "fulfilment.0.what", "what is to be done"),
        (AFTER, 'after = ["pack"]', "fulfilment.2.after", "no task is called 'pack'"),
        (AFTER, 'after = ["hand-over"]', "fulfilment.2.after", "is a circle: hand-over waits for hand-over"),
        ('due = "5 business_days"', 'due = "soon"', "fulfilment.0.due", "'soon' is no duration"),
        ('{ "details.vpn" = "yes" }', '{ "details.wifi" = "yes" }', "fulfilment.1.when", "no record has such a fact"),
        ('practice = "request"', 'practice = "incident"', "practice", "only a request"),
        ('domains = ["example.org"]\n', "\n", "approval.rules.1", "keep approvers in-house"),
        ('steps = [{ approvers = ["field:manager"], hours = 72 }]', "after = true\nsteps = []", "approval.rules.1", ""),
        (
            '{ "details.cost" = { at_least = 1 } }',
            '{ "details.price" = { at_least = 1 } }',
            "approval.rules.1.when.details.price",
            "no record has such a fact",
        ),
        ('approvers = ["owner"]', 'approvers = ["lead:nobody"]', "approval.rules.0.steps.1.approvers", "no group"),
    ],
)
def test_what_contradicts_itself_is_named_by_its_line_and_key(
    organisation: Path, old: str, new: str, key: str, reason: str
) -> None:
    found, line = spoilt(organisation, old, new)
    assert f"form.laptop.{key}" in found
    assert reason in found
    if "\n" not in old and key.startswith("fulfilment"):
        assert f"forms.toml:{line}: form.laptop.{key}" in found


def test_a_circle_through_several_tasks_is_told_once_with_the_whole_of_it(organisation: Path) -> None:
    found, line = spoilt(organisation, 'due = "5 business_days"', 'after = ["hand-over"]')
    assert found.splitlines() == [
        f"forms.toml:{line}: form.laptop.fulfilment.0.after: is a circle: deliver waits for hand-over waits for deliver"
    ]


def test_a_field_approves_in_the_catalogue_alone(organisation: Path) -> None:
    path = organisation / "request.toml"
    path.write_text(path.read_text("utf-8").replace('["owner"]', '["field:manager"]', 1), "utf-8")
    (found,) = map(str, check(organisation))
    assert "request.toml" in found
    assert "approval.rules.0.steps.0.approvers" in found
