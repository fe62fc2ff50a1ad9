"""The stand-in as a command of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import requests
from sandbox.jira.__main__ import main


def test_it_says_where_it_is_and_ends_when_told(tmp_path: object) -> None:
    command = [sys.executable, "-m", "sandbox.jira", "--port", "0", "--state", f"{tmp_path}/jira.sqlite"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as running:
        assert running.stdout is not None
        url = running.stdout.readline().split()[3]
        try:
            assert requests.get(f"{url}/rest/api/3/serverInfo", timeout=10).json()["baseUrl"] == url
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_a_webhook_without_a_secret_is_refused_at_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--webhook", "http://127.0.0.1/hook"])
    assert "needs --webhook-secret" in capsys.readouterr().err
