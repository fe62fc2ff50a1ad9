"""Imports run one way: the contracts of pyproject.toml hold, and each is seen to break."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

PACKAGES = ("layers/itsm/itsm", "infra/local/sandbox", "functions")
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]
FAULTS = {
    "Floors": [
        ("layers/itsm/itsm/core/planted.py", "import itsm.runtime.door"),
        ("layers/itsm/itsm/runtime/planted.py", "def f(): from functions.routing import app"),
        ("layers/itsm/itsm/jira/planted.py", "from itsm.aws import records"),
        ("layers/itsm/itsm/service_desk/planted.py", "from itsm.practices import incident"),
    ],
    "No practice imports another": [("layers/itsm/itsm/practices/incident/planted.py", "import itsm.practices.change")],
    "Core, practices and service desk know no cloud": [
        ("layers/itsm/itsm/core/planted.py", "import boto3"),
        ("layers/itsm/itsm/practices/incident/planted.py", "def f(): import pynamodb"),
        ("layers/itsm/itsm/service_desk/planted.py", "from jira import JIRA"),
        ("layers/itsm/itsm/practices/change/planted.py", "import pydantic"),
    ],
    "Only aws knows AWS's libraries": [("layers/itsm/itsm/jira/planted.py", "import boto3")],
    "The AWS adapters know nothing of Jira": [("layers/itsm/itsm/aws/planted.py", "import jira")],
    "The product never needs its sandbox": [
        ("functions/routing/planted.py", "import sandbox.jira"),
        ("layers/itsm/itsm/runtime/planted.py", "import moto"),
    ],
    "The sandbox imports nothing of the product": [("infra/local/sandbox/planted.py", "import itsm.core.record")],
}


def lint(root: Path) -> str:
    """What import-linter says of a tree."""
    paths = [str(root), str(root / "layers/itsm"), str(root / "infra/local")]
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter import cli; cli.lint_imports_command()", "--no-cache", "--no-logo"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources to plant faults in."""
    root = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_contracts_hold(tree: Path) -> None:
    said = lint(tree)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said, said


def test_every_contract_has_been_seen_to_break() -> None:
    assert len(FAULTS) == len(CONTRACTS)
    assert all(any(name.startswith(start) for start in FAULTS) for name in CONTRACTS)


@pytest.mark.parametrize(
    ("start", "file", "line"), [(start, *fault) for start, faults in FAULTS.items() for fault in faults]
)
def test_a_planted_import_breaks_its_contract(tree: Path, start: str, file: str, line: str) -> None:
    contract = next(name for name in CONTRACTS if name.startswith(start))
    planted = tree / file
    planted.write_text(f'"""Planted."""\n\n{line}\n')
    try:
        assert f"{contract} BROKEN" in lint(tree)
    finally:
        planted.unlink()
