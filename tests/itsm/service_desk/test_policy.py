"""Policy: what is shipped is right, and every fault an owner can make is named by its key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsm.runtime.policies import Policies
from itsm.service_desk.hooks import PostedFile
from itsm.service_desk.policy import Choice, Forms, Maintenance, Question, Routing, RoutingRule, Sources, problems
from itsm.service_desk.routing import choose_group

from tests.builders import an_incident


def test_what_is_shipped_has_no_fault(policies: Policies) -> None:
    assert problems(policies.sources) + problems(policies.forms) + problems(policies.routing) == []


def with_mail(policy: Sources, **change: Any) -> Sources:
    return replace(policy, mail=replace(policy.mail, **change))


def with_webhook(policy: Sources, **change: Any) -> Sources:
    return replace(policy, webhook={"new": replace(policy.webhook["github"], **change)})


def with_apart(policy: Sources, source: str = "sendgrid", **change: Any) -> Sources:
    mail = policy.webhook[source].mail
    assert mail is not None
    return with_webhook(policy, mail=replace(mail, **change))


def with_verify(policy: Sources, **change: Any) -> Sources:
    return with_webhook(policy, verify=replace(policy.webhook["monitoring"].verify, **change))


def window(hours: int = 0, **named: Any) -> Maintenance:
    begins = datetime(2026, 3, 1, 22, tzinfo=UTC)
    return Maintenance(name="upgrade", begins=begins, ends=begins + timedelta(hours=hours), **named)


SOURCES: dict[str, Callable[[Sources], Sources]] = {
    "mail.addresses": lambda policy: with_mail(policy, addresses=()),
    "mail.lists": lambda policy: with_mail(policy, lists="drop"),
    "mail.practice": lambda policy: with_mail(policy, practice="gardening"),
    "mail.impact": lambda policy: with_mail(policy, impact=0),
    "mail.service": lambda policy: with_mail(policy, service="nonesuch"),
    "mail.participants": lambda policy: with_mail(policy, participants=1_000),
    "mail.suppressed_days": lambda policy: with_mail(policy, suppressed_days=0),
    "webhook.new.kind": lambda policy: with_webhook(policy, kind="alarm"),
    "webhook.new.recovered": lambda policy: with_webhook(policy, kind="event"),
    "mail.same_words": lambda policy: with_mail(policy, same_words=1),
    "attachments.most": lambda policy: replace(policy, attachments=replace(policy.attachments, most=0)),
    "attachments.refused_endings.0": lambda policy: replace(
        policy, attachments=replace(policy.attachments, refused_endings=(".EXE",))
    ),
    "alarm.storm": lambda policy: replace(policy, alarm=replace(policy.alarm, storm=0)),
    "maintenance.0.ends": lambda policy: replace(policy, maintenance=(window(services=("vpn",)),)),
    "maintenance.0.services": lambda policy: replace(policy, maintenance=(window(hours=1),)),
    "webhook.new.verify.topics": lambda policy: with_verify(policy, scheme="sns"),
    "alarm.names.x-.service": lambda policy: replace(
        policy, alarm=replace(policy.alarm, names={"x-": {"service": "nonesuch"}})
    ),
    "webhook.new.key": lambda policy: with_webhook(policy, key="constant"),
    "webhook.new.required": lambda policy: with_webhook(policy, required=("service",)),
    "webhook.new.values.colour": lambda policy: with_webhook(policy, values={"colour": {}}),
    "webhook.new.map.text": lambda policy: with_webhook(policy, map={"subject": "{a}", "text": "{a"}),
    "webhook.new.max_bytes": lambda policy: with_webhook(policy, max_bytes=10**9),
    "webhook.new.mail.form": lambda policy: with_apart(policy, form="lines"),
    "webhook.new.mail.head": lambda policy: with_apart(policy, head=""),
    "webhook.new.mail.text": lambda policy: with_apart(policy, text="", html=""),
    "webhook.new.mail.html": lambda policy: with_apart(policy, html="html"),
    "webhook.new.mail.charsets": lambda policy: with_apart(policy, charsets="{a}{b}"),
    "webhook.new.mail.value": lambda policy: with_apart(policy, "postmark", value="Value"),
    "webhook.new.mail.files": lambda policy: with_apart(policy, "postmark", files="{Attachments"),
    "webhook.new.mail.file.name": lambda policy: with_apart(policy, "postmark", file=PostedFile(name="Name")),
    "webhook.new.mail.content_ids": lambda policy: with_apart(policy, files=""),
    "webhook.new.mail.missing.Subject": lambda policy: with_apart(policy, missing={"Subject": "subject"}),
    "webhook.new.mail.missing.To": lambda policy: with_apart(policy, missing={"To": "<{to>"}),
    "webhook.new.mail.missing.Content-Type": lambda policy: with_apart(policy, missing={"Content-Type": "{a}"}),
    "webhook.new.mail.missing.X Y": lambda policy: with_apart(policy, missing={"X Y": "{a}"}),
    "webhook.new.verify.scheme": lambda policy: with_verify(policy, scheme="rsa"),
    "webhook.new.verify.algorithm": lambda policy: with_verify(policy, algorithm="md5"),
    "webhook.new.verify.header": lambda policy: with_verify(policy, header=""),
    "webhook.new.verify.template": lambda policy: with_verify(policy, template="{ts}"),
    "webhook.mail": lambda policy: replace(policy, webhook={"mail": policy.webhook["monitoring"]}),
    "webhook.form-incident": lambda policy: replace(policy, webhook={"form-incident": policy.webhook["monitoring"]}),
    "webhook.new.verify.tolerance": lambda policy: with_verify(policy, tolerance=0),
}


@pytest.mark.parametrize("key", SOURCES)
def test_a_fault_in_the_sources_is_named(policies: Policies, key: str) -> None:
    assert [path for path, _ in problems(SOURCES[key](policies.sources))] == [key]


def test_mail_is_taken_from_nobody_unknown_and_a_time_only_where_it_is_signed(policies: Policies) -> None:
    postmark = policies.sources.webhook["postmark"]
    for one in (replace(postmark, mail=None), replace(postmark, raw="")):
        open_door = replace(one, verify=replace(one.verify, scheme="none"))
        found = problems(replace(policies.sources, webhook={"new": open_door}))
        assert [path for path, _ in found] == ["webhook.new.verify.scheme"]
    unsigned = with_verify(policies.sources, template="{id}.{body}")
    assert [path for path, _ in problems(unsigned)] == ["webhook.new.verify.template"]


def asking(policy: Forms, *more: Question) -> Forms:
    form = policy.form["incident"]
    return replace(policy, form={"new": replace(form, question=(*form.question, *more))})


QUESTIONS: dict[str, Question] = {
    "type": Question(name="size", label="Size", type="number"),
    "name": Question(name="a-b", label="x"),
    "choices": Question(name="size", label="Size", choices=(Choice(value="s", label="S"),)),
    "most": Question(name="plan", label="Plan", type="long"),
}


@pytest.mark.parametrize("key", QUESTIONS)
def test_a_fault_in_a_question_is_named(policies: Policies, key: str) -> None:
    assert [path.rpartition(".")[2] for path, _ in problems(asking(policies.forms, QUESTIONS[key]))] == [key]


def test_a_question_asked_twice_and_a_form_without_a_sender_are_named(policies: Policies) -> None:
    twice = asking(policies.forms, Question(name="subject", label="Again"))
    assert [reason for _, reason in problems(twice)] == ["subject is asked twice"]
    form = replace(policies.forms.form["incident"], translation={})
    nobody = replace(policies.forms, form={"new": replace(form, question=form.question[1:])})
    assert [path for path, _ in problems(nobody)] == ["form.new.question"]


ROUTES: dict[str, Callable[[Routing], Routing]] = {
    "default": lambda policy: replace(policy, default="nobody"),
    "rule.0.assign": lambda policy: replace(policy, rule=(RoutingRule(assign="nobody", when={"service": "vpn"}),)),
    "rule.0.when.colour": lambda policy: replace(policy, rule=(RoutingRule(assign="network", when={"colour": "red"}),)),
    "rule.0.when": lambda policy: replace(policy, rule=(RoutingRule(assign="network"), RoutingRule(assign="platform"))),
}


@pytest.mark.parametrize("key", ROUTES)
def test_a_fault_in_routing_is_named(policies: Policies, key: str) -> None:
    assert [path for path, _ in problems(ROUTES[key](policies.routing))] == [key]


def test_the_first_rule_that_holds_routes_a_record_and_else_the_default(policies: Policies) -> None:
    assert choose_group(an_incident(service="payroll"), policies.routing) == "applications"
    assert choose_group(an_incident(service="", title="My VPN drops"), policies.routing) == "network"
    assert choose_group(an_incident(service="", title="Good morning"), policies.routing) == "service-desk"
