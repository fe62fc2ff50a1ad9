"""Killing: run a door in a forked process that is killed just before or just after its k-th AWS call."""

# A program of its own: it forks, which a test runner with threads must not. It reads one JSON job from standard input
# ({"door", "handler"?, "events"}: an event per case) and prints one JSON object: how many cases were killed, and how
# each run after a kill ended.

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

BEFORE, AFTER = "before", "after"


def killed_at(call: int, when: str) -> None:
    """Hook every AWS client that is made from now on: the process dies before or after its call number `call`."""
    from botocore import handlers

    count = 0

    def before(**_: Any) -> None:
        nonlocal count
        count += 1
        if when == BEFORE and count == call:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(**_: Any) -> None:
        if when == AFTER and count == call:
            os.kill(os.getpid(), signal.SIGKILL)

    handlers.BUILTIN_HANDLERS.append(("before-send", before))
    handlers.BUILTIN_HANDLERS.append(("response-received", after))


def in_child(work: Callable[[], int]) -> int:
    """Run in a forked process; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if not child:
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def run(door: Any, event: Any) -> int:
    """One delivery: 0 when all of it came through, 1 when some of it is to be delivered again."""
    from itsm.runtime.deployment import Deployment

    answer = door.on(event, Deployment(os.environ))
    failed = (answer or {}).get("batchItemFailures") or (answer or {}).get("statusCode", 200) >= 300
    return 1 if failed else 0


def main() -> int:
    """Kill at every call in turn, each time with a fresh event, and deliver that event again, twice."""
    job = json.load(sys.stdin)
    door = getattr(importlib.import_module(job["door"]), job.get("handler", "handler"))
    import boto3  # noqa: F401  # imported before the fork, so that each child starts warm
    import pynamodb.models  # noqa: F401

    killed, endings = 0, []
    cases = iter(job["events"])
    for when in (BEFORE, AFTER):
        for call in range(1, 100):
            event = next(cases)

            def doomed(call: int = call, when: str = when, event: Any = event) -> int:
                killed_at(call, when)
                return run(door, event)

            ended = in_child(doomed)
            if ended != -signal.SIGKILL:
                endings.append(ended)
                break
            killed += 1
            endings += [in_child(lambda event=event: run(door, event)) for _ in range(2)]  # type: ignore[misc]
    used = len(job["events"]) - sum(1 for _ in cases)
    print(json.dumps({"killed": killed, "endings": endings, "used": used}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
