"""Quarantined: what is held or suppressed, as an operator lists it, and its release, one by one or by the reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from itsm.core.errors import NotFoundError
from itsm.core.record import Record
from itsm.runtime import desk
from itsm.runtime.ports import Ports
from itsm.service_desk import quarantine

ORIGIN = "redrive"
PAGE = 100
WAITING = (quarantine.HELD, quarantine.SUPPRESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is meant of all that waits: these numbers, or a reason that holds `reason` (in any case), that came from
    `since` to before `until` (epoch seconds; 0: no bound). Nothing said: everything."""

    numbers: tuple[str, ...] = ()
    reason: str = ""
    state: str = ""
    since: int = 0
    until: int = 0

    def means(self, record: Record) -> bool:
        """Whether a submission is meant."""
        return (
            (not self.numbers or record.number in self.numbers)
            and self.reason.casefold() in reason_of(record).casefold()
            and self.state in ("", record.state)
            and self.since <= record.opened_at
            and (not self.until or record.opened_at < self.until)
        )


def reason_of(record: Record) -> str:
    """Why it is held."""
    return str(record.details.get("reason", ""))


def waiting(ports: Ports, choice: Choice | None = None) -> Iterator[Record]:
    """Every held or suppressed submission that is meant, oldest first; read from the worklists, with no scan."""
    groups = dict.fromkeys([quarantine.GROUP, quarantine.SUPPRESSED_ALARMS, *ports.policies.groups.groups])
    found = {one.id: one for group in groups for one in _of_group(group, ports)}
    wanted = choice or Choice()
    yield from sorted(filter(wanted.means, found.values()), key=lambda one: (one.opened_at, one.number))


def _of_group(group: str, ports: Ports) -> Iterator[Record]:
    after = ""
    while True:
        page = ports.records.worklist(group, after, PAGE)
        for row in page.rows:
            if row.practice != quarantine.PRACTICE.name:
                continue
            try:
                record = ports.records.get(row.id)
            except NotFoundError:
                continue
            if record.state in WAITING:
                yield record
        if not (after := page.next):
            return


def release(record: Record, by: str, ports: Ports) -> bool:
    """Release one, as an agent would: its event says who and when, and the mail door reads it again.

    False when somebody released or discarded it since it was listed; twice is once.
    """
    done = False

    def released(current: Record) -> Record:
        nonlocal done
        done = current.state in WAITING
        if not done:
            return current
        return desk.moved(current, quarantine.RELEASED, by=by, origin=ORIGIN, at=ports.now())

    desk.update(ports, record.id, released)
    return done
