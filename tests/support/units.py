"""Units: counts DynamoDB calls and write units from recorded calls, by the rules AWS bills by."""

# A write costs one unit per KB of the larger of the old and the new item; each index entry that appears, goes or
# changes costs one per KB of what the index projects, and one that changes its key costs two writes; transactional
# writes cost double on the table. Source: DynamoDB Developer Guide, "DynamoDB read and write operations" and "Using
# Global Secondary Indexes".

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

type Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index: its key attributes and what it projects beside all keys."""

    name: str
    keys: tuple[str, ...]
    include: tuple[str, ...] = ()

    def entry(self, item: Item | None) -> dict[str, Any] | None:
        """What the index holds of an item, None where a key is missing."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: item[name] for name in (*self.keys, "pk", "sk", *self.include) if name in item}


RECORD_INDEXES = (
    Index("number", ("num",)),
    Index("requester", ("req", "opened")),
    Index("assignee", ("asg", "opened")),
    Index("worklist", ("wl", "wlk"), ("num", "practice", "title", "state", "prio", "asg")),
    Index("timers", ("tshard", "tdue")),
)


def size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of an item: names and values in UTF-8, numbers at about a byte per two digits."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return (len(held.lstrip("-").replace(".", "")) + 1) // 2 + 1
        case "L":
            return 3 + sum(1 + _value(inner) for inner in held)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(inner) for name, inner in held.items())
        case _:
            return 1


def kilobytes(*items: Item | None) -> int:
    """Write units of the largest of these items."""
    return max(math.ceil(size(item) / 1024) for item in items if item is not None)


@dataclass(slots=True)
class Meter:
    """The calls and write units since the last `take`; the items it saw are its memory of what was there before."""

    indexes: Mapping[str, tuple[Index, ...]]
    calls: list[str] = field(default_factory=list)
    units: int = 0
    items: dict[tuple[str, str, str], Item] = field(default_factory=dict)
    _pending: dict[str, Any] = field(default_factory=dict)

    def take(self) -> tuple[list[str], int]:
        """What was counted, and start again."""
        counted = (self.calls, self.units)
        self.calls, self.units = [], 0
        return counted

    def before(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """Remember the request that is about to be sent."""
        self._pending = {"name": model.name, "body": json.loads(params["body"])}

    def after(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        """Count the request that was answered."""
        name, body = self._pending["name"], self._pending["body"]
        self.calls.append(name)
        if response_dict["status_code"] != 200:
            self.units += 1 if name in ("PutItem", "UpdateItem", "DeleteItem") else 0
            return
        match name:
            case "PutItem":
                self.units += self._put(body["TableName"], body["Item"], 1)
            case "UpdateItem" | "DeleteItem":
                self.units += 1
            case "TransactWriteItems":
                parts = [part["Put"] for part in body["TransactItems"] if "Put" in part]
                self.units += 2 * (len(body["TransactItems"]) - len(parts))  # a condition check of a small item
                self.units += sum(self._put(part["TableName"], part["Item"], 2) for part in parts)
            case _:
                pass

    def _put(self, table: str, item: Item, factor: int) -> int:
        key = (table, item["pk"]["S"], item.get("sk", {"S": ""})["S"])
        old = self.items.get(key)
        self.items[key] = item
        units = factor * kilobytes(old, item)
        for index in self.indexes.get(table, ()):
            units += _index_units(index, old, item)
        return units


def _index_units(index: Index, old: Item | None, new: Item | None) -> int:
    was, now = index.entry(old), index.entry(new)
    if was == now or (was is None and now is None):
        return 0
    if was is None or now is None:
        return kilobytes(was, now)
    moved = any(was[key] != now[key] for key in index.keys)
    return kilobytes(was) + kilobytes(now) if moved else kilobytes(was, now)


@contextmanager
def metered(records_table: str) -> Iterator[Meter]:
    """A meter on every DynamoDB client that is made while it is on."""
    from botocore import handlers

    meter = Meter(indexes={records_table: RECORD_INDEXES})
    hooks = [("before-call.dynamodb", meter.before), ("response-received.dynamodb", meter.after)]
    handlers.BUILTIN_HANDLERS.extend(hooks)
    try:
        yield meter
    finally:
        for hook in hooks:
            handlers.BUILTIN_HANDLERS.remove(hook)
