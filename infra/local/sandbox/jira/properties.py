"""Entity properties: JSON an app hangs on an issue or a comment under a key of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.jira.messages import Json, Refusal

PROPERTY_KEY_LIMIT = 255
PROPERTY_LIMIT = 32768


def properties_of(body: Mapping[str, Json]) -> dict[str, Json]:
    """The entity properties a body brings, by key. Raises Refusal for one Jira would not take."""
    listed = body.get("properties") or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) and "key" in entry for entry in listed):
        raise Refusal(400, "Invalid entity property.")
    for entry in listed:
        check_property(entry["key"], entry.get("value"))
    return {entry["key"]: entry.get("value") for entry in listed}


def check_property(key: Json, value: Json) -> None:
    """Keys hold 255 characters, values 32,768 as JSON (OpenAPI, ``PUT .../properties/{propertyKey}``)."""
    if not isinstance(key, str) or not 0 < len(key) <= PROPERTY_KEY_LIMIT:
        raise Refusal(400, "The property key cannot be longer than 255 characters.")
    if value is None or len(json.dumps(value, ensure_ascii=False)) > PROPERTY_LIMIT:
        raise Refusal(400, "The property value cannot be empty or longer than 32768 characters.")
