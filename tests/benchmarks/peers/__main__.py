"""Feed the same mails to each desk, a process each, and print the table."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.race import LOST, OTHER, TICKET
from tests.corpus.shelf import MAIL, items
from tests.support.cloud import ROOT, cloud

WARM = b"From: a@example.org\nTo: support@desk.example.org\nSubject: warm\nMessage-ID: <warm@example.org>\n\nup\n"
TAIL = 400
"""Characters of what a desk said before it failed, for the reader."""


def mails() -> list[Path]:
    """Every mail of the shared corpus; where it is not there, those of our own samples."""
    shared = Path(os.environ.get("ITSM_SHARED", ROOT.parent / "shared"))
    found = [item.path for item in items(shared) if item.kind == MAIL]
    if not found:
        print(f"no mails under {shared}: the few of tests/samples instead", file=sys.stderr)
    return found or sorted((ROOT / "tests/samples").glob("*.eml"))


def raced(name: str, command: list[str], environment: Mapping[str, str], paths: list[Path]) -> dict[str, Any]:
    """What one desk made of the mails. Raises RuntimeError with its last words when it did not come to an end."""
    print(f"  {name}: {len(paths) - 1} mails", file=sys.stderr)
    done = subprocess.run(  # our own programs
        command,
        input="\n".join(map(str, paths)),
        env=dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} did not finish: {done.stderr[-TAIL:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table's lines: what became of the mails, and what each cost."""
    heads = {"tickets": 9, "other": 8, "lost": 7, "ms CPU/mail": 13, "mails/s/core": 14, "peak MB": 9}
    lines = [" " * 18 + "".join(f"{head:>{width}}" for head, width in heads.items())]
    for name, one in results.items():
        counts, cpu, mails = Counter(one["outcomes"]), sum(one["cpu"]), len(one["cpu"])
        lines.append(
            f"{name:<18}{counts[TICKET]:>9}{counts[OTHER]:>8}{counts[LOST]:>7}"
            f"{1000 * cpu / mails:>13.2f}{mails / cpu:>14.1f}{one['peak']:>9}"
        )
    lines += [
        f"{name} lost by: " + ", ".join(f"{reason} {n}" for reason, n in sorted(one["reasons"].items()))
        for name, one in results.items()
        if one["reasons"]
    ]
    outcomes = zip(*(one["outcomes"] for one in results.values()), strict=True)
    alike = [at for at, each in enumerate(outcomes) if set(each) == {TICKET}]
    speeds = [f"{name} {len(alike) / sum(one['cpu'][at] for at in alike):.1f}" for name, one in results.items()]
    return [
        *lines,
        f"tickets/s/core, over the {len(alike)} mails that are a ticket to both: {', '.join(speeds)}",
        "other: an entry on a ticket, delivery state, or held with its reason; lost: on no record at all",
    ]


def main() -> None:
    """Both desks on the same mails, one after the other."""
    with tempfile.TemporaryDirectory() as folder, cloud() as made:
        warm = Path(folder) / "warm.eml"
        warm.write_bytes(WARM)
        paths = [warm, *mails()]
        peer = str(ROOT / ".venv-peers/bin/python")
        script = str(Path(__file__).with_name("django_desk.py"))
        ours = raced("our mail door", [sys.executable, "-m", "tests.benchmarks.peers.ours"], made.environment, paths)
        theirs = raced("django-helpdesk", [peer, script], {"PATH": os.environ["PATH"]}, paths)
    print("\n".join(table({"our mail door": ours, "django-helpdesk": theirs})))
    if LOST in ours["outcomes"]:
        raise SystemExit("our door lost a mail")


if __name__ == "__main__":
    main()
