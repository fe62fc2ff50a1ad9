"""What `make build` leaves is what Lambda needs: run by `make prove`, since it builds the whole product twice."""

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from infra.aws import post_build
from tests.infra.aws.estate import ROOT

BUILT = ROOT / ".aws-sam" / "build"
HERE = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine(), "")
LAYERS = ("VendorLayer", "PolicyLayer", "ItsmLayer")
PROBE = """
import sys, zoneinfo
sys.path[:0] = sys.argv[1:]
import app, boto3, jira, nh3, pynamodb.models, aws_lambda_powertools
from itsm.runtime.policies import Policies
assert Policies().services is not None
assert nh3.clean("<b>bold</b><script>no</script>") == "<b>bold</b>"
assert all(module.__file__.startswith(tuple(sys.argv[1:])) for module in (app, boto3, jira, nh3))
for service in %r:
    boto3.client(service, region_name="eu-central-1")
print("whole")
"""


@pytest.fixture(scope="module", params=["x86_64", "arm64"])
def architecture(request: pytest.FixtureRequest) -> str:
    """A processor that was just built for."""
    wanted: str = request.param
    subprocess.run(["make", "build", f"ARCHITECTURE={wanted}"], cwd=ROOT, check=True, capture_output=True)
    return wanted


@pytest.mark.slow
def test_a_build_is_for_the_processor_that_was_asked_for(architecture: str) -> None:
    native = [path for path in BUILT.rglob("*.so*") if path.is_file()]
    assert native
    assert list(post_build.foreign(BUILT, architecture)) == []
    other = "arm64" if architecture == "x86_64" else "x86_64"
    assert len(list(post_build.foreign(BUILT, other))) == len(native)


@pytest.mark.slow
@pytest.mark.usefixtures("architecture")
def test_every_built_source_has_its_bytecode() -> None:
    built = list(BUILT.rglob("*.py"))
    assert len(built) > 500
    assert [source for source in built if not Path(importlib.util.cache_from_source(str(source))).exists()] == []


@pytest.mark.slow
def test_built_layers_carry_a_door_by_themselves(architecture: str) -> None:
    if architecture != HERE:
        pytest.skip(f"code for {architecture} does not run on this machine")
    paths = [str(BUILT / "Desk" / "Intake"), *(str(BUILT / layer / "python") for layer in LAYERS)]
    script = PROBE % sorted(post_build.SERVICES)
    done = subprocess.run([sys.executable, "-I", "-c", script, *paths], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "whole", done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("architecture")
def test_a_layer_stays_far_below_lambdas_limit() -> None:
    """250 MB unzipped for a function and its layers (Lambda quotas)."""
    size = sum(path.stat().st_size for layer in LAYERS for path in (BUILT / layer).rglob("*") if path.is_file())
    assert size < 100 * 1024 * 1024
