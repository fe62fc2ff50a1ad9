"""Scenarios: what happens to a peer's ticket, read word by word, done to one of ours; then clocks are compared."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from itsm.core import service_time as st
from itsm.core.calendar import Calendars
from itsm.core.clock import PAUSED, RUNNING, STOPPED, Clock
from itsm.core.service_time import Calendar
from itsm.practices.service_level import escalation, rules
from itsm.practices.service_level.policy import (
    METRICS,
    NEXT_REPLY,
    RAISE,
    RESOLUTION,
    RESPONSE,
    Agreement,
    Conditions,
    Level,
    ServiceLevels,
    Target,
)

from tests.cases.reading import Book, Case, InWordsError, compared, instant
from tests.cases.rulings import choice
from tests.itsm.practices.service_level.world import LIFECYCLE, MINUTE, Desk, policy

AGENT, CUSTOMER = "ada@example.org", "rita@example.org"
NAMES = {"first_response": RESPONSE, "update": NEXT_REPLY, "solution": RESOLUTION, "response": RESPONSE,
         "resolution": RESOLUTION, "resolve": RESOLUTION, "TTO": RESPONSE, "TTR": RESOLUTION}  # fmt: skip
READ = {"created", "ticket_date", "ticket_created", "now", "targets_minutes", "target_minutes", "sla", "ola",
        "response", "resolve", "keep_in_loop", "priority", "initial_state", "opened_by", "sla_condition", "levels",
        "initial_priority", "assigned_to_ola_group", "attached_at", "attached"}  # fmt: skip
UNASKED = {"zammad": (NEXT_REPLY,), "rt": (RESPONSE, NEXT_REPLY)}
"""What a ticket that nobody outside opened owes no clock for, by peer (studies/peers.md vii)."""
GROUP, HIGHEST = "operations", 6
"""GLPI counts priorities upward: its 5 is our 1."""
SOME_MONDAY, SOME_TIME = "2024-06-03T10:00:00", 600
"""When a case names no instant: some morning within anybody's hours, and ten minutes between what happens."""
HOLD_PAUSES = {"zammad": METRICS, "frappe": METRICS}
"""Peers whose hold pauses the first response as well; the others' does not (studies/peers.md vii)."""
CONDITIONS: Mapping[str, Mapping[str, Conditions]] = {
    # a word is the only response there is, and a ticket closed without one still owes it when it is opened again
    "zammad": {RESPONSE: Conditions(pause={"state": ["on_hold", "resolved"]}, stop={"said": "agent"})},
    # of its operational agreements GLPI pauses the response only until the group has the ticket
    "glpi": {RESPONSE: Conditions(pause={"held": True, "group": {"not": GROUP}}, stop={"said": "agent"})},
}


@dataclass(slots=True)
class Play:
    """A scenario on its way: the desk, its hours, and the instant of the last thing that happened."""

    case: Case
    desk: Desk
    levels: ServiceLevels
    now: int
    dues: list[dict[str, int | None]] = field(default_factory=list)
    """What each clock was due at before each thing that happened."""
    waits: list[int] = field(default_factory=list)
    """The service time of every next reply so far."""

    def clock(self, metric: str) -> Clock | None:
        return next((one for one in self.desk.record.clocks if one.metric == metric), None)

    def due(self) -> int | None:
        return min((one.due for one in self.desk.record.clocks if one.due is not None), default=None)


def scenario(case: Case, book: Book) -> list[str]:
    """Open the ticket, let happen what happens, and compare every number and instant the case states."""
    if "slas" in case["given"] or case["given"].get("sla_condition") == "blank":
        return choice(case)
    play = _opened(case, book)
    if case["given"].get("initial_state") == "pending":
        play.desk.change(play.now, state="on_hold")
    for event in case.get("events", ()):
        _happens(play, event)
    found = []
    for name, expected in case["expect"].items():
        found += _expected(play, name, expected)
    return found


def _opened(case: Case, book: Book) -> Play:
    given = case.get("given", {})
    strange = sorted(given.keys() - READ)
    if strange:
        raise InWordsError(f"needs a hand-written reading of {', '.join(strange)}")
    levels = _levels(case, book)
    hours = levels.hours("peer")
    text = next((given[name] for name in ("created", "ticket_date", "ticket_created", "now") if name in given), "")
    start = instant(text, hours) if text else st.next_opening(hours, instant(SOME_MONDAY, hours))
    facts: dict[str, Any] = {"group": GROUP if given.get("assigned_to_ola_group", "ola" in given) else "",
             "priority": HIGHEST - given["initial_priority"] if "initial_priority" in given else 1}  # fmt: skip
    desk = Desk(levels=levels, at=start, **facts)
    return Play(case, desk.start(_attached(case, hours, start)), levels, start)


