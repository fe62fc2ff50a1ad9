"""Cost: CPU time of each mail from raw bytes to decision, and the most memory a process ever held for them."""

# Run as a module this is the measured process: nothing but the desk, the corpus one mail at a time, and the killers.

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of CPU: the median mail and the worst, by name; megabytes: the peak of the process; how many mails."""

    median: float
    worst: float
    worst_is: str
    megabytes: float
    mails: int


def measured(root: Path) -> Cost:
    """The cost in a process of its own, so that nothing else's memory is counted."""
    environment = {**os.environ, "ITSM_SHARED": str(root), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # the interpreter that runs this, on this very module
        [sys.executable, "-m", "tests.corpus.cost"],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Cost(**json.loads(done.stdout))


def _mails(root: Path) -> Iterator[tuple[str, bytes, bool]]:
    from tests.corpus import killers, shelf

    for item in shelf.items(root):
        if item.kind == shelf.MAIL:
            yield item.id, item.raw, True
    for what, raw in killers.killers():
        yield f"killer: {what}", raw, False


def _decide(raw: bytes) -> None:
    """What the mail door does between reading the stored mail and writing: parse, classify, thread, decide."""
    from itsm.core.errors import MalformedError
    from itsm.core.practice import load
    from itsm.service_desk.decide import Known, decide
    from itsm.service_desk.policy import MailSource
    from itsm.service_desk.sources import email
    from itsm.service_desk.threading import candidates

    from tests.corpus.reading import OWN

    try:
        mail = email.parse(raw, received_at=0, own=OWN)
    except MalformedError:
        return
    known = Known(
        record=lambda name: None, has_entry=lambda record, entry: False, lifecycle=lambda name: load(name).lifecycle
    )
    decide(mail, candidates(mail, [b"secret"], OWN.domain), known, MailSource(addresses=("support",)), 0)


def _peak() -> float:
    """Megabytes this process ever held; of a process alone, ru_maxrss counts what its parent held as well."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576


def main() -> None:
    """Measure, and print one JSON object."""
    root = Path(os.environ["ITSM_SHARED"])
    _decide(b"From: a@example.org\n\nOn Mon, a wrote:\n<p>patterns compile once per process\n")
    times: list[tuple[float, str]] = []
    mails: list[float] = []
    for name, raw, counted in _mails(root):
        started = time.process_time()
        _decide(raw)
        took = time.process_time() - started
        times.append((took, name))
        if counted:
            mails.append(took)
    worst, which = max(times)
    cost = {"median": statistics.median(mails or [0.0]), "worst": worst, "worst_is": which}
    print(json.dumps({**cost, "megabytes": _peak(), "mails": len(times)}))


if __name__ == "__main__":
    main()
