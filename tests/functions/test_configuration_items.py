"""A ticket names its configuration item: what that does to its priority, its service, its group and its agreement."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from itsm.core.organisation import Configuration, Item, criticality
from itsm.core.record import Record
from itsm.practices.service_level.checks import problems
from itsm.practices.service_level.policy import Agreement, ServiceLevels, Target
from itsm.runtime import timers
from itsm.runtime.policies import Policies
from itsm.runtime.policy_check import check

from functions.records.app import handler as records
from functions.routing.app import handler as routing
from tests.builders import an_incident
from tests.fakes import FakePorts
from tests.functions.test_intake import FORM, post, post_form, signed
from tests.functions.test_ticket_pages import shown
from tests.itsm.runtime.test_policies import directory, planted
from tests.support.http import agent, read

__all__ = ["directory"]
ONE = {"number": "INC0000001"}


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


def patch(ports: FakePorts, **details: Any) -> dict[str, Any]:
    """An agent says which item it is."""
    answer: dict[str, Any] = records.on(agent("PATCH /records/{number}", {"details": details}, params=ONE), ports)
    return answer


def routed(ports: FakePorts, record: Record) -> Record:
    """The record once its process has routed it."""
    routing.on({"step": "route", "record": record.id}, ports)
    return ports.records.get(record.id)


def test_an_agent_names_the_item_and_its_criticality_raises_the_priority(ports: FakePorts) -> None:
    ticket = ports.records.create(an_incident(service="workplace")).record
    assert ticket.priority == 4
    assert patch(ports, ci="erp-db")["statusCode"] == 200
    after = ports.records.get(ticket.id)
    assert (after.details["ci"], after.priority) == ("erp-db", 3)
    assert after.event.changes == {"details.ci": (None, "erp-db"), "priority": (4, 3)}
    patch(ports, ci=None)
    assert ports.records.get(ticket.id).priority == 4


@pytest.mark.parametrize("name", ["moon", "", 7, ["erp-db"]])
def test_an_item_nobody_knows_is_refused_with_its_name(ports: FakePorts, name: Any) -> None:
    ports.records.create(an_incident())
    answer = patch(ports, ci=name)
    assert (answer["statusCode"], read(answer)["field"]) == (422, "details.ci")


def test_a_webhook_that_names_the_item_alone_is_about_its_service(ports: FakePorts) -> None:
    body = json.dumps({"id": "a", "title": "Disk full", "ci": "erp-db", "impact": "3", "severity": "low"}).encode()
    post(ports, body, signed(body, ports))
    (ticket,) = ports.records.stored.values()
    assert (ticket.details["ci"], ticket.service, ticket.priority) == ("erp-db", "erp", 3)
    assert routed(ports, ticket).group == "applications"


def test_what_the_sender_says_of_service_holds_and_an_unknown_item_does_nothing(ports: FakePorts) -> None:
    fault = {"id": "a", "title": "Disk full", "ci": "nowhere", "service": "workplace", "impact": "3"}
    body = json.dumps(fault).encode()
    post(ports, body, signed(body, ports))
    (ticket,) = ports.records.stored.values()
    assert (ticket.details["ci"], ticket.service, ticket.priority) == ("nowhere", "workplace", 4)


def test_a_form_may_ask_for_the_item(ports: FakePorts) -> None:
    form = ports.policies.forms.form["incident"]
    asked = replace(form.question[2], name="ci", required=False)
    forms = replace(ports.policies.forms, form={"incident": replace(form, question=(*form.question, asked))})
    vars(ports.policies)["forms"] = forms
    post_form(ports, {**FORM, "ci": "wifi-controller"})
    (ticket,) = ports.records.stored.values()
    assert (ticket.details["ci"], ticket.service) == ("wifi-controller", "network")
    assert routed(ports, ticket).group == "network"


def test_the_ticket_page_says_which_item_it_is(ports: FakePorts) -> None:
    named = ports.records.create(an_incident(details={"ci": "<erp-db>"})).record
    other = ports.records.create(an_incident("two")).record
    assert "<dt>About</dt><dd>&lt;erp-db&gt;</dd>" in shown(ports, named.id)
    assert "<dt>About</dt>" not in shown(ports, other.id)


def test_a_routing_rule_comes_before_the_group_of_the_item(ports: FakePorts) -> None:
    ticket = ports.records.create(an_incident(service="email", details={"ci": "erp-db"})).record
    assert routed(ports, ticket).group == "network"


def with_agreements(ports: FakePorts, *agreements: Agreement) -> ServiceLevels:
    """The deployed policy with these agreements before its own."""
    levels = ports.policies.service_level
    changed = replace(levels, agreement=(*agreements, *levels.agreement))
    vars(ports.policies)["service_level"] = changed
    return changed


def an_agreement(**when: Any) -> Agreement:
    """An agreement that promises a resolution within an hour round the clock."""
    rows = {f"P{n}": Target(response="30m", resolution="1h") for n in range(1, 5)}
    return Agreement(name="mine", when=when, calendar="always", targets=rows)


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        ({"ci_class": "database"}, {"details": {"ci": "erp-db"}}, True),
        ({"ci_class": ["database", "gateway"]}, {"details": {"ci": "vpn-gateway"}}, True),
        ({"ci_class": "database"}, {"details": {"ci": "erp-app"}}, False),
        ({"ci_class": "database"}, {"details": {"ci": "unknown"}}, False),
        ({"ci_class": "database"}, {}, False),
        ({"ci_class": {"not": "database"}}, {}, True),
        ({"ci_criticality": 1}, {"details": {"ci": "erp-db"}}, True),
        ({"details.ci": "erp-db"}, {"details": {"ci": "erp-db"}}, True),
        ({"requester_domain": "customer.example.net"}, {"requester": "kim@customer.example.net"}, True),
        ({"requester_domain": "customer.example.net"}, {"requester": "kim@example.org"}, False),
        ({"requester_domain": "customer.example.net"}, {"requester": "kim@sub.customer.example.net"}, False),
        ({"details.organisation": "Example"}, {"details": {"organisation": "Example"}}, True),
    ],
)
def test_an_agreement_is_chosen_by_class_of_item_and_by_organisation(
    ports: FakePorts, when: Mapping[str, Any], facts: Mapping[str, Any], holds: bool
) -> None:
    levels = with_agreements(ports, an_agreement(**when))
    assert problems(levels) == []
    ticket = ports.records.create(an_incident(priority=3, **facts)).record
    timers.start(ticket.id, ports)
    assert {clock.agreement == "mine" for clock in ports.records.get(ticket.id).clocks} == {holds}


def test_a_mail_from_a_known_organisation_comes_under_its_agreement(ports: FakePorts) -> None:
    with_agreements(ports, an_agreement(**{"details.organisation": "Example"}))
    post_form(ports, FORM)
    (ticket,) = ports.records.stored.values()
    timers.start(ticket.id, ports)
    assert {clock.agreement for clock in ports.records.get(ticket.id).clocks} == {"mine"}


def test_naming_the_item_later_puts_the_ticket_under_the_agreement_of_its_class(ports: FakePorts) -> None:
    with_agreements(ports, an_agreement(ci_class="database"))
    ticket = ports.records.create(an_incident(service="workplace", priority=4)).record
    timers.start(ticket.id, ports)
    patch(ports, ci="erp-db")
    clocks = {clock.metric: clock for clock in ports.records.get(ticket.id).clocks}
    assert (clocks["resolution"].agreement, clocks["resolution"].target) == ("mine", 3600)


def test_the_most_critical_of_service_and_item_counts() -> None:
    services = Policies().services
    items = Configuration(classes=("x",), items={"a": Item(kind="x", criticality=3), "b": Item(kind="x")})
    cases = [("email", "a"), ("workplace", "a"), ("", "a"), ("email", "b"), ("", "b"), ("", "c")]
    assert [criticality(services, items, service, {"ci": item}) for service, item in cases] == [2, 3, 3, 2, 0, 0]


FAULTS = [
    ("configuration.toml", 'class = "gateway"', 'class = "moon"', "items.vpn-gateway.class", "none of"),
    ("configuration.toml", 'class = "gateway"', 'kind = "gateway"', "items.vpn-gateway.kind", "is unknown here"),
    ("configuration.toml", 'service = "vpn"', 'service = "moon"', "items.vpn-gateway.service", "no service"),
    ("configuration.toml", 'group = "network"', 'group = "moon"', "items.vpn-gateway.group", "no group"),
    ("configuration.toml", "criticality = 1", "criticality = 7", "items.core-switch-1.criticality", "from 1"),
    ("configuration.toml", '"server"]', '"server", "mainframe"]', "classes.5", "mainframe"),
    ("services.toml", '"mail-2"', '"mail-3"', "services.email.items.1", "mail-3"),
    ("sources.toml", '"vpn-" = { service = "vpn" }', '"vpn-" = { ci = "moon" }', "alarm.names.vpn-.ci", "moon"),
    ("service_level.toml", '"service.criticality" = 1', 'ci_class = "databse"', "agreement.0.when.ci_class", "databse"),
    ("service_level.toml", '"service.criticality" = 1', 'ci_colour = "red"', "agreement.0.when.ci_colour", "no record"),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "word"), FAULTS, ids=[f"{f[0]}-{f[3]}" for f in FAULTS])
def test_a_policy_that_names_what_is_not_there_is_refused(
    directory: Any, file: str, old: str, new: str, key: str, word: str
) -> None:
    line = planted(directory, file, old, new)
    found = [one for one in check(directory) if one.file == file and one.key == key]
    assert [word in one.reason for one in found] == [True], check(directory)
    assert abs(found[0].line - line) <= 1
