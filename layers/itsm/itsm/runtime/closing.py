"""Closing: how long a record whose work is done stays open to objections, worked out as its process begins to wait."""

from collections.abc import Mapping

from itsm.core.duration import time_to_object
from itsm.core.events import Json
from itsm.core.practice import load
from itsm.core.record import Record
from itsm.runtime.ports import Ports

CLOSE_SECONDS = "close_seconds"
"""The detail a process takes the time limit of its wait from."""
SOONEST = 1


def objection(record: Record, ports: Ports) -> Mapping[str, Json]:
    """The seconds from now until a record that is done closes by itself, as the detail its process reads; else nothing.

    It counts from the record's last change in the hours of the group that has it, and is stored nowhere: the process
    waits so long, and what the policy says later is for those that are done later.
    """
    practice = load(record.practice)
    if record.state not in practice.lifecycle.met - practice.lifecycle.final:
        return {}
    text = practice.close_after(getattr(ports.policies, practice.name))
    if not text:
        return {}
    levels = ports.policies.service_level
    hours = levels.hours(levels.group_hours(record.group))
    return {CLOSE_SECONDS: max(SOONEST, time_to_object(hours, record.updated_at, text) - ports.now())}
