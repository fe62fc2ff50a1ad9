"""What the product asks of its environment is what the templates set, name by name."""

import re
from collections.abc import Iterator

import pytest

from tests.infra.aws import rules
from tests.infra.aws.estate import ROOT, Estate, load

LAMBDAS_OWN = {"AWS_REGION"}
READ_BY_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"}
PROCESS = re.compile(r"PROCESS_[A-Z_]+")


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The estate as it is."""
    return load()


def asked() -> Iterator[str]:
    """Every name the product reads: `address("...")`, queues by theirs, and a secret by `<NAME>_SECRET_ARN`."""
    for source in (*(ROOT / "layers/itsm").rglob("*.py"), *(ROOT / "functions").rglob("*.py")):
        text = source.read_text()
        yield from re.findall(r"""(?:address|_queue)\(["']([A-Z_]+)["']\)""", text)
        yield from (f"{name.upper()}_SECRET_ARN" for name in re.findall(r"""secrets\.get\(["'](\w+)["']\)""", text))


def given(estate: Estate) -> set[str]:
    """Every name the templates set."""
    functions = estate.of_type(rules.FUNCTION)
    return {name for function in functions for name in function.properties["Environment"]["Variables"]}


def test_whatever_the_product_asks_for_is_set_somewhere(estate: Estate) -> None:
    assert set(asked()) - given(estate) - LAMBDAS_OWN == set()


def test_nothing_is_set_that_nobody_asks_for(estate: Estate) -> None:
    unasked = given(estate) - set(asked()) - READ_BY_POWERTOOLS
    assert {name for name in unasked if not PROCESS.fullmatch(name)} == set()


def test_every_process_is_known_to_what_starts_it(estate: Estate) -> None:
    started = estate.stacks["Outbox"]["Resources"]["RecordChanges"]["Properties"]["Environment"]["Variables"]
    machines = {machine.name.removesuffix("Process") for machine in estate.of_type("AWS::StepFunctions::StateMachine")}
    names = {name.removeprefix("PROCESS_").title().replace("_", "") for name in started if PROCESS.fullmatch(name)}
    assert names == machines


def test_every_function_runs_a_handler_that_is_there(estate: Estate) -> None:
    for function in estate.of_type(rules.FUNCTION):
        door = ROOT / function.properties["Code"]["S3Key"] / "app.py"
        name = function.properties["Handler"].removeprefix("app.")
        assert re.search(rf"^(?:def )?{name}\b", door.read_text(), re.MULTILINE), (
            f"{function.name}: no {name} in {door}"
        )


def test_every_door_is_deployed(estate: Estate) -> None:
    deployed = {function.properties["Code"]["S3Key"] for function in estate.of_type(rules.FUNCTION)}
    assert deployed == {f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")}
