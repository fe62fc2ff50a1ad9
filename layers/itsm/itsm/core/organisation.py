"""Organisation: the services it runs and the support groups that work for them, as its policy names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the catalogue. Criticality 1 is the highest, 4 the lowest; `group` works its tickets.

    `owner` answers for it (a mail address), `items` are its configuration items.
    """

    title: str
    criticality: int
    group: str
    owner: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """services.toml: every service by name."""

    services: Mapping[str, Service] = field(default_factory=dict)

    def criticality(self, name: str) -> int | None:
        """How critical a service is, None for none or an unknown one."""
        service = self.services.get(name)
        return service.criticality if service else None

    def facts(self, name: str) -> Mapping[str, str | int]:
        """What rules may ask of a record's service beside its name; nothing for none or an unknown one."""
        service = self.services.get(name)
        return {"service.criticality": service.criticality, "service.group": service.group} if service else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One support group: the calendar it works by, its lead and its members by mail address.

    A reply reopens what the group has done for `reopen_days`; None: as long as the mailbox says.
    """

    title: str
    calendar: str
    lead: str
    members: tuple[str, ...] = ()
    reopen_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """groups.toml: every support group by name."""

    groups: Mapping[str, Group] = field(default_factory=dict)


CRITICALITIES = range(1, 5)


def service_problems(services: Services) -> list[tuple[str, str]]:
    """What is wrong in services.toml, as (key, reason)."""
    return [
        (f"services.{name}.criticality", f"is {service.criticality}; it goes from 1 (highest) to 4")
        for name, service in services.services.items()
        if service.criticality not in CRITICALITIES
    ] + [
        (f"services.{name}.owner", f"{service.owner!r} is no mail address")
        for name, service in services.services.items()
        if service.owner and "@" not in service.owner
    ]


def group_problems(groups: Groups) -> list[tuple[str, str]]:
    """What is wrong in groups.toml, as (key, reason)."""
    found = []
    for name, group in groups.groups.items():
        if "@" not in group.lead:
            found.append((f"groups.{name}.lead", f"{group.lead!r} is no mail address"))
        if group.reopen_days is not None and group.reopen_days < 0:
            found.append((f"groups.{name}.reopen_days", "is 0 (never) or more days"))
        wrong = [member for member in group.members if "@" not in member]
        found += [(f"groups.{name}.members", f"{member!r} is no mail address") for member in wrong]
    return found
