"""Recompute: open tickets' clocks under a policy that was changed, from their events; for `make recompute`."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from itsm.core.errors import OutsideError, StaleVersionError
from itsm.core.practice import load
from itsm.core.record import SYSTEM
from itsm.practices.service_level.replay import clocks_from
from itsm.runtime import stories
from itsm.runtime.holidays import Known
from itsm.runtime.measure import under
from itsm.runtime.policies import Policies
from itsm.runtime.stories import Story
from itsm.runtime.verify_audit import add_deployment, table_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from itsm.core.ports import Records
    from itsm.core.record import Record
    from itsm.practices.service_level.policy import ServiceLevels

ORIGIN, EVENT = "operator", "ClocksRecomputed"


@dataclass(slots=True)
class Done:
    """What came of a run, counted as it goes: what was done stays done, whatever ends it.

    `raced` were saved by somebody meanwhile, `behind` have a history that is not all written yet; both are right after
    another run. `last` is the id it came to; `ended` says that there is nothing after it.
    """

    seen: int = 0
    changed: int = 0
    raced: int = 0
    behind: int = 0
    last: str = ""
    ended: bool = False

    def __str__(self) -> str:
        said = f"{self.seen} tickets, {self.changed} with new clocks, {self.raced} saved by somebody meanwhile"
        return f"{said}, {self.behind} whose history was not all there yet; run it again" if self.behind else said


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


def run(ids: Iterable[str], records: Records, policy: ServiceLevels, now: int, done: Done, limit: int) -> None:
    """Recompute at most `limit` tickets whose id comes after `done.last`, in order; each is read when it has its turn.

    Run again it changes nothing more. A ticket that somebody saved meanwhile was saved under the new policy already.
    """
    for record_id in sorted(ids):
        if record_id <= done.last:
            continue
        if done.seen == limit:
            return
        _one(record_id, records, policy, now, done)
        done.seen, done.last = done.seen + 1, record_id
    done.ended = True


def _one(record_id: str, records: Records, policy: ServiceLevels, now: int, done: Done) -> None:
    told = stories.told(record_id, records)
    if len(told.events) != told.record.version:
        done.behind += 1
        return
    new = recomputed(told, policy, now)
    if new is None:
        return
    try:
        records.save(new)
        done.changed += 1
    except StaleVersionError:
        done.raced += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Recompute a deployment's open tickets by its policy as it stands here.

    1 when it was stopped on the way, having said where to go on; 2 when the deployment cannot be found, or the policy
    that was named contradicts itself.
    """
    parser = argparse.ArgumentParser(prog="recompute", description=__doc__)
    parser.add_argument("--limit", type=int, default=10_000, help="how many tickets at most, to be gone on with later")
    parser.add_argument("--after", default="", help="the id an earlier run told to go on after")
    parser.add_argument("--policy", type=Path, help="directory of the policy, instead of the one that is deployed")
    add_deployment(parser)
    options = parser.parse_args(arguments)
    from itsm.aws.holidays import Holidays
    from itsm.aws.models import tables
    from itsm.aws.numbers import Numbers
    from itsm.aws.records import Records
    from itsm.runtime.policy_check import check

    if faults := check(options.policy) if options.policy else []:
        print("\n".join(map(str, faults)))
        return 2
    names = table_names(options)
    if names is None:
        print(f"no stack {options.stack!r} with outputs RecordsTable and AuditTable was found in {options.region}")
        return 2
    bound = tables(records=names[0], audit=names[1], ephemeral="unused", region=options.region)
    store, now, done = Records(bound, options.region, Numbers(bound)), int(time.time()), Done(last=options.after)
    # the doors of the deployment go by what its feeds say today, not by what they said at the build
    policy = Policies(options.policy, newer=Known(lambda: Holidays(bound), lambda: now))
    try:
        run(stories.open_ids(bound), store, policy.service_level, now, done, options.limit)
    except OutsideError as error:
        print(f"stopped: {error}")
    print(done)
    if not done.ended:
        print(f"go on with --after {done.last}" if done.last else "begin again")
    return 0 if done.ended or done.seen == options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
