"""Worker: run one handler over mails in a process of its own and say what it cost."""

import importlib
import json
import resource
import sys
from typing import Any

calls = 0


def counted(**_: Any) -> None:
    """Count one AWS call."""
    global calls  # the one number this program is about
    calls += 1


def main() -> None:
    """Read {"module", "warm", "events"} from standard input; print CPU milliseconds and AWS calls per event."""
    from botocore import handlers

    handlers.BUILTIN_HANDLERS.append(("before-send", counted))
    job = json.load(sys.stdin)
    handler = importlib.import_module(job["module"]).handler
    handler(job["warm"], None)
    global calls
    calls = 0
    before = resource.getrusage(resource.RUSAGE_SELF)
    for event in job["events"]:
        answer = handler(event, None)
        assert not answer["batchItemFailures"], answer
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"ms": 1000 * spent / len(job["events"]), "calls": calls / len(job["events"])}))


if __name__ == "__main__":
    main()
