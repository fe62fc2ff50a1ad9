"""A small organisation to measure in: two groups in two zones, a standard agreement and a critical one."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from itsm.core.calendar import CalendarPolicy, Calendars, WeeklyHours
from itsm.core.clock import MEASURED, Clock
from itsm.core.lifecycle import Lifecycle
from itsm.core.organisation import Group, Groups, Service, Services
from itsm.core.priority import Priorities
from itsm.core.record import Comment, Record
from itsm.practices.service_level import rules
from itsm.practices.service_level.policy import Agreement, Level, ServiceLevels, Target
from itsm.practices.service_level.replay import started

from tests.builders import a_comment, an_incident

MINUTE, HOUR = 60, 3600
LIFECYCLE = Lifecycle(
    initial="new",
    moves={
        "new": frozenset({"in_progress", "on_hold", "resolved", "cancelled"}),
        "in_progress": frozenset({"on_hold", "resolved", "cancelled"}),
        "on_hold": frozenset({"in_progress", "resolved", "cancelled"}),
        "resolved": frozenset({"in_progress", "on_hold", "closed"}),
        "closed": frozenset(),
        "cancelled": frozenset(),
    },
    held=frozenset({"on_hold"}),
    answered=frozenset({"in_progress", "resolved", "closed"}),
    met=frozenset({"resolved", "closed"}),
)
OFFICE = ("09:00-17:00",)
WEEKDAYS = WeeklyHours(mon=OFFICE, tue=OFFICE, wed=OFFICE, thu=OFFICE, fri=OFFICE)
CALENDARS = Calendars(
    calendars={
        "berlin": CalendarPolicy(zone="Europe/Berlin", hours=WEEKDAYS, holidays=("12-25",)),
        "new-york": CalendarPolicy(zone="America/New_York", hours=WEEKDAYS),
        "always": CalendarPolicy(always=True),
    }
)
STANDARD = Agreement(
    name="standard",
    default=True,
    targets={
        "P1": Target(response="15m", next_reply="30m", resolution="4h"),
        "P2": Target(response="1h", next_reply="2h", resolution="8h"),
        "P3": Target(response="4h", next_reply="4h", resolution="2 business_days"),
    },
    levels=(
        Level(at=75, actions=("note",)),
        Level(at=100, actions=("mail-lead",)),
        Level(at=150, actions=("mail-lead",), metrics=("resolution",)),
    ),
)
CRITICAL = Agreement(
    name="critical",
    when={"service.criticality": 1},
    calendar="always",
    targets={f"P{n}": Target(response="15m", resolution="2h") for n in (1, 2, 3)},
)
FRIDAY = "2026-03-27T15:00"
"""The Friday before the clocks change in Berlin; New York has changed them two weeks before."""


def policy(*agreements: Agreement, **overrides: Any) -> ServiceLevels:
    """Service levels with the agreements given, or the standard and the critical one."""
    facts: dict[str, Any] = {
        "calendar": "berlin",
        "agreement": agreements or (CRITICAL, STANDARD),
        "calendars": CALENDARS,
        "groups": Groups(
            groups={
                "berlin": Group(title="Berlin", calendar="berlin", lead="lead@example.org"),
                "new-york": Group(title="New York", calendar="new-york", lead="lead@example.org"),
            }
        ),
        "services": Services(
            services={
                "email": Service(title="E-mail", criticality=3, group="berlin"),
                "erp": Service(title="ERP", criticality=1, group="berlin"),
            }
        ),
        "priorities": Priorities(matrix={"1": {"1": 1, "2": 2, "3": 3}}),
    }
    return ServiceLevels(**(facts | overrides))


def at(text: str, zone: str = "Europe/Berlin") -> int:
    """Epoch seconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def shown(instant: int | None, zone: str = "Europe/Berlin") -> str | None:
    """An instant as somebody in the zone reads it, None for none."""
    return None if instant is None else datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%a %d %b %H:%M:%S")


class Desk:
    """A ticket and what happens to it, saved the way the product saves: each change carries its clocks."""

    def __init__(self, opened: str = FRIDAY, levels: ServiceLevels | None = None, **facts: Any) -> None:
        self.policy = levels or policy()
        given: dict[str, Any] = {"at": at(opened), "group": "berlin", "priority": 1, **facts}
        self.record = an_incident(**given)
        self.events = [self.record.event]
        self.comments: list[Comment] = []
        self.fired: list[str] = []

    def start(self, when: str | int) -> "Desk":
        instant = at(when) if isinstance(when, str) else when
        clocks = started(self.record, self.events, self.comments, LIFECYCLE, self.policy, instant)
        mark: dict[str, Any] = {} if clocks else {"details": {**self.record.details, MEASURED: True}}
        started_now = self.record.changed("ClocksStarted", by="system", origin="timer", at=instant, **mark)
        return self.keep(replace(started_now, clocks=clocks))

    def change(
        self, when: str | int, comment: Comment | None = None, by: str = "ada@example.org", **new: Any
    ) -> "Desk":
        instant = at(when) if isinstance(when, str) else when
        after = self.record.changed(
            "Changed", by=by, origin="test", at=instant, comment=comment.id if comment else "", **new
        )
        if comment is not None:
            self.comments.append(comment)
        clocks = rules.measured(self.record, after, comment, LIFECYCLE, self.policy) if self.record.measured else ()
        return self.keep(after, clocks)

    def say(self, when: str | int, by: str = "ada@example.org", public: bool = True, **new: Any) -> "Desk":
        instant = at(when) if isinstance(when, str) else when
        comment = a_comment(self.record, f"{len(self.comments)}", by=by, public=public, at=instant)
        return self.change(instant, comment, by=by, **new)

    def tick(self, when: str | int) -> "Desk":
        instant = at(when) if isinstance(when, str) else when
        clocks, fired = rules.fire(self.record.clocks, instant, self.policy)
        if fired:
            self.fired += [f"{one.clock.metric} {one.level}" for one in fired]
            kind = "ClockBreached" if any(one.breached for one in fired) else "ClockWarned"
            self.keep(self.record.changed(kind, by="system", origin="timer", at=instant, clocks=clocks))
        return self

    def keep(self, record: Record, clocks: tuple[Clock, ...] | None = None) -> "Desk":
        self.record = record if clocks is None else replace(record, clocks=clocks)
        self.events.append(record.event)
        return self

    def clock(self, metric: str) -> Clock:
        return next(clock for clock in self.record.clocks if clock.metric == metric)
