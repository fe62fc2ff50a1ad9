"""Calming: a storm is over when all its faults are; its ticket is resolved then, and not before."""

from dataclasses import replace

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
    """The storm's ticket, at work again if it was resolved while a fault joined it; to be called once that is noted.

    Whoever resolves it looks again afterwards: one of the two always sees the other.
    """
    found = ports.records.get(storm.id)
    return _moved(found, REOPENED, FIRES, ports) if intake.is_over(found) else found


def settle(storm: Record, ports: Ports) -> Record:
    """The storm's ticket after one of its faults has ended: resolved if that was the last."""
    if not _all_over(storm.id, ports):
        return storm
    found = ports.records.get(storm.id)
    done = _moved(found, intake.DONE_BY_RECOVERY, OVER, ports)
    return done if done.version == found.version or _all_over(storm.id, ports) else keep_open(done, ports)


def _all_over(storm: str, ports: Ports) -> bool:
    """Whether no part fires. Looked through from where the last look ended, so that each part is passed once."""
    mark = ports.records.fault(_key(storm, MARK)) or Fault(key=_key(storm, MARK), record=storm)
    calm, part = mark.at, _next(storm, mark.at, ports)
    while part is not None and _is_over(part[1], ports):
        calm, part = part[0], _next(storm, part[0], ports)
        if calm - mark.at == AHEAD:  # a long look that is cut short goes on from here
            mark = _marked(mark, calm, ports)
    if calm > mark.at:
        _marked(mark, calm, ports)
    return part is None and calm > 0


def _marked(mark: Fault, calm: int, ports: Ports) -> Fault:
    ports.records.save_fault(replace(mark, at=calm))
    return replace(mark, at=calm, rev=mark.rev + 1)


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


def _moved(storm: Record, to: str, why: str, ports: Ports) -> Record:
    back = to == REOPENED
    event = "Reopened" if back else "StateChanged"

    def moved(current: Record) -> Record:
        if to not in desk.legal_moves(current) or intake.is_over(current) is not back:
            return current
        said = derived_id(f"note:{current.id}", f"{to} {current.version}")
        return current.changed(event, by=SYSTEM, origin=ALARM, at=ports.now(), comment=said, text=why, state=to)

    return desk.update(ports, storm.id, moved)


def _key(storm: str, number: int) -> str:
    return derived_id("storm", f"{storm}\n{number}")
