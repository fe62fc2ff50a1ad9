"""kill -9 of the whole sandbox while mail comes in: what heard 250 is a ticket, once, and its process waits."""

from __future__ import annotations

import json
import os
import random
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from sandbox.box import Sandbox
from sandbox.settings import ROOT, Settings

from tests.journeys.conftest import DESK, Journey

ROUNDS = 3


def _mails_until_killed(directory: Path, rng: random.Random, name: str) -> list[str]:
    """Start a sandbox, send mails one after the other, kill it; returns the subjects that heard 250."""
    free = {f"{door}_PORT": "0" for door in ("HTTP", "SMTP", "JIRA", "AWS", "WEB")}
    inherited: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT / "infra/local"), **free}
    command = [sys.executable, "-m", "sandbox", "--no-samples", "--directory", str(directory)]
    sent: list[str] = []
    with subprocess.Popen(command, env=inherited, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        while child.stdout.readline() not in ("serving until Ctrl-C\n", ""):
            pass
        port = json.loads((directory / "addresses.json").read_text())["smtp_port"]
        end = time.monotonic() + rng.uniform(0.3, 2.0)
        while time.monotonic() < end:
            subject = f"{name} {len(sent)}"
            head = f"From: {name}{len(sent)}@example.org\r\nMessage-ID: <{name}-{len(sent)}@example.org>\r\n"
            with smtplib.SMTP("127.0.0.1", port) as client:
                raw = f"{head}To: {DESK}\r\nSubject: {subject}\r\n\r\nhello\r\n"
                client.sendmail(f"{name}{len(sent)}@example.org", [DESK], raw)
            sent.append(subject)
        child.kill()
    return sent


@pytest.mark.slow
def test_after_many_kills_every_acknowledged_mail_is_one_ticket_in_its_process(tmp_path: Path) -> None:
    rng = random.Random(7)
    sent = [subject for n in range(ROUNDS) for subject in _mails_until_killed(tmp_path, rng, f"round{n}-")]
    assert sent
    with Sandbox(Settings.for_tests(tmp_path)) as box:
        desk = Journey(box)

        def standing() -> Mapping[str, str]:
            runs = {run.name.rpartition("-")[0]: desk.tickets.standing(run) for run in desk.tickets.runs()}
            facts = [desk.tickets.facts(number) for number in desk.tickets.numbers().values()]
            return {str(one["title"]): runs.get(str(one["number"]), "") for one in facts}

        box.wait_for(lambda: set(sent) <= standing().keys(), 60, "every mail's ticket")
        box.wait_for(lambda: set(standing().values()) == {"Wait for the resolution"}, 60, "every ticket's process")
        titles = Counter(str(desk.tickets.facts(number)["title"]) for number in desk.tickets.numbers().values())
        assert [title for title, times in titles.items() if times > 1] == []
