"""The end of a storm: its ticket is resolved when the last of its alarms is over, whatever order they end in."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from itsm.core.errors import StaleVersionError
from itsm.core.record import Comment, Record
from itsm.runtime import alarming, calming, storms
from itsm.service_desk.envelope import Envelope
from itsm.service_desk.submission import Submission

from tests.fakes import FakePorts, FakeRecords
from tests.functions.test_intake_alarms import FIRING, WELL, alarm, at, deliver, named
from tests.support.alarms import group, post
from tests.support.turns import Killed


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def storm(ports: FakePorts) -> Record:
    (found,) = (record for record in ports.records.stored.values() if storms.is_storm(record))
    return found


def rage(ports: FakePorts, alarms: int) -> list[str]:
    """So many alarms at once; the names of those that are parts of the storm."""
    names = [str(number) for number in range(alarms)]
    for name in names:
        assert deliver(ports, named(FIRING, name))
    return names[ports.policies.sources.alarm.storm :]


@pytest.mark.parametrize("alarms", [11, 30, 150])
@pytest.mark.parametrize("order", ["as they came", "the last first", "any"])
def test_a_storm_s_ticket_is_resolved_with_the_last_of_its_alarms(ports: FakePorts, alarms: int, order: str) -> None:
    parts = rage(ports, alarms)
    if order == "the last first":
        parts.reverse()
    elif order == "any":
        random.Random(alarms).shuffle(parts)
    for name in parts[:-1]:
        assert deliver(ports, named(WELL, name))
        assert storm(ports).state == "new"
    assert deliver(ports, named(WELL, parts[-1]))
    assert (storm(ports).state, storm(ports).event.text) == ("resolved", calming.OVER)


def test_ends_and_alarms_that_come_twice_end_no_storm_too_early_nor_keep_it_open(ports: FakePorts) -> None:
    parts = rage(ports, 70)
    for name in parts[1:]:
        for event in (FIRING, WELL, WELL, FIRING):
            assert deliver(ports, named(event, name))
    assert storm(ports).state == "new"
    for event in (WELL, WELL):
        assert deliver(ports, named(event, parts[0]))
    done = storm(ports)
    assert done.state == "resolved"
    for name in parts:
        for event in (FIRING, WELL):
            assert deliver(ports, named(event, name))
    assert storm(ports) == done


def test_an_end_that_overtakes_its_alarm_comes_again_and_then_ends_the_storm(ports: FakePorts) -> None:
    parts = rage(ports, 12)
    assert not deliver(ports, named(WELL, "late"))
    for name in parts:
        assert deliver(ports, named(WELL, name))
    assert deliver(ports, named(FIRING, "late"))
    assert storm(ports).state == "in_progress"
    assert deliver(ports, named(WELL, "late"))
    assert storm(ports).state == "resolved"


@pytest.mark.parametrize("alarms", [30, 150])
def test_a_storm_that_goes_on_after_its_end_is_at_work_again_until_that_is_over_too(
    ports: FakePorts, alarms: int
) -> None:
    for name in rage(ports, alarms):
        assert deliver(ports, named(WELL, name))
    again = named(alarm("ALARM", "OK", at(21), at(20), "again"), str(alarms - 1))
    assert deliver(ports, again)
    assert (storm(ports).state, storm(ports).event.type) == ("in_progress", "Reopened")
    assert deliver(ports, named(alarm("OK", "ALARM", at(25), at(21), "over"), str(alarms - 1)))
    assert storm(ports).state == "resolved"


def test_a_source_that_has_one_key_for_every_time_ends_its_storms_as_well(ports: FakePorts) -> None:
    most = ports.policies.sources.alarm.storm
    names = [f"Disk {number}" for number in range(most + 3)]
    for name in names:
        post(ports, group(name))
    back, rest = names[most], names[most + 1 :]
    for name in rest:
        post(ports, group(name, "resolved"))
    post(ports, group(back, "resolved"))
    assert storm(ports).state == "resolved"


def test_what_a_person_has_ended_stays_so_when_the_rest_recovers(ports: FakePorts) -> None:
    parts = rage(ports, 20)
    open_ = storm(ports)
    done = open_.changed("StateChanged", by="ada@example.org", origin="records", at=ports.time, state="resolved")
    ports.records.save(done)
    for name in parts:
        assert deliver(ports, named(WELL, name))
    assert storm(ports).state == "resolved"
    assert all(event.event.text != calming.OVER for event in ports.records.written)


def test_a_group_of_alerts_that_changes_within_a_storm_ends_with_its_last_word(ports: FakePorts) -> None:
    """Alertmanager's key is the group and when its first alert began: it changes with the group."""
    most = ports.policies.sources.alarm.storm
    for number in range(most + 2):
        post(ports, group(f"Disk {number}"))
    assert post(ports, group(f"Disk {most}", at="2025-11-24T16:05:00Z"))[0] == 200
    assert post(ports, group(f"Disk {most + 1}", "resolved"))[0] == 200
    assert storm(ports).state == "new"
    for _ in range(2):
        assert post(ports, group(f"Disk {most}", "resolved", at="2025-11-24T16:09:00Z"))[0] == 200
    assert storm(ports).state == "resolved"
    assert len(ports.records.stored) == most + 1


