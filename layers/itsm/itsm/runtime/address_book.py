"""Address book: which addresses get no mail, for an operator to read, lift or suppress; for `make addresses`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from itsm.core.addresses import folded
from itsm.core.ports import Suppression
from itsm.runtime.deployment import Deployment
from itsm.runtime.verify_audit import add_deployment, table_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itsm.core.ports import Records


def run(records: Records, lift: Sequence[str], suppress: Sequence[str], now: int) -> int:
    """Lift and suppress what is said, then list what is suppressed; 1 when something to lift was not."""
    missing = [address for address in map(folded, lift) if not records.lift(address, now)]
    for address in map(folded, suppress):
        records.suppress(Suppression(address=address, since=now, reason="operator"))
    for one in records.all_suppressed():
        since = datetime.fromtimestamp(one.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        print(f"{one.address:<44}  {since}  {one.reason:<16}  {one.message}".rstrip())
    for address in missing:
        print(f"{address} was not suppressed")
    return 1 if missing else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, 1 when an address to lift was not suppressed, 2 when the deployment cannot be found."""
    parser = argparse.ArgumentParser(prog="addresses", description=__doc__)
    add_deployment(parser)
    parser.add_argument("--lift", action="append", default=[], help="this address gets mail again; may be repeated")
    parser.add_argument("--suppress", action="append", default=[], help="this one gets none; may be repeated")
    options = parser.parse_args(arguments)
    names = table_names(options)
    if names is None:
        print(f"no stack {options.stack!r} with its tables was found in {options.region}")
        return 2
    ports = Deployment({"RECORDS_TABLE": names[0], "AUDIT_TABLE": names[1], "AWS_REGION": options.region})
    return run(ports.records, options.lift, options.suppress, ports.now())


if __name__ == "__main__":
    sys.exit(main())
