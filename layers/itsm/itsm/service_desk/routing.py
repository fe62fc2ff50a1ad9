"""Routing: record -> the support group that works it."""

from collections.abc import Mapping

from itsm.core import rules
from itsm.core.events import Json
from itsm.core.record import Record
from itsm.service_desk.policy import Routing


def choose_group(record: Record, routing: Routing, beside: Mapping[str, Json] | None = None) -> str:
    """The group of the first routing rule that holds, else that of the record's configuration item, else the default.

    `beside` adds facts only the caller knows, such as `service.criticality` and `ci_group`.
    """
    rule = rules.first(routing.rule, rules.facts(record, beside))
    return rule.assign if rule else str((beside or {}).get("ci_group") or routing.default)