def _levels(case: Case, book: Book) -> ServiceLevels:
    peer, given = case["source"].partition("-")[0], case["given"]
    targets, ola = _targets(case, book), "ola" in given
    if "initial_priority" in given:
        targets = {f"P{n}": targets["P1"] for n in range(1, HIGHEST)}
    # an agreement attached to the ticket itself is in force whoever has it; GLPI stops it when its group is taken off
    conditions = dict(CONDITIONS.get(peer, {})) if not ola or "assigned_to_ola_group" in given else {}
    if not _asked(given):
        # who opened it does not wait for a word: nothing is owed until the requester says one
        conditions |= {metric: Conditions(start={"said": "requester"}) for metric in UNASKED.get(peer, ())}
    if "keep_in_loop" in given:
        conditions[NEXT_REPLY] = Conditions(
            start={"said": "agent"}, reset={"said": "agent"}, stop={"said": "requester"}
        )
    agreement = Agreement(
        name="peer", kind="ola" if ola and not conditions else "sla", group=GROUP if ola and not conditions else "",
        when={"priority": [int(name[1:]) for name in targets]}, targets=targets, conditions=conditions,
        hold_pauses=HOLD_PAUSES.get(peer, (NEXT_REPLY, RESOLUTION)),
        retroactive="update" not in given.get("attached", "") and "keep_in_loop" not in given,
        levels=tuple(_level(text, act) for text, act in given.get("levels", {}).items()),
    )  # fmt: skip
    nothing = Agreement(name="none", default=True, targets={})
    calendars = Calendars(calendars={"peer": book.policy(case["calendar"])})
    return policy(agreement, nothing, calendar="peer", calendars=calendars)


def _asked(given: Mapping[str, Any]) -> bool:
    """Whether the ticket was opened by somebody outside who waits for an answer."""
    who = str(given.get("opened_by", "customer")).lower()
    return who.startswith(("customer", "requestor")) and "owner" not in who


def _level(text: str, act: str) -> Level:
    if not re.fullmatch(r"[+-]?\d+[mh]", text) or not re.fullmatch(r"priority \d", act):
        raise InWordsError(f"a level {text}: {act}")
    side = "before" if text.startswith("-") else "after"
    point: dict[str, Any] = {side: text.lstrip("+-")}
    return Level(**point, actions=(RAISE,))


def _attached(case: Case, hours: Calendar, start: int) -> int:
    clock_time = re.search(r"on update at (\d\d):(\d\d)", case["given"].get("attached", ""))
    if clock_time:
        return hours.instant(hours.day_of(start), int(clock_time[1]) * 3600 + int(clock_time[2]) * 60)
    text = case["given"].get("attached_at")
    return instant(text, hours) if text else start


def _targets(case: Case, book: Book) -> Mapping[str, Target]:
    given = case["given"]
    if "targets_minutes" in given:
        found = {NAMES[name]: f"{minutes}m" for name, minutes in given["targets_minutes"].items()}
    elif "target_minutes" in given:
        found = {RESOLUTION: f"{given['target_minutes']}m"}
    elif re.fullmatch(r"\d+[hm]/\d+[hm]", str(given.get("sla", ""))):
        response, _, resolution = given["sla"].partition("/")
        found = {RESPONSE: response, RESOLUTION: resolution}
    elif re.match(r"TT[OR]", str(given.get("ola", ""))):
        metric, _, minutes = given["ola"].partition(" ")
        found = {NAMES[metric]: minutes.replace(" min", "m") or "8h"}
    elif "response" in given or "resolve" in given:
        found = {NAMES[name]: given[name].split()[0] for name in ("response", "resolve") if name in given}
    else:
        found = _by_priority(case, book)
    if "keep_in_loop" in given:
        found[NEXT_REPLY] = given["keep_in_loop"]
    elif RESPONSE in found and case["source"] == "rt":
        # RT's one response target is owed again after every word of the requester
        found[NEXT_REPLY] = found[RESPONSE]
    return {"P1": Target(**found)}


