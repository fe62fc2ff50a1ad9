"""Policy check: all that is wrong with the organisation's policy, by file, line and key; part of `make check`."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from itsm.core import calendar_checks, catalogue, organisation, priority
from itsm.core.practice import load
from itsm.jira import policy as jira
from itsm.practices.change import policy as change
from itsm.practices.incident import policy as incident
from itsm.practices.problem import policy as problem
from itsm.practices.request import policy as request
from itsm.practices.service_level import checks as service_level
from itsm.runtime import language_check
from itsm.runtime.policies import Policies
from itsm.runtime.policy_reading import UnreadablePolicyError
from itsm.service_desk import letter_checks
from itsm.service_desk import policy as service_desk
from itsm.service_desk.ordering import item

type Problems = Iterable[tuple[str, str]]

AT_LINE = re.compile(r"\(at line (\d+)")
IN_TEMPLATE = re.compile(r"\(in its line (\d+)\)$")
PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")
DOTTED = rf"((?:{PART.pattern})(?:\s*\.\s*(?:{PART.pattern}))*)"
HEADER = re.compile(rf"\s*(\[\[?)\s*{DOTTED}\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(rf"\s*{DOTTED}\s*=")
QUIET = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*")
MULTILINE = ('"""', "'''")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of one file; line 1 where no line holds the key."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.key}: {self.reason}"
            if self.key
            else f"{self.file}:{self.line}: {self.reason}"
        )


def _services(policies: Policies) -> Problems:
    groups = policies.groups.groups
    yield from organisation.service_problems(policies.services)
    for name, service in policies.services.services.items():
        if service.group not in groups:
            yield f"services.{name}.group", f"no group is called {service.group!r}"
        for at, part in enumerate(service.items):
            if part not in policies.configuration.items:
                yield f"services.{name}.items.{at}", f"configuration.toml has no item {part!r}"


def _configuration(policies: Policies) -> Problems:
    yield from organisation.item_problems(policies.configuration)
    for name, part in policies.configuration.items.items():
        if part.service and part.service not in policies.services.services:
            yield f"items.{name}.service", f"no service is called {part.service!r}"
        if part.group and part.group not in policies.groups.groups:
            yield f"items.{name}.group", f"no group is called {part.group!r}"


def _groups(policies: Policies) -> Problems:
    yield from organisation.group_problems(policies.groups)
    for name, group in policies.groups.groups.items():
        if group.calendar not in policies.calendars.calendars:
            yield f"groups.{name}.calendar", f"no calendar is called {group.calendar!r}"


def _sources(policies: Policies) -> Problems:
    yield from service_desk.problems(policies.sources)
    yield from language_check.readers(policies)
    mail, alarm = policies.sources.mail, policies.sources.alarm
    yield from _levels(policies, "mail", {"impact": str(mail.impact), "urgency": str(mail.urgency)})
    yield from _levels(policies, "alarm", {"impact": str(alarm.impact), "urgency": str(alarm.urgency)})
    for start, given in alarm.names.items():
        yield from _levels(policies, f"alarm.names.{start}", given)
    for name, webhook in policies.sources.webhook.items():
        yield from _levels(policies, f"webhook.{name}.defaults", webhook.defaults)
        for level in ("impact", "urgency", organisation.ITEM):
            for said, value in webhook.values.get(level, {}).items():
                for _, reason in _levels(policies, "", {level: value}):
                    yield f"webhook.{name}.values.{level}.{said}", reason


def _forms(policies: Policies) -> Problems:
    yield from service_desk.problems(policies.forms)
    for name, form in policies.forms.form.items():
        yield from _levels(policies, f"form.{name}.defaults", form.defaults)
        yield from _item(policies, name, form)
        for at, question in enumerate(form.question):
            if question.name in ("impact", "urgency", organisation.ITEM):
                for choice in question.choices:
                    for _, reason in _levels(policies, "", {question.name: choice.value}):
                        yield f"form.{name}.question.{at}.choices", reason


def _item(policies: Policies, name: str, form: service_desk.Form) -> Problems:
    if form.practice != "request" and (form.approval is not None or form.fulfilment):
        yield f"form.{name}.practice", "only a request has an approval or a fulfilment that a form can plan"
    facts = [fact for fact in request.REQUEST_FACTS if fact != "details.*"]
    facts += ["details.cost", *(f"details.{one.name}" for one in form.question)]
    people = [one.name for one in form.question if one.type == "email" and one.domains]
    yield from catalogue.item_problems(f"form.{name}", item(form), policies.request.approval, facts, people)


def _levels(policies: Policies, path: str, given: Mapping[str, str]) -> Problems:
    """Impacts and urgencies the priority table does not know, with which no ticket can be opened, and unknown items."""
    items = policies.configuration.items
    if (part := given.get(organisation.ITEM, "")) and part not in items:
        yield f"{path}.{organisation.ITEM}", f"configuration.toml has no item {part!r}, only {', '.join(sorted(items))}"
    matrix = policies.priorities.matrix
    known = {"impact": set(matrix), "urgency": {urgency for row in matrix.values() for urgency in row}}
    for name, levels in known.items():
        if name in given and given[name] not in levels:
            yield (
                f"{path}.{name}",
                f"{given[name]!r} has no priority in priorities.toml, which knows {', '.join(sorted(levels))}",
            )


def _jira(policies: Policies) -> Problems:
    states = {name: load(name).lifecycle.states for name in policies.jira.practices if name in WORKED}
    for name in policies.jira.practices:
        if name not in WORKED:
            yield f"practices.{name}", f"no practice with a process is called {name!r}"
    yield from jira.problems(policies.jira, states)


