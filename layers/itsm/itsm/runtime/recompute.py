"""Recompute: open tickets' clocks under a policy that was changed, from their events; for `make recompute`."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itsm.core.errors import StaleVersionError
from itsm.core.practice import load
from itsm.core.record import SYSTEM
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime import stories
from itsm.runtime.measure import under
from itsm.runtime.policies import Policies
from itsm.runtime.verify_audit import add_deployment, table_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from itsm.core.ports import Records
    from itsm.core.record import Record
    from itsm.practices.service_level.policy import ServiceLevels
    from itsm.runtime.stories import Story

ORIGIN, EVENT = "operator", "ClocksRecomputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How many tickets were looked at and changed, which were changed by somebody meanwhile, and where to go on."""

    seen: int
    changed: int
    raced: int
    next: str


def recomputed(one: Story, policy: ServiceLevels, now: int) -> Record | None:
    """The next version of an open record whose clocks the policy has otherwise; None when nothing is to be done.

    What happened stays: no event, comment or level that fired is touched, and a closed record is left alone.
    """
    record, lifecycle = one.record, load(one.record.practice).lifecycle
    if not record.measured or record.state in lifecycle.met | lifecycle.final:
        return None
    clocks = clocks_from(record, one.events, one.comments, lifecycle, policy)
    if clocks == record.clocks:
        return None
    return record.changed(EVENT, by=SYSTEM, origin=ORIGIN, at=now, **under(record, clocks))


def run(told: Iterable[Story], records: Records, policy: ServiceLevels, now: int, after: str, limit: int) -> Done:
    """Recompute at most `limit` open tickets whose id comes after one, in order of id; `next` goes on from there.

    Run again it changes nothing more. A ticket that somebody saved meanwhile was saved under the new policy already.
    """
    seen = changed = raced = 0
    last = after
    for one in sorted(told, key=lambda story: story.record.id):
        if one.record.id <= after:
            continue
        if seen == limit:
            return Done(seen=seen, changed=changed, raced=raced, next=last)
        seen, last = seen + 1, one.record.id
        new = recomputed(one, policy, now)
        if new is None:
            continue
        try:
            records.save(new)
            changed += 1
        except StaleVersionError:
            raced += 1
    return Done(seen=seen, changed=changed, raced=raced, next="")


def main(arguments: Sequence[str] | None = None) -> int:
    """Recompute a deployment's open tickets by its policy as it stands here; 2 when the deployment cannot be found."""
    parser = argparse.ArgumentParser(prog="recompute", description=__doc__)
    parser.add_argument("--limit", type=int, default=10_000, help="how many tickets at most, to be gone on with later")
    parser.add_argument("--after", default="", help="the id an earlier run told to go on after")
    add_deployment(parser)
    options = parser.parse_args(arguments)
    from itsm.aws.models import tables
    from itsm.aws.numbers import Numbers
    from itsm.aws.records import Records

    names = table_names(options)
    if names is None:
        print(f"no stack {options.stack!r} with outputs RecordsTable and AuditTable was found in {options.region}")
        return 2
    bound = tables(records=names[0], audit=names[1], ephemeral="unused", region=options.region)
    store = Records(bound, options.region, Numbers(bound))
    found = run(
        stories.deployed(bound), store, Policies().service_level, int(time.time()), options.after, options.limit
    )
    print(f"{found.seen} tickets, {found.changed} with new clocks, {found.raced} saved by somebody meanwhile")
    if found.next:
        print(f"go on with --after {found.next}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
