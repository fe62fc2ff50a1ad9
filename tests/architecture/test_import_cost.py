"""A door opens fast: importing one loads none of the heavy libraries, which come at their first use."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

HEAVY = ("boto3", "botocore", "pynamodb", "jira", "requests", "pydantic", "aws_lambda_powertools", "nh3", "jinja2")
DOORS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
PROBE = """
import runpy, sys
runpy.run_path(sys.argv[1])
print(",".join(name for name in sys.argv[2:] if name in sys.modules))
"""


def loaded(app: Path) -> list[str]:
    """The heavy libraries a fresh process holds after importing a door."""
    paths = [str(ROOT / "layers" / layer) for layer in ("itsm", "policy")]
    script = f"import sys; sys.path[:0] = {paths!r}\n{PROBE}"
    done = subprocess.run(
        [sys.executable, "-c", script, str(app), *HEAVY], capture_output=True, text=True, check=False, cwd=app.parent
    )
    assert not done.returncode, done.stderr
    return [name for name in done.stdout.strip().split(",") if name]


def test_there_are_doors() -> None:
    assert "record_changes" in DOORS


@pytest.mark.parametrize("door", DOORS)
def test_importing_a_door_loads_nothing_heavy(door: str) -> None:
    assert loaded(ROOT / "functions" / door / "app.py") == []


@pytest.mark.parametrize("line", ["import boto3", "import itsm.aws.records", "import pydantic"])
def test_a_heavy_import_is_seen(tmp_path: Path, line: str) -> None:
    app = tmp_path / "app.py"
    app.write_text(f"{line}\n")
    assert loaded(app) != []
