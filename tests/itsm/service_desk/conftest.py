"""Fixtures: the shipped policy, what is ours, and the mail other people's projects test with."""

import os
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from itsm.core.organisation import Group, Groups, Service, Services
from itsm.service_desk.filters import Own
from itsm.service_desk.policy import Forms, Routing, Sources

SERVICES = ("email", "vpn", "workplace", "payroll", "website", "platform")
GROUPS = ("service-desk", "network", "workplace", "applications", "platform")


def built(kind: Any, value: Any) -> Any:
    """A value of a policy file as its dataclass; enough of the loader to test the desk alone."""
    if get_origin(kind) is Mapping.__class__ or getattr(get_origin(kind), "__name__", "") == "Mapping":
        return {name: built(get_args(kind)[1], one) for name, one in value.items()}
    if get_origin(kind) is tuple:
        return tuple(built(get_args(kind)[0], one) for one in value)
    if hasattr(kind, "__dataclass_fields__"):
        hints = get_type_hints(kind)
        return kind(**{name: built(hints[name], one) for name, one in value.items()})
    return value


def shipped(kind: Any, name: str, **organisation: Any) -> Any:
    """One of the policy files the product ships with."""
    table = tomllib.loads((files("itsm_policy") / name).read_text(encoding="utf-8"))
    hints = get_type_hints(kind)
    return kind(**{key: built(hints[key], one) for key, one in table.items()}, **organisation)


@pytest.fixture(scope="session")
def services() -> Services:
    return Services(services={name: Service(title=name, criticality=2, group="platform") for name in SERVICES})


@pytest.fixture(scope="session")
def groups() -> Groups:
    return Groups(groups={name: Group(title=name, calendar="office", lead=f"{name}-lead@example.org") for name in GROUPS})


@pytest.fixture(scope="session")
def sources(services: Services) -> Sources:
    return shipped(Sources, "sources.toml", services=services)  # type: ignore[no-any-return]  # built by type


@pytest.fixture(scope="session")
def forms(services: Services) -> Forms:
    return shipped(Forms, "forms.toml", services=services)  # type: ignore[no-any-return]  # built by type


@pytest.fixture(scope="session")
def routing(groups: Groups) -> Routing:
    return shipped(Routing, "routing.toml", groups=groups)  # type: ignore[no-any-return]  # built by type


@pytest.fixture(scope="session")
def own() -> Own:
    return Own(domain="desk.example.org", addresses=("support@desk.example.org",))


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A file of the shared facts; the test is skipped, saying so, where they are not there."""
    root = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))

    def find(name: str) -> Path:
        path = root / name
        if not path.exists():
            pytest.skip(f"{path} is not there: set ITSM_SHARED to the folder of shared facts")
        return path

    return find
