"""`python -m sandbox`: bring the product up on this machine, feed the samples, serve; `python -m sandbox token`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.listening import InUseError
from sandbox.settings import ROOT, Ports, Settings
from sandbox.snapshots import StateError

if TYPE_CHECKING:
    from sandbox.box import Sandbox

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ENDINGS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two commands; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The whole product on this machine.")
    parser.add_argument("command", nargs="?", choices=("run", "token"), default="run")
    parser.add_argument(
        "--directory", type=Path, default=ROOT / ".sandbox", help="where state is kept (default: .sandbox)"
    )
    parser.add_argument(
        "--once", action="store_true", help="feed the samples and exit: 0 if each arrived where it should"
    )
    parser.add_argument("--no-samples", action="store_true", help="feed nothing")
    parser.add_argument("--sub", default="agent@example.com", help="token: who it is for")
    parser.add_argument("--groups", default="", help="token: the person's groups, with commas between")
    for name, what in (("http", "HTTP API"), ("smtp", "SMTP"), ("jira", "Jira"), ("aws", "AWS"), ("web", "pages")):
        parser.add_argument(f"--{name}-port", type=int, help=f"{what}; also {name.upper()}_PORT")
    asked = parser.parse_args(arguments)
    try:
        given = {
            f"{name.upper()}_PORT": str(port)
            for name in Ports.__slots__
            if (port := getattr(asked, f"{name}_port")) is not None
        }
        ports = Ports.of({**os.environ, **given})
    except ValueError as error:
        return _fail(str(error))
    settings = Settings(directory=asked.directory.resolve(), ports=ports)
    if asked.command == "token":
        return _token(settings, asked.sub, tuple(group for group in asked.groups.split(",") if group))
    return _run(settings, once=asked.once, samples=not asked.no_samples)


def _run(settings: Settings, *, once: bool, samples: bool) -> int:
    began = time.perf_counter()
    settings.logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=settings.logs / "sandbox.log",
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    for ending in ENDINGS:  # SIGINT too: whatever a script starts in the background inherits that it is ignored
        signal.signal(ending, signal.default_int_handler)
    from sandbox.box import Sandbox
    from sandbox.compiling import TemplateError
    from sandbox.stacks import StackError

    try:
        with Sandbox(settings, _say) as box:
            print(f"up after {time.perf_counter() - began:.1f} s\n", flush=True)
            arrived = _feed(box) if samples else True
            if not once:
                _serve()
    except KeyboardInterrupt:
        return _fail("interrupted; what was there is saved")
    except (InUseError, StackError, StateError, TemplateError) as error:
        return _fail(str(error))
    return 0 if arrived or not once else 1


def _serve() -> None:
    """Wait for Ctrl-C, and let a second one not disturb the end."""
    print("\nserving until Ctrl-C", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        print("\nstopping", flush=True)


def _feed(box: Sandbox) -> bool:
    """Feed the samples and print what became of them; whether each arrived where it should."""
    from sandbox.feeder import Feeder
    from sandbox.samples import Feeding, SampleError, load, now
    from sandbox.table import links, table

    folder = box.settings.root / "tests/samples"
    try:
        samples = load(folder)
    except SampleError as error:
        print(error, file=sys.stderr)
        return False
    run = "".join(secrets.choice(LETTERS) for _ in range(8))
    rows = Feeder(box, folder, Feeding(run=run, start=now(), domain=box.settings.mail_domain)).feed(samples)
    print(table(rows))
    print(f"\n{links(box, rows)}", flush=True)
    return not any(row.trouble for row in rows)


def _token(settings: Settings, subject: str, groups: tuple[str, ...]) -> int:
    from sandbox.oidc import Issuer

    issuer = Issuer(settings.directory / "oidc-key.pem", time.time)
    known = settings.directory / "addresses.json"
    issuer.url = json.loads(known.read_text())["http"] if known.exists() else f"http://127.0.0.1:{settings.ports.http}"
    print(issuer.token(subject, groups=groups))
    return 0


def _say(step: str, milliseconds: float) -> None:
    print(f"{milliseconds:8.0f} ms  {step}" if milliseconds else f"             {step}", flush=True)


def _fail(text: str) -> int:
    print(f"sandbox: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
