"""Run the stand-in by itself: ``python -m sandbox.jira --port 8090``."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

from sandbox.jira import INTEGRATION_EMAIL, INTEGRATION_TOKEN, Hook, JiraSite, Store, catalogue


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.jira", description="A stand-in for Jira Cloud.")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--state", metavar="FILE", help="keep the state in this SQLite file (default: in memory)")
    parser.add_argument("--project", action="append", metavar="KEY", help="a project; may be repeated (default: OPS)")
    parser.add_argument("--webhook", metavar="URL", help="send webhooks there; needs --webhook-secret")
    parser.add_argument("--webhook-secret", metavar="SECRET", help="what webhooks are signed with")
    parser.add_argument("--index-lag", type=float, default=0.0, metavar="SECONDS", help="how far search lags behind")
    asked = parser.parse_args(arguments)
    if asked.webhook and not asked.webhook_secret:
        parser.error("--webhook needs --webhook-secret: an unsigned webhook proves nothing")
    store = Store(asked.state)
    site = JiraSite(
        store,
        lambda: datetime.now(UTC),
        lambda: str(uuid4()),
        catalogue=catalogue(tuple(asked.project or ("OPS",))),
        hooks=[Hook(url=asked.webhook, secret=asked.webhook_secret)] if asked.webhook else [],
        index_lag=asked.index_lag,
    )
    over = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: over.set())
    serving = site.serve(asked.port)
    print(f"Jira stand-in at {serving.url} (API: {INTEGRATION_EMAIL} with token {INTEGRATION_TOKEN})", flush=True)
    over.wait()
    serving.stop()
    store.close()


if __name__ == "__main__":
    main()
