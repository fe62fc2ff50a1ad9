"""Organisation: its services, what they are made of, and the support groups that work for them, as policy has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from itsm.core.events import Json


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


ITEM = "ci"
"""The detail in which a record names its configuration item."""
ITEM_FACTS = ("ci_class", "ci_criticality", "ci_group", "ci_service")
"""What rules may ask of that item, beside its name (details.ci)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One configuration item (ITIL v3, Service Transition 4.3): its class, and how much hangs on it, 1 the most.

    A criticality of 0 is that of the service. `service` is what a ticket that names nothing but the item is about;
    `group` works it when no routing rule sends it elsewhere.
    """

    kind: str = field(metadata={"called": "class"})
    title: str = ""
    service: str = ""
    criticality: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """configuration.toml: the classes there are, and every configuration item by name."""

    classes: tuple[str, ...] = ()
    items: Mapping[str, Item] = field(default_factory=dict)

    def item(self, details: Mapping[str, Json]) -> Item | None:
        """The item that a record's details name, None for none or an unknown one."""
        name = details.get(ITEM)
        return self.items.get(name) if isinstance(name, str) else None

    def facts(self, details: Mapping[str, Json]) -> Mapping[str, str | int]:
        """What rules may ask of a record's item; nothing for none or an unknown one."""
        item = self.item(details)
        if item is None:
            return {}
        known: tuple[str | int, ...] = (item.kind, item.criticality, item.group, item.service)
        return {name: value for name, value in zip(ITEM_FACTS, known, strict=True) if value}


def criticality(services: Services, configuration: Configuration, service: str, details: Mapping[str, Json]) -> int:
    """How critical what a record is about is: the most of its service and its item; 0 when neither is known."""
    item = configuration.item(details)
    levels = (services.criticality(service) or 0, item.criticality if item else 0)
    return min((level for level in levels if level), default=0)


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


def item_problems(configuration: Configuration) -> list[tuple[str, str]]:
    """What is wrong in configuration.toml, as (key, reason)."""
    found = []
    for name, item in configuration.items.items():
        if item.kind not in configuration.classes:
            found.append((f"items.{name}.class", f"{item.kind!r} is none of {', '.join(configuration.classes)}"))
        if item.criticality and item.criticality not in CRITICALITIES:
            found.append((f"items.{name}.criticality", f"is {item.criticality}; it goes from 1 (highest) to 4"))
    used = {item.kind for item in configuration.items.values()}
    unused = [(n, one) for n, one in enumerate(configuration.classes) if one not in used]
    return found + [(f"classes.{n}", f"no configuration item is of the class {one!r}") for n, one in unused]