PRACTICES = ("incident", "request", "change", "problem")
WORKED = (*PRACTICES, "task")
"""What people work, in Jira too: beside the practices' records the tasks of an order."""
OWNERS: Mapping[str, Callable[[Policies], Problems]] = {
    "calendars": lambda policies: calendar_checks.problems(policies.calendars),
    "groups": _groups,
    "services": _services,
    "configuration": _configuration,
    "priorities": lambda policies: priority.problems(policies.priorities),
    "sources": _sources,
    "forms": _forms,
    "letters": lambda policies: letter_checks.problems(policies.letters),
    "routing": lambda policies: service_desk.problems(policies.routing),
    "service_level": lambda policies: service_level.problems(policies.service_level),
    "jira": _jira,
    "incident": lambda policies: incident.problems(policies.incident),
    "problem": lambda policies: problem.problems(policies.problem),
    "request": lambda policies: request.problems(policies.request),
    "change": lambda policies: change.problems(policies.change),
}
"""Every policy file by name, and what its owner finds wrong with it."""


def check(directory: Path | None = None) -> list[Finding]:
    """All faults of all policy files; a file that cannot be read keeps only those that need it from being judged."""
    policies = Policies(directory)
    unreadable: dict[str, list[tuple[str, str]]] = {}
    found: list[Finding] = []
    for name in OWNERS:
        try:
            getattr(policies, name)
        except UnreadablePolicyError as error:
            unreadable[error.file] = error.faults
    states = frozenset(state for name in WORKED for state in load(name).lifecycle.states)
    for name, problems in [*OWNERS.items(), *language_check.owners(policies, states)]:
        try:
            faults = list(problems(policies))
        except UnreadablePolicyError as error:
            unreadable[error.file] = error.faults
        else:
            found += _located(policies, f"{name}.toml", faults)
    for file, unread in unreadable.items():
        found += _located(policies, file, unread)
    return sorted({*found, *_strangers(policies)}, key=lambda one: (one.file, one.line, one.key, one.reason))


def _located(policies: Policies, file: str, faults: Problems) -> list[Finding]:
    try:
        text = policies.text(file.removesuffix(".toml"))
    except UnreadablePolicyError:
        text = ""
    lines, written = key_lines(text), text.splitlines()
    return [
        Finding(file=file, line=_line(lines, key, reason, written), key=key, reason=reason) for key, reason in faults
    ]


def _line(lines: Mapping[str, int], key: str, reason: str, written: Sequence[str]) -> int:
    at = AT_LINE.search(reason)
    if at:
        return int(at[1])
    path = re.sub(r"\[(\d+)\]", r".\1", key)
    while path and path not in lines:
        path = path.rpartition(".")[0]
    line, inner = lines.get(path, 1), IN_TEMPLATE.search(reason)
    if inner is None or path != key:
        return line
    # a text that begins with a line end begins, to TOML, on the next line
    return line + int(inner[1]) - (0 if written[line - 1].rstrip().endswith(MULTILINE) else 1)


def key_lines(text: str) -> dict[str, int]:
    """The line each key and table of a TOML source stands on; dotted keys, arrays of tables with their index.

    What stands inside an inline table or a list is found under the key that holds it.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, quoted, depth = "", "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if depth > 0:
            depth += _opened(line)
            continue
        header, key = HEADER.match(line), KEY.match(line)
        if key:
            path = _join(table, key[1], counts)
            found.setdefault(path, number)
            quoted = next((mark for mark in MULTILINE if line.count(mark) % 2), "")
            depth = 0 if quoted else _opened(line[key.end() :])
        elif header:
            table = _join("", header[2], counts, grows=header[1] == "[[")
            found.setdefault(table, number)
            found.setdefault(table.rpartition(".")[0], number)
    return found


def _opened(value: str) -> int:
    """How many brackets and braces a piece of a value leaves open."""
    bare = QUIET.sub("", value)
    return sum(bare.count(one) for one in "[{") - sum(bare.count(one) for one in "]}")


def _join(table: str, dotted: str, counts: dict[str, int], *, grows: bool = False) -> str:
    """The full key of a dotted one; each array of tables on the way is followed by the index of its newest table."""
    path = table
    parts = [part.strip("\"'") for part in PART.findall(dotted)]
    for at, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if grows and at == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts and not path.rpartition(".")[2].isdigit():
            path = f"{path}.{counts[path]}"
    return path


def _strangers(policies: Policies) -> list[Finding]:
    strange = [
        (name, f"nobody reads this file; the policy files are {', '.join(OWNERS)}")
        for name in policies.files("")
        if name.endswith(".toml") and name.removesuffix(".toml") not in OWNERS
    ]
    strange += [
        (f"languages/{file}", reason)
        for file, reason in language_check.strangers(
            f"{tag}/{name}" for tag in policies.tags for name in policies.files(f"languages/{tag}")
        )
    ]
    return [Finding(file=name, line=1, key="", reason=reason) for name, reason in strange]


def main(arguments: Sequence[str]) -> int:
    """Print every fault of the policy in a directory (none given: the deployed one). Returns 1 if there is any."""
    found = check(Path(arguments[0]) if arguments else None)
    for finding in found:
        print(finding)
    if not found:
        print(f"policy: {len(OWNERS)} files, no fault", file=sys.stderr)
    return 1 if found else 0
