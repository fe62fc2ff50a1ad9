"""Import cost: CPU to import each door in a fresh process, as a ratio to creating one boto3 client."""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from tests.support.cloud import ROOT

ROUNDS = 5
CLIENT = "import boto3; boto3.client('dynamodb', region_name='eu-central-1')"
BARE = "pass"


def run() -> list[str]:
    """The table's lines."""
    doors = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
    programs = {"(bare interpreter)": BARE, **{door: f"import functions.{door}.app" for door in doors}}
    spent: dict[str, list[float]] = {name: [] for name in programs}
    ratios: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(ROUNDS + 1):
        client = _cpu(CLIENT)
        for name, program in programs.items():
            ms = _cpu(program)
            if turn:
                spent[name].append(ms)
                ratios[name].append(ms / client)
        print(f"  round {turn} of {ROUNDS}", file=sys.stderr)
    lines = ["import of a door                    CPU ms   ÷ one boto3 client"]
    lines += [
        f"{name:<35} {statistics.median(spent[name]):>6.1f}   {statistics.median(ratios[name]):>18.2f}"
        for name in programs
    ]
    return lines


def _cpu(program: str) -> float:
    paths = [ROOT, ROOT / "layers/itsm", ROOT / "layers/policy"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=Path("/"), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
