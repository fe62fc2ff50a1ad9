"""The fields of an issue: which there are, what each accepts, and how a change of one reads in the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.jira.adf import TEXT_LIMIT, problem, to_text
from sandbox.jira.messages import Json
from sandbox.jira.model import Catalogue, CustomField, Named, User

SUMMARY_LIMIT = 255
LABEL_LIMIT = 255
NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."


class InvalidValueError(ValueError):
    """A value a field does not accept; the message is what Jira tells the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its id and name, the kind of its value, what can be done to it, and its schema on the wire."""

    id: str
    name: str
    kind: str
    schema: Mapping[str, Json]
    operations: tuple[str, ...] = ("set",)
    required: bool = False


def _system(field_id: str, name: str, kind: str, wire_type: str, **more: Any) -> Field:
    items = {"items": "string"} if wire_type == "array" else {}
    return Field(id=field_id, name=name, kind=kind, schema={"type": wire_type, "system": field_id, **items}, **more)


SYSTEM = (
    _system("summary", "Summary", "summary", "string", required=True),
    _system("description", "Description", "adf", "string"),
    _system("environment", "Environment", "adf", "string"),
    _system("priority", "Priority", "priority", "priority"),
    _system("labels", "Labels", "labels", "array", operations=("add", "set", "remove")),
    _system("assignee", "Assignee", "user", "user"),
    _system("reporter", "Reporter", "user", "user"),
    _system("duedate", "Due date", "date", "date"),
)
RESOLUTION = _system("resolution", "Resolution", "resolution", "resolution")
READ_ONLY = {
    "status": ("Status", "status"),
    "issuetype": ("Issue Type", "issuetype"),
    "project": ("Project", "project"),
    "parent": ("Parent", "issuelink"),
    "creator": ("Creator", "user"),
    "created": ("Created", "datetime"),
    "updated": ("Updated", "datetime"),
    "statuscategorychangedate": ("Status Category Changed", "datetime"),
    "resolutiondate": ("Resolved", "datetime"),
    "subtasks": ("Sub-tasks", "array"),
    "issuelinks": ("Linked Issues", "array"),
    "attachment": ("Attachment", "array"),
    "comment": ("Comment", "comments-page"),
    "components": ("Components", "array"),
    "fixVersions": ("Fix versions", "array"),
    "versions": ("Affects versions", "array"),
}
"""Fields one reads but does not set by name; created with the issue, or changed by other operations."""

CUSTOM_TYPES = {
    "string": ("string", "textfield"),
    "text": ("string", "textarea"),
    "number": ("number", "float"),
    "option": ("option", "select"),
}


def custom(field: CustomField) -> Field:
    """A custom field as a field."""
    wire_type, type_key = CUSTOM_TYPES[field.kind]
    schema = {
        "type": wire_type,
        "custom": f"com.atlassian.jira.plugin.system.customfieldtypes:{type_key}",
        "customId": int(field.id.removeprefix("customfield_")),
    }
    kinds = {"text": "adf", "string": "line"}
    return Field(id=field.id, name=field.name, kind=kinds.get(field.kind, field.kind), schema=schema)


def editable(catalogue: Catalogue) -> dict[str, Field]:
    """The fields on the create and edit screens, by id."""
    return {field.id: field for field in (*SYSTEM, *(custom(field) for field in catalogue.custom_fields))}


def parse(field: Field, value: Json, catalogue: Catalogue) -> Json:
    """The stored form of a value someone wants to set. Raises InvalidValueError with Jira's own words."""
    if field.kind in PLAIN:
        return PLAIN[field.kind](value)
    match field.kind:
        case "priority":
            return _named(value, catalogue.priorities, "Priority", required=True)
        case "resolution":
            return _named(value, catalogue.resolutions, "Resolution")
        case "user":
            return _person(value, catalogue)
        case _:
            return _option(value, field, catalogue)


def _summary(value: Json) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InvalidValueError("You must specify a summary of the issue.")
    if not isinstance(value, str):
        raise InvalidValueError("Operation value must be a string")
    if "\n" in value or "\r" in value:
        raise InvalidValueError("The summary is invalid because it contains newline characters.")
    if len(value) > SUMMARY_LIMIT:
        raise InvalidValueError(f"Summary must be less than {SUMMARY_LIMIT} characters.")
    return value.strip()


