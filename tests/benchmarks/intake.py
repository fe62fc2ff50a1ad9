"""Mail to ticket: CPU and AWS calls per mail of our door beside the plain handler, in alternating rounds of one run."""

import json
import statistics
import subprocess
import sys
from typing import Any

from tests.support.cloud import ROOT, Cloud, cloud

ROUNDS, MAILS = 5, 60
OURS, PLAIN = "functions.intake_mail.app", "tests.benchmarks.plain"


def run() -> list[str]:
    """The table's lines."""
    results: dict[str, list[dict[str, float]]] = {OURS: [], PLAIN: []}
    with cloud() as made:
        for turn in range(ROUNDS):
            for module in (OURS, PLAIN):
                results[module].append(_measure(made, module, turn))
            print(f"  round {turn + 1} of {ROUNDS}", file=sys.stderr)
    ratios = [ours["ms"] / plain["ms"] for ours, plain in zip(results[OURS], results[PLAIN], strict=True)]
    lines = ["mail to ticket                      CPU ms   AWS calls"]
    for name, module in (("our door", OURS), ("plain handler, check then act", PLAIN)):
        ms = statistics.median(result["ms"] for result in results[module])
        calls = statistics.median(result["calls"] for result in results[module])
        lines.append(f"{name:<35} {ms:>6.2f}   {calls:>9.2f}")
    lines.append(
        f"CPU, ours to plain: {statistics.median(ratios):.2f} (median of {ROUNDS} paired rounds, {MAILS} mails each)"
    )
    return lines


def _measure(made: Cloud, module: str, turn: int) -> dict[str, float]:
    events = [_mail(made, f"{module}-{turn}-{at}") for at in range(MAILS + 1)]
    job = json.dumps({"module": module, "warm": events[0], "events": events[1:]})
    done = subprocess.run(  # our own program
        [sys.executable, "-m", "tests.benchmarks.worker"],
        input=job,
        env=dict(made.environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _mail(made: Cloud, key: str) -> dict[str, Any]:
    raw = (
        f"From: Rita <{key.replace('.', '-')}@example.org>\r\nTo: support@desk.example.org\r\n"
        f"Subject: The printer burns {key}\r\n"
        f"Message-ID: <{key}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + "It has burnt since this morning. "
        * 12
    )
    made.client("s3").put_object(Bucket="blobs", Key=f"mail/{key}", Body=raw.encode())
    verdicts = {f"{name}Verdict": {"status": "PASS"} for name in ("spf", "dkim", "dmarc", "spam", "virus")}
    body = {
        "mail": {"messageId": key, "timestamp": "2026-11-24T10:00:00.000Z"},
        "receipt": {**verdicts, "action": {"type": "S3", "bucketName": "blobs", "objectKey": f"mail/{key}"}},
    }
    return {"Records": [{"messageId": key, "body": json.dumps(body)}]}