class Hot(FakeRecords):
    """Records of which one is written to by so many that nobody else finds a turn."""

    hot = ""

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        if record.id == self.hot:
            raise StaleVersionError("somebody else was first, as always")
        return super().save(record, comment)


def test_ends_that_all_come_at_once_are_noted_though_the_ticket_finds_no_turn_for_their_words() -> None:
    records = Hot()
    ports = FakePorts()
    ports.records = records
    *parts, last = rage(ports, 30)
    records.hot = storm(ports).id
    for name in parts:
        assert deliver(ports, named(WELL, name))
    assert not deliver(ports, named(WELL, last)), "the ticket itself must be resolved: this comes again"
    records.hot = ""
    assert deliver(ports, named(WELL, last))
    assert storm(ports).state == "resolved"


class Interrupted:
    """A port of a door to which something happens just before its so manieth call, of all its ports."""

    def __init__(self, inner: Any, left: list[int], happens: Callable[[], None]) -> None:
        self._inner, self._left, self._happens = inner, left, happens

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] == 0:
                self._happens()
            return getattr(self._inner, name)(*given, **more)

        return call


def interruptible(ports: FakePorts, call: int, happens: Callable[[], None]) -> tuple[FakePorts, list[int]]:
    """The ports of a door to which that happens before that call, and how many calls are left until then."""
    doors, left = FakePorts(time=ports.time), [call]
    for name in ("records", "once", "blobs"):
        setattr(doors, name, Interrupted(getattr(ports, name), left, happens))
    return doors, left


def interrupted(ports: FakePorts, event: dict[str, Any], call: int, happens: Callable[[], None]) -> bool:
    """Take the event at a door to which that happens before that call; whether it had so many."""
    doors, left = interruptible(ports, call, happens)
    alarming.take_event(event, doors)
    return left[0] <= 0


def delivered(ports: FakePorts, *events: dict[str, Any]) -> Callable[[], None]:
    """Something that happens: these events are delivered."""

    def happens() -> None:
        for event in events:
            assert deliver(ports, event)

    return happens


def nearly_over(alarms: int) -> tuple[FakePorts, str]:
    """A storm that only one alarm is left of, and its name."""
    ports = FakePorts()
    *ended, last = rage(ports, alarms)
    for name in ended:
        assert deliver(ports, named(WELL, name))
    return ports, last


def is_raging(ports: FakePorts) -> bool:
    return storm(ports).state in ("new", "in_progress")


@pytest.mark.parametrize("alarms", [14, 63])
def test_a_new_alarm_in_the_midst_of_the_last_end_leaves_the_storm_raging(alarms: int) -> None:
    for call in range(1, 300):
        ports, last = nearly_over(alarms)
        if not interrupted(ports, named(WELL, last), call, delivered(ports, named(FIRING, "new"))):
            break
        assert is_raging(ports), call
        assert deliver(ports, named(WELL, "new"))
        assert storm(ports).state == "resolved", call
    assert call > calming.AHEAD


@pytest.mark.parametrize("alarms", [14, 63])
def test_the_last_end_in_the_midst_of_a_new_alarm_leaves_the_storm_raging(alarms: int) -> None:
    for call in range(1, 300):
        ports, last = nearly_over(alarms)
        if not interrupted(ports, named(FIRING, "new"), call, delivered(ports, named(WELL, last))):
            break
        assert is_raging(ports), call
        assert deliver(ports, named(WELL, "new"))
        assert storm(ports).state == "resolved", call
    assert call > 5


@pytest.mark.parametrize("alarms", [14, 63])
def test_an_alarm_whose_door_is_slow_is_not_passed_over(alarms: int) -> None:
    for call in range(1, 300):
        ports, last = nearly_over(alarms)
        fast = delivered(ports, named(FIRING, "fast"), named(WELL, "fast"))
        if not interrupted(ports, named(FIRING, "slow"), call, fast):
            break
        assert deliver(ports, named(WELL, last))
        assert is_raging(ports), call
        assert deliver(ports, named(WELL, "slow"))
        assert storm(ports).state == "resolved", call
    assert call > 5


def pager(name: str, delivery: int, ports: FakePorts, *, recovered: bool = False) -> None:
    """An incident of a pager: one key for as long as it lives, however often it is reopened; each word told apart."""
    said = Submission(
        source="pager",
        key=name,
        kind="webhook",
        received_at=ports.time,
        sender="pager",
        subject=name,
        fields={"practice": "incident"},
        delivery=str(delivery),
        fingerprint=name,
        recovered=recovered,
    )
    if recovered:
        alarming.recover(said, ports)
    else:
        alarming.fire(said, Envelope(source="pager", body=name.encode(), at=ports.time), ports)


