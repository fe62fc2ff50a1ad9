"""Finding issues by JQL: what each clause means, and refusal of what does not exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sandbox.jira import jql
from sandbox.jira.adf import to_text
from sandbox.jira.desk import Desk
from sandbox.jira.index import Index
from sandbox.jira.messages import Json, Refusal
from sandbox.jira.model import Comment, Issue
from sandbox.jira.views import CATEGORIES

type Names = tuple[str, ...]
"""The ways one value may be written in a query."""

ALIASES = {"issuekey": "key", "issue": "key", "type": "issuetype", "createddate": "created", "updateddate": "updated"}
DATES = ("created", "updated", "resolutiondate", "duedate", "statuscategorychangeddate")
TEXTS = ("text", "summary", "description", "comment")
EQUALITY = {"=", "!=", "in", "not in"}
RELATIVE = re.compile(r"([+-]?\d+)([wdhm])")
UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
UNRESOLVED: Names = ("Unresolved",)
"""How a query names an issue that has no resolution."""


class Finder:
    """Runs queries over what the index sees."""

    def __init__(self, desk: Desk, index: Index) -> None:
        self.desk = desk
        self.index = index

    def find(self, text: str, reconcile: tuple[str, ...] = ()) -> list[Issue]:
        """The issues a query finds, in its order (newest first when it names none). Raises Refusal (400)."""
        search = jql.parse(text)
        if search.condition is None:
            raise Refusal(
                400,
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
            )
        condition = search.condition
        for clause in jql.clauses(condition):
            self._check(clause)
        now = self.desk.now()
        found = [
            issue
            for issue in self.index.issues(reconcile)
            if jql.holds(condition, partial(self._test, issue=issue, now=now))
        ]
        found.sort(key=lambda issue: (issue.created, int(issue.id)), reverse=True)
        for order in reversed(search.order):
            found.sort(key=self._key(order), reverse=order.descending)
        return found

    def _check(self, clause: jql.Clause) -> None:
        name = ALIASES.get(clause.field, clause.field)
        if name in DATES:
            allowed = EQUALITY | {">", ">=", "<", "<=", "is", "is not"}
            for value in clause.values:
                moment(value, self.desk.now())
        elif name in TEXTS:
            allowed = {"~", "!~", "is", "is not"}
        elif name in ("key", "id"):
            allowed = EQUALITY | {">", ">=", "<", "<="}
            for value in clause.values:
                self._check_issue(name, value)
        else:
            allowed = EQUALITY | {"is", "is not"}
            self._check_values(name, clause)
        if clause.operator not in allowed:
            raise Refusal(400, f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")

    def _check_issue(self, name: str, value: str) -> None:
        try:
            self.desk.find(value)
        except Refusal:
            raise Refusal(400, f"An issue with key '{value}' does not exist for field '{name}'.") from None

    def _check_values(self, name: str, clause: jql.Clause) -> None:
        known = self._known().get(name)
        if known is None and name not in ("labels", "assignee", "reporter", "creator", "parent"):
            raise Refusal(400, f"Field '{clause.field}' does not exist or you do not have permission to view it.")
        words = {word.casefold() for names in known or () for word in names}
        for value in clause.values:
            if known is not None and value.casefold() not in words:
                raise Refusal(400, f"The value '{value}' does not exist for the field '{clause.field}'.")

    def _known(self) -> dict[str, list[Names]]:
        site = self.desk.catalogue
        return {
            "project": [(project.key, project.id, project.name) for project in site.projects],
            "status": [(status.name, status.id) for status in site.statuses],
            "statuscategory": [(name, key, str(number)) for key, (number, name, _) in CATEGORIES.items()],
            "priority": [(entry.name, entry.id) for entry in site.priorities],
            "resolution": [*((entry.name, entry.id) for entry in site.resolutions), UNRESOLVED],
            "issuetype": [(kind.name, kind.id) for kind in site.types],
        }

    def _test(self, clause: jql.Clause, issue: Issue, now: datetime) -> bool:
        name = ALIASES.get(clause.field, clause.field)
        if name in DATES:
            return _compare_dates(clause, self._moment(name, issue), now)
        if name in TEXTS:
            return self._text_matches(clause, name, issue)
        if clause.operator in (">", ">=", "<", "<="):
            return _compare(clause.operator, int(issue.id), int(self.desk.find(clause.values[0]).id))
        held = self._held(name, issue)
        if clause.operator in ("is", "is not"):
            empty = not held or held == [UNRESOLVED]
            return empty == (clause.operator == "is")
        wanted = {value.casefold() for value in clause.values}
        hit = any(word.casefold() in wanted for names in held for word in names)
        # As in Jira, an issue without a value is found by neither = nor !=.
        return hit if clause.operator in ("=", "in") else bool(held) and not hit

    def _held(self, name: str, issue: Issue) -> list[Names]:
        """What an issue holds in a field, each value with the ways to write it; nothing when it is empty."""
        site = self.desk.catalogue
        match name:
            case "key" | "id":
                return [(issue.key, issue.id)]
            case "labels":
                return [(label,) for label in issue.fields.get("labels", [])]
            case "assignee" | "reporter" | "creator":
                account = issue.creator if name == "creator" else issue.fields.get(name)
                user = site.user(account) if account else None
                return [(user.id, user.email, user.name)] if user else []
            case "parent":
                parent = self.desk.store.get(Issue, issue.parent) if issue.parent else None
                return [(parent.key, parent.id)] if parent else []
            case "statuscategory":
                value: Json = site.status(issue.status).category
            case "project":
                value = issue.project
            case "status" | "issuetype":
                value = issue.status if name == "status" else issue.type
            case _:
                value = issue.fields.get(name)
        if name == "resolution" and value is None:
            return [UNRESOLVED]
        return [names for names in self._known()[name] if value in names]

    def _moment(self, name: str, issue: Issue) -> str | None:
        dates = {
            "created": issue.created,
            "updated": issue.updated,
            "resolutiondate": issue.resolved,
            "statuscategorychangeddate": issue.status_changed,
        }
        return dates[name] if name in dates else issue.fields.get(name)

    def _text_matches(self, clause: jql.Clause, name: str, issue: Issue) -> bool:
        parts = {
            "summary": [issue.fields.get("summary", "")],
            "description": [to_text(issue.fields.get("description"))],
            "comment": [to_text(comment.body) for comment in self.desk.store.of(Comment, issue.id)],
        }
        text = " ".join(parts[name] if name in parts else [part for several in parts.values() for part in several])
        if clause.operator in ("is", "is not"):
            return bool(text.strip()) != (clause.operator == "is")
        words = re.findall(r"\w+", text.casefold())
        asked = re.findall(r"\w+\*?", clause.values[0].casefold())
        hit = all(any(w.startswith(a[:-1]) if a.endswith("*") else w == a for w in words) for a in asked)
        return hit == (clause.operator == "~")

    def _key(self, order: jql.Order) -> Callable[[Issue], tuple[bool, object]]:
        name = ALIASES.get(order.field, order.field)
        if name in ("key", "id"):
            return lambda issue: (True, (issue.project, int(issue.key.rpartition("-")[2])))
        if name in DATES:
            return lambda issue: (self._moment(name, issue) is not None, self._moment(name, issue) or "")
        if name == "priority":
            # Highest is the greatest, as in Jira, though it has the smallest id.
            return lambda issue: (True, -int(issue.fields.get("priority") or 0))
        if name in ("status", "issuetype", "summary", "project", "assignee"):
            return lambda issue: (True, str(getattr(issue, name, None) or issue.fields.get(name) or ""))
        raise Refusal(400, f"Not able to sort using field '{order.field}'.")


def moment(value: str, now: datetime) -> datetime:
    """An instant as JQL writes it: ``-12m``, ``-1d 2h``, ``2026-01-31``, ``"2026/01/31 09:30"``; UTC."""
    parts = RELATIVE.findall(value)
    if parts and RELATIVE.sub("", value).strip() == "":
        sign = -1 if value.strip().startswith("-") else 1
        ago = sum((timedelta(**{UNITS[unit]: abs(int(number))}) for number, unit in parts), timedelta())
        return now + sign * ago
    for pattern in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(value.replace("/", "-"), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refusal(
        400,
        f"Date value '{value}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', "
        "'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
    )


def _compare_dates(clause: jql.Clause, held: str | None, now: datetime) -> bool:
    if clause.operator in ("is", "is not"):
        return (held is not None) != (clause.operator == "is")
    if held is None:
        return False
    instant = datetime.fromisoformat(held)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if clause.operator in EQUALITY:
        hit = any(instant == moment(value, now) for value in clause.values)
        return hit == (clause.operator in ("=", "in"))
    return _compare(clause.operator, instant, moment(clause.values[0], now))


def _compare[T: (int, datetime)](operator: str, left: T, right: T) -> bool:
    match operator:
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "<":
            return left < right
        case _:
            return left <= right
