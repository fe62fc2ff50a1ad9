"""Reach: what a door can come to call of its ports, read from the source, function by function."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.infra.aws.estate import ROOT

PRODUCT = ROOT / "layers" / "itsm"
PORTS = frozenset({"records", "audit", "bus", "processes", "timers", "nudges", "blobs", "mail", "once", "secrets",
                   "holidays"})  # fmt: skip
HOURS = frozenset({"service_level", "calendars"})
"""Policies that hold service hours; where a feed is named, they ask for its days."""
LINK_SECRETS = frozenset({"link_secret", "link_secrets"})

FLOORS = ("itsm.runtime", "itsm.jira", "itsm.service_desk")
"""Where ports are called; core and practices are given values."""
WIRING = frozenset({"itsm.runtime.deployment", "itsm.runtime.ports"})
"""Where all ports are named and none is called."""

type Place = tuple[str, str]
"""A module and a function or class of it."""


@cache
def _module(name: str) -> ast.Module | None:
    path = PRODUCT.joinpath(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return ast.parse(file.read_text())
    return None


@cache
def _names(module: str) -> dict[str, Place]:
    """What each name of a module means: a function or class of it or of another, or a module with no name in it."""
    tree, names = _module(module), dict[str, Place]()
    if tree is not None:
        names = _imports(tree)
        names |= {
            node.name: (module, node.name) for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
    return names


def _imports(tree: ast.Module) -> dict[str, Place]:
    names = dict[str, Place]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("itsm"):
            for one in node.names:
                whole = f"{node.module}.{one.name}"
                names[one.asname or one.name] = (whole, "") if _module(whole) else (str(node.module), one.name)
    return names


def _means(node: ast.AST, names: dict[str, Place]) -> Place | None:
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if names.get(name, ("", "-"))[1] == "":
            return names[name][0], attribute
    return None


def _called(node: ast.AST) -> Iterator[str]:
    """The port methods a piece of source calls: "records.get"; a secret as "secret.link"."""
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Attribute(value=port, attr="get"), args=[ast.Constant(value=str(name))]) if (
                _port(port) == "secrets"
            ):
                yield f"secret.{name}"
            case ast.Attribute(attr=name) if name in LINK_SECRETS:
                yield "secret.link"
            case ast.Attribute(value=ast.Name(id="policies") | ast.Attribute(attr="policies"), attr=name) if (
                name in HOURS
            ):
                yield "holidays.get"
            case ast.Attribute(value=ast.Name(id="ports"), attr="issues"):
                yield "secret.jira"
            case ast.Attribute(value=port, attr=method) if _port(port) not in ("", "secrets"):
                yield f"{_port(port)}.{method}"


def _port(node: ast.AST) -> str:
    """Which port an expression is: `ports.records`, `self._records` and `records` are all the records."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            name = name.removeprefix("_")
            return name if name in PORTS else ""
    return ""


def called_by(door: Path, handler: str) -> set[str]:
    """Every port method that can be reached from a handler of a door."""
    tree = ast.parse(door.read_text())
    start = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == handler)
    names = _imports(tree)
    tables = [node for node in tree.body if isinstance(node, ast.Assign)]
    seen, calls = set[Place](), set[str]()
    waiting: list[tuple[ast.AST, dict[str, Place]]] = [(node, names) for node in [start, *tables]]
    while waiting:
        node, known = waiting.pop()
        calls.update(_called(node))
        for inner in ast.walk(node):
            place = _means(inner, known)
            if place is None or place in seen or not place[0].startswith(FLOORS):
                continue
            seen.add(place)
            body = _body(place)
            if body is not None and place[0] not in WIRING:
                waiting.append((body, _names(place[0])))
    return calls


def _body(place: Place) -> ast.AST | None:
    tree = _module(place[0])
    nodes = tree.body if tree is not None else []
    return next(
        (node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == place[1]), None
    )