def _line(value: Json) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidValueError("Operation value must be a string")
    if value and len(value) > SUMMARY_LIMIT:
        raise InvalidValueError("The entered text is too long. It exceeds the allowed limit of 255 characters.")
    return value or None


def _document(value: Json) -> Json:
    if value is None:
        return None
    if problem(value) is not None:
        raise InvalidValueError(NOT_ADF)
    if len(to_text(value)) > TEXT_LIMIT:
        raise InvalidValueError(TOO_LONG)
    return value if value["content"] else None


def _named(value: Json, entries: tuple[Named, ...], what: str, *, required: bool = False) -> str | None:
    if value is None and not required:
        return None
    if not isinstance(value, dict):
        raise InvalidValueError("data was not an object" if value is not None else f"{what} is required.")
    for key in ("id", "name"):
        if key in value:
            found = next((entry.id for entry in entries if getattr(entry, key) == value[key]), None)
            if found is None:
                raise InvalidValueError(f"{what} {key} '{value[key]}' is not valid")
            return found
    raise InvalidValueError(f"Could not find valid 'id' or 'name' in {what.lower()} object.")


def label(value: Json) -> str:
    """One label: a string without spaces."""
    if not isinstance(value, str) or not value:
        raise InvalidValueError("string expected at index 0")
    if any(character.isspace() for character in value):
        raise InvalidValueError(f"The label '{value}' contains spaces which is invalid.")
    if len(value) > LABEL_LIMIT:
        raise InvalidValueError(f"The label '{value}' exceeds the maximum length of 255 characters.")
    return value


def _labels(value: Json) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidValueError("data was not an array")
    return sorted({label(item) for item in value})


def _person(value: Json, catalogue: Catalogue) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValueError("data was not an object")
    account_id = value.get("accountId", value.get("id"))
    if account_id is None:
        if "accountId" in value or "id" in value:
            return None
        raise InvalidValueError("'accountId' must be the only user identifying query parameter in GDPR strict mode.")
    user = catalogue.user(account_id) if isinstance(account_id, str) else None
    if user is None:
        raise InvalidValueError(f"User '{account_id}' does not exist.")
    if not user.active:
        raise InvalidValueError(f"User '{account_id}' cannot be assigned issues.")
    return user.id


def _date(value: Json) -> str | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and len(value) == len("2026-01-31"):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise InvalidValueError(f"Error parsing date string: {value}")


def _option(value: Json, field: Field, catalogue: Catalogue) -> str | None:
    options = next(entry.options for entry in catalogue.custom_fields if entry.id == field.id)
    if value is None:
        return None
    if not isinstance(value, dict) or not {"id", "value"} & set(value):
        raise InvalidValueError("Specify a valid 'id' or 'name' for " + field.name)
    for option in options:
        if value.get("id", option.id) == option.id and value.get("value", option.name) == option.name:
            return option.id
    raise InvalidValueError(
        f"Option {'id' if 'id' in value else 'value'} '{value.get('id', value.get('value'))}' is not valid"
    )


def _number(value: Json) -> Json:
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
        raise InvalidValueError("Operation value must be a number")
    return value


PLAIN: Mapping[str, Callable[[Json], Json]] = {
    "summary": _summary,
    "line": _line,
    "adf": _document,
    "labels": _labels,
    "date": _date,
    "number": _number,
}
"""Kinds of fields whose values need nothing of the site to be judged."""


def reads(field: Field, stored: Json, catalogue: Catalogue) -> tuple[str | None, str | None]:
    """A stored value as the history shows it: what identifies it (or None) and what people read."""
    if stored is None:
        return None, None
    match field.kind:
        case "adf":
            return None, to_text(stored)
        case "labels":
            return None, " ".join(stored)
        case "priority":
            return _entry(catalogue.priorities, stored)
        case "resolution":
            return _entry(catalogue.resolutions, stored)
        case "user":
            user: User | None = catalogue.user(stored)
            return stored, user.name if user else stored
        case "date":
            return stored, f"{stored} 00:00:00.0"
        case "option":
            return _entry(next(entry.options for entry in catalogue.custom_fields if entry.id == field.id), stored)
        case _:
            return None, str(stored)


def _entry(entries: tuple[Named, ...], entry_id: str) -> tuple[str, str]:
    return entry_id, next((entry.name for entry in entries if entry.id == entry_id), entry_id)