def _by_priority(case: Case, book: Book) -> dict[str, str]:
    """The targets a peer's priority has, from its rows with a plain due answer."""
    where = f"priority {case['given'].get('priority')}"
    rows = [row for row in book.rows() if row.get("source") == case["source"] and row.get("metric") in NAMES]
    found = {NAMES[row["metric"]]: f"{row['target']['working_seconds']}s" for row in rows if row.get("where") == where}
    if not found:
        raise InWordsError("states no target")
    return found


def _when(play: Play, event: Mapping[str, Any]) -> int:
    text, hours = str(event.get("at", "")), play.levels.hours("peer")
    if re.fullmatch(r"\d\d:\d\d", text):
        day = hours.day_of(play.desk.record.opened_at)
        return hours.instant(day, int(text[:2]) * 3600 + int(text[3:]) * 60)
    if re.match(r"\d{4}-", text):
        return instant(text, hours)
    later = re.search(r"(\d+) s later", event["do"])
    return play.now + (int(later[1]) if later else SOME_TIME)


def _happens(play: Play, event: Mapping[str, Any]) -> None:
    does = event["do"].lower()
    play.now = _when(play, event)
    play.dues.append({one.metric: one.due for one in play.desk.record.clocks})
    for pattern, act in ACTS:
        words = re.fullmatch(pattern, does)
        if words:
            act(play, words)
            play.waits += [one.used for one in play.desk.record.clocks if one.metric == NEXT_REPLY]
            return
    raise InWordsError(f"nobody here knows how to {event['do']!r}")


def _says(play: Play, by: str) -> None:
    moves: dict[str, Any] = {"state": "in_progress"}
    play.desk.say(play.now, by=by, **(moves if by == CUSTOMER and play.desk.record.state == "on_hold" else {}))


def _notes(play: Play) -> None:
    play.desk.say(play.now, by=AGENT, public=False)


def _changes(play: Play, **new: Any) -> None:
    play.desk.change(play.now, **new)


def _replies_and_holds(play: Play) -> None:
    _says(play, AGENT)
    _moves(play, "on_hold", AGENT)


def _tick(play: Play) -> None:
    _, fired = rules.fire(play.desk.record.clocks, play.now, play.levels)
    play.desk.tick(play.now)
    wanted = escalation.changes(play.desk.record, fired, LIFECYCLE)
    if wanted:
        play.desk.change(play.now, **wanted)


def _moves(play: Play, to: str, by: str = CUSTOMER) -> None:
    if play.desk.record.state != to:
        play.desk.change(play.now, by=by, state=to)


def _waits(play: Play, words: re.Match[str]) -> None:
    _moves(play, "on_hold", AGENT)
    minutes = [int(part) for part in re.findall(r"\d+", words[1])]
    length = minutes[0] if len(minutes) == 1 else (minutes[2] - minutes[0]) * 60 + minutes[3] - minutes[1]
    play.now += length * MINUTE
    _moves(play, "in_progress")


def _reprioritised(play: Play, target: str = "") -> None:
    other = {"P2": Target(resolution=target)} if target else {}
    old = play.levels.agreement[0]
    found = Agreement(name=old.name, when={"priority": [1, 2] if target else [1]}, targets={**old.targets, **other},
                      hold_pauses=old.hold_pauses)  # fmt: skip
    play.levels = play.desk.policy = policy(found, play.levels.agreement[1], calendar="peer",
                                            calendars=play.levels.calendars)  # fmt: skip
    play.desk.change(play.now, priority=2)


# In Zammad and RT only a word answers, so moves of state without one are made by the requester's side here.
ACTS: list[tuple[str, Callable[[Play, re.Match[str]], None]]] = [
    (r".*[( ]replied\).*", lambda play, _: _replies_and_holds(play)),
    (r".*\b(?:internal|private)\b.*|.*\bnote\b.*", lambda play, _: _notes(play)),
    (r"(?:agent|staff) .*|reply(?: \(outside hours\))?", lambda play, _: _says(play, AGENT)),
    (r"(?:open \+ )?(?:customer|requestor) (?:mail|contact|reply).*", lambda play, _: _says(play, CUSTOMER)),
    (r"waiting (\d\d:\d\d -> \d\d:\d\d|for \d+ minutes)", _waits),
    (r"(?:pending|waiting|pause).*", lambda play, _: _moves(play, "on_hold")),
    (r"(?:open|resume|reopen).*", lambda play, _: _moves(play, "in_progress")),
    (r"(?:close|resolve|solve)d?\b.*", lambda play, _: _moves(play, "resolved", AGENT)),
    (
        r"(?!.*outsider).*\b(?:member|user|technician|somebody)\b.*\bgroup\b.*",
        lambda play, _: _moves(play, "in_progress", AGENT),
    ),
    (r"an outsider assigns somebody", lambda play, _: _changes(play, assignee="somebody@example.org")),
    (r"the group is removed from the ticket", lambda play, _: _changes(play, group="")),
    (r"timer tick", lambda play, _: _tick(play)),
    (r"priority changed so the sla no longer matches", lambda play, _: _reprioritised(play)),
    (r"sla changed to (\d+h)", lambda play, words: _reprioritised(play, words[1])),
]