def paged(alarms: int) -> FakePorts:
    """A storm of which the incidents "back" and "last" are part: the one has ended."""
    ports = FakePorts()
    for number in range(alarms):
        pager(str(number), 1, ports)
    for number in range(ports.policies.sources.alarm.storm, alarms):
        pager(str(number), 2, ports, recovered=True)
    pager("last", 1, ports)
    pager("back", 1, ports)
    pager("back", 2, ports, recovered=True)
    return ports


@pytest.mark.parametrize("alarms", [14, 63])
def test_an_alarm_that_is_back_under_its_old_key_is_not_over_by_its_old_end(alarms: int) -> None:
    for call in range(1, 300):
        ports = paged(alarms)

        def rest_ends(ports: FakePorts = ports) -> None:
            pager("last", 2, ports, recovered=True)

        doors, left = interruptible(ports, call, rest_ends)
        pager("back", 3, doors)
        if left[0] > 0:
            break
        pager("other", 1, ports)
        pager("other", 2, ports, recovered=True)
        assert is_raging(ports), call
        pager("back", 4, ports, recovered=True)
        assert storm(ports).state == "resolved", call
    assert call > 5


@pytest.mark.parametrize("alarms", [14, 63])
def test_an_alarm_delivered_twice_that_has_ended_meanwhile_takes_up_no_storm_that_is_over(alarms: int) -> None:
    for call in range(1, 300):
        ports, last = nearly_over(alarms)
        assert deliver(ports, named(WELL, last))
        meanwhile = delivered(ports, named(FIRING, "twin"), named(WELL, "twin"))
        if not interrupted(ports, named(FIRING, "twin"), call, meanwhile):
            break
        assert storm(ports).state == "resolved", call
    assert call > 5


def test_an_alarm_that_had_a_ticket_of_its_own_and_comes_again_takes_up_no_storm_that_is_over() -> None:
    for call in range(1, 300):
        ports = FakePorts()
        rage(ports, ports.policies.sources.alarm.storm - 1)
        twin, other = ([named(event, name) for event in (FIRING, WELL)] for name in ("twin", "other"))
        has_come = interrupted(ports, named(FIRING, "twin"), call, delivered(ports, *twin, *other))
        if not has_come:
            break
        assert [one.state for one in ports.records.stored.values() if storms.is_storm(one)] in ([], ["resolved"]), call
    assert call > 5


class ComesAndKills:
    """Another alarm comes, and the door that this happens to is killed so many calls later."""

    def __init__(self, ports: FakePorts, later: int) -> None:
        self.ports, self.later, self.left, self.has_come = ports, later, list[int](), False

    def __call__(self) -> None:
        if self.has_come:
            raise Killed
        self.has_come = deliver(self.ports, named(FIRING, "new"))
        self.left[0] = self.later


@pytest.mark.parametrize("later", [2, 20])
def test_a_storm_ended_by_a_door_that_was_killed_while_another_alarm_came_is_at_work(later: int) -> None:
    for call in range(1, 300):
        ports, last = nearly_over(13)
        happens = ComesAndKills(ports, later)
        doors, happens.left = interruptible(ports, call, happens)
        with suppress(Killed):
            alarming.take_event(named(WELL, last), doors)
        if not happens.has_come:
            break
        assert deliver(ports, named(WELL, last))
        assert is_raging(ports), call
    assert call > 5


def test_a_storm_over_the_day_its_counter_begins_anew_costs_each_alarm_no_walk_through_all_before() -> None:
    ports = FakePorts(time=storms.YEAR * 56 - 60)
    rage(ports, 400)
    ports.time += 120
    doors, left = interruptible(ports, 1_000, lambda: None)
    alarming.take_event(named(FIRING, "new"), doors)
    assert 1_000 - left[0] < 100
    assert deliver(ports, named(WELL, "new"))


def killed() -> None:
    raise Killed


@pytest.mark.parametrize("first", [10, 70])
def test_a_door_that_is_killed_anywhere_neither_ends_a_storm_early_nor_keeps_it_for_ever(first: int) -> None:
    for event in (FIRING, WELL):
        for call in range(1, 300):
            ports = FakePorts()
            parts = rage(ports, first)
            if event is WELL:
                assert deliver(ports, named(FIRING, "killed"))
            elif not is_killed(ports, named(FIRING, "killed"), call):
                break
            assert deliver(ports, named(FIRING, "another"))
            for name in [*parts, "another"]:
                assert deliver(ports, named(WELL, name))
            assert is_raging(ports), call
            if event is WELL and not is_killed(ports, named(WELL, "killed"), call):
                break
            assert deliver(ports, named(WELL, "killed"))
            assert storm(ports).state == "resolved", call
        assert call > 5


def is_killed(ports: FakePorts, event: dict[str, Any], call: int) -> bool:
    """Whether a door that takes the event is killed at that call; if so it is delivered again."""
    try:
        return interrupted(ports, event, call, killed)
    except Killed:
        assert deliver(ports, event)
        return True
