"""`make run` itself: every sample arrives, a restart forgets nothing, a taken port is named."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.box import Sandbox
from sandbox.feeder import Feeder
from sandbox.samples import Feeding, load, now
from sandbox.settings import ROOT, Settings
from sandbox.table import links, table
from sandbox.tickets import request

from tests.journeys.conftest import Journey

SAMPLES = ROOT / "tests/samples"


def test_every_sample_arrives_where_it_should(tmp_path: Path) -> None:
    with Sandbox(Settings.for_tests(tmp_path)) as box:
        feeding = Feeding(run="journey1", start=now(), domain=box.settings.mail_domain)
        rows = Feeder(box, SAMPLES, feeding).feed(load(SAMPLES))
        assert [(row.sample.name, row.trouble) for row in rows if row.trouble] == []
        shown = table(rows)
        assert all(row.sample.what in shown for row in rows)
        assert "/tickets/" in links(box, rows)


def test_a_waiting_ticket_goes_on_after_a_restart(tmp_path: Path) -> None:
    settings = Settings.for_tests(tmp_path)
    with Sandbox(settings) as box:
        desk = Journey(box)
        desk.mail("Kept over night")
        ticket = desk.ticket("Kept over night")
        desk.stands(ticket, "Wait for the resolution")
        desk.acknowledged(ticket)
        key = desk.issue(ticket).key
        version = desk.tickets.facts(ticket.number)["version"]
    with Sandbox(settings) as box:
        desk = Journey(box)
        assert desk.tickets.facts(ticket.number)["version"] == version
        assert desk.issue(ticket).key == key
        assert len(desk.mails(ticket, "rosa@example.org")) == 1
        assert desk.patch(ticket, state="in_progress").status == 200
        assert desk.patch(ticket, state="resolved").status == 200
        desk.stands(ticket, "Wait for the closure")


def _sandbox(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT / "infra/local"), **environment}
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, env=inherited, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_ends_the_start_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        free = {f"{name}_PORT": "0" for name in ("HTTP", "JIRA", "AWS", "WEB")}
        done = _sandbox("--directory", str(tmp_path), SMTP_PORT=port, **free)
    assert done.returncode == 2
    assert f"port {port} (SMTP) is taken" in done.stderr
    assert "make run SMTP_PORT=" in done.stderr


def test_a_token_can_be_had_on_the_command_line(tmp_path: Path) -> None:
    done = _sandbox("token", "--directory", str(tmp_path), "--sub", "ann@example.org", "--groups", "network,platform")
    assert done.returncode == 0
    assert done.stdout.count(".") == 2


def test_ctrl_c_ends_it_cleanly_and_the_token_command_knows_where_it_was(tmp_path: Path) -> None:
    free = {f"{name}_PORT": "0" for name in ("HTTP", "SMTP", "JIRA", "AWS", "WEB")}
    inherited: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT / "infra/local"), **free}
    as_in_the_background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
    command = [*as_in_the_background, sys.executable, "-m", "sandbox", "--no-samples", "--directory", str(tmp_path)]
    child = subprocess.Popen(command, env=inherited, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        said = [line for line in iter(child.stdout.readline, "serving until Ctrl-C\n") if line]
        addresses = json.loads((tmp_path / "addresses.json").read_text())
        assert request(f"{addresses['http']}/forms/request", headers={"Accept": "text/html"}).status == 200
        token = _sandbox("token", "--directory", str(tmp_path)).stdout.strip()
        header = {"Authorization": f"Bearer {token}"}
        assert request(f"{addresses['http']}/worklists/service-desk", headers=header).status == 200
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
        assert child.stdout.read().strip() == "stopping"
    assert any("doors open" in line for line in said)