def _expected(play: Play, name: str, expected: Any) -> list[str]:
    hours = play.levels.hours("peer")
    if name in ("due", "next_escalation"):
        return _due(play, name, expected)
    if name in ASKED:
        return compared(name, ASKED[name](play), expected)
    if name == "start":
        return compared(name, [one.started_at for one in play.desk.record.clocks], [instant(expected, hours)])
    words = re.fullmatch(r"(\w+?)_(due(?:_after_open)?|in_minutes|diff_minutes|seconds|failed_by_seconds)", name)
    clock = play.clock(NAMES.get(words[1], "")) if words else None
    if words is None or words[1] not in NAMES:
        raise InWordsError(f"nothing here computes {name}")
    if words[2].startswith("due"):
        return _clocks_due(play, clock, words[2], expected)
    if clock is None:
        return [f"{name}: there is no clock"]
    return compared(name, _measure(play, clock, words[2]), expected)


def _due(play: Play, name: str, expected: Any) -> list[str]:
    due = play.due()
    if str(expected).startswith("set"):
        return compared(name, due is not None, True)
    if expected == "unchanged by the second reply":
        return compared(name, due, _earlier(play))
    hours_from = re.search(r"\((\d+)h from the reply\)", str(expected))
    if hours_from:
        return compared(name, due, play.now + int(hours_from[1]) * 60 * MINUTE)
    if expected is not None and not re.match(r"\d{4}-", str(expected)):
        raise InWordsError(f"{name}: {expected}")
    return compared(name, due, instant(expected, play.levels.hours("peer")) if expected else None)


def _earlier(play: Play) -> int | None:
    return min((due for due in play.dues[-1].values() if due is not None), default=None)


def _clocks_due(play: Play, clock: Clock | None, what: str, expected: Any) -> list[str]:
    due = clock.due if clock else None
    if what == "due_after_open" and clock is not None and clock.state == STOPPED:
        # what it was due at while it ran
        due = next((one[clock.metric] for one in reversed(play.dues) if one[clock.metric]), None)
    return compared(what, due, instant(expected, play.levels.hours("peer")) if expected else None)


def _measure(play: Play, clock: Clock, what: str) -> int | None:
    if what == "failed_by_seconds":
        late = clock.breached_at is not None
        return clock.used - clock.target if late else None
    if what == "diff_minutes":
        return rules.remaining(clock, play.now, play.levels) // MINUTE
    # of several replies the longest somebody waited for is the one a peer reports
    used = max(play.waits, default=0) if clock.metric == NEXT_REPLY and clock.generation > 1 else _used(play, clock)
    return used if what == "seconds" else used // MINUTE


def _used(play: Play, clock: Clock) -> int:
    return clock.target - rules.remaining(clock, play.now, play.levels)


def _status(play: Play) -> str:
    """Frappe's word for where a ticket's clocks stand."""
    response, resolution = play.clock(RESPONSE), play.clock(RESOLUTION)
    if response and response.state == RUNNING:
        return "First Response Due"
    if resolution and resolution.state == PAUSED:
        return "Paused"
    if resolution and resolution.state == RUNNING:
        return "Resolution Due"
    return "Failed" if any(one.breached_at is not None for one in (response, resolution) if one) else "Fulfilled"


def _shift(play: Play) -> int | None:
    before, after = _earlier(play), play.due()
    return after - before if before and after else None


def _waited(play: Play) -> int:
    (only,) = play.desk.record.clocks
    return st.elapsed(play.levels.hours("peer"), only.started_at, play.now) - _used(play, only)


ASKED: Mapping[str, Callable[[Play], Any]] = {
    "completed": lambda play: all(one.state == STOPPED for one in play.desk.record.clocks),
    "due_shift_seconds": _shift,
    "priority": lambda play: HIGHEST - play.desk.record.priority,
    "sla_status": _status,
    "waiting_seconds": _waited,
}
"""What a case may ask of a ticket as a whole."""
