"""Calming: a storm is over when all its faults are; its ticket is resolved then, and not before."""

from dataclasses import replace

from itsm.core.errors import OutsideError
from itsm.core.ports import Fault
from itsm.core.record import SYSTEM, Record, derived_id
from itsm.runtime import desk, episodes, intake
from itsm.runtime.ports import Ports
from itsm.service_desk.decide import REOPENED
from itsm.service_desk.submission import ALARM, Submission

MARK = 0
"""The number of the note whose `at` is the number up to which every part of a storm is known to be over."""
AHEAD = 50
"""Numbers in a row that nobody wrote a part under, after which there are no more: so many doors do not die at once."""
OVER = "All alarms of this storm are over."
FIRES = "An alarm of this storm fires still."


def join(submission: Submission, known: Fault | None, storm: Record, number: int, ports: Ports) -> int:
    """Note the fault as part of the storm under the first free number from `number` on, which is returned.

    `known` is what the door has read of its episode: an end that was noted by then is not the end of this. To be called
    before the ticket is written and before the episode is noted, so that no look past it takes the storm to be over.
    """
    rev = known.rev if known else 0
    part = Fault(key="", record=storm.id, episode=episodes.episode_key(submission), at=rev)
    while not ports.records.save_fault(replace(part, key=_key(storm.id, number))):
        number += 1
    return number


def keep_open(storm: Record, ports: Ports) -> Record:
    """The storm's ticket, at work again if it was resolved while a fault joined it, whoever did; to be called once that
    is noted. A fault that was delivered twice may have ended meanwhile: that is none."""
    found = ports.records.get(storm.id)
    return _agreed(found, ports, by_anybody=True) if intake.is_over(found) else found


def settle(storm: Record, ports: Ports) -> Record:
    """The storm's ticket, as it was read, in line with its faults after a word about one of them: resolved if none
    fires, at work again if one does that joined while it was resolved here."""
    return _agreed(storm, ports, by_anybody=False)


def _agreed(storm: Record, ports: Ports, *, by_anybody: bool) -> Record:
    """Whoever moves the ticket looks at the faults again afterwards, and whoever notes a fault looks at the ticket: of
    two one always sees the other. Raises OutsideError when it changes all the time: it is to be asked again."""
    for _ in range(desk.ATTEMPTS):
        calm = _all_over(storm.id, ports)
        if not calm and not (intake.is_over(storm) and (by_anybody or storm.event.text == OVER)):
            return storm
        found = ports.records.get(storm.id)
        storm = moved_to(intake.DONE_BY_RECOVERY if calm else REOPENED, OVER if calm else FIRES, found, ports)
        if storm.version == found.version:
            return storm
        by_anybody = False
    raise OutsideError("the alarms of a storm come and go; it is looked at again")


def _all_over(storm: str, ports: Ports) -> bool:
    """Whether no part fires. Looked through from where the last look ended, so that each part is passed once."""
    mark = ports.records.fault(_key(storm, MARK)) or Fault(key=_key(storm, MARK), record=storm)
    calm, part = mark.at, _next(storm, mark.at, ports)
    while part is not None and _is_over(part[1], ports):
        calm = part[0]
        if calm - mark.at >= AHEAD:  # a long look that is cut short goes on from here
            mark = _marked(mark, calm, ports)
            calm = max(calm, mark.at)  # others look as well, and may be further
        part = _next(storm, calm, ports)
    if calm > mark.at:
        _marked(mark, calm, ports)
    return part is None and calm > 0


def _marked(mark: Fault, calm: int, ports: Ports) -> Fault:
    if ports.records.save_fault(replace(mark, at=calm)):
        return replace(mark, at=calm, rev=mark.rev + 1)
    return ports.records.fault(mark.key) or mark


def _next(storm: str, after: int, ports: Ports) -> tuple[int, Fault] | None:
    """The next part after a number, and its own; numbers left out before it are closed to doors slow to use them."""
    for number in range(after + 1, after + 1 + AHEAD):
        part = ports.records.fault(_key(storm, number))
        if part is None:
            continue
        for gap in range(after + 1, number):
            closed = Fault(key=_key(storm, gap), record=storm, over=True)
            if not ports.records.save_fault(closed):
                return gap, ports.records.fault(closed.key) or closed
        return number, part
    return None


def _is_over(part: Fault, ports: Ports) -> bool:
    if part.over:
        return True
    episode = ports.records.fault(part.episode)
    noted = episode is not None and episode.rev > part.at
    return episode is not None and noted and (episode.over or episode.record != part.record)


def moved_to(to: str, why: str, record: Record, ports: Ports) -> Record:
    """The record resolved, or at work again after it was done, with a note that says why; as it is where it is so."""
    back = to == REOPENED
    event = "Reopened" if back else "StateChanged"

    def moved(current: Record) -> Record:
        if to not in desk.legal_moves(current) or intake.is_over(current) is not back:
            return current
        said = derived_id(f"note:{current.id}", f"{to} {current.version}")
        return current.changed(event, by=SYSTEM, origin=ALARM, at=ports.now(), comment=said, text=why, state=to)

    return desk.update(ports, record.id, moved)


def _key(storm: str, number: int) -> str:
    return derived_id("storm", f"{storm}\n{number}")
