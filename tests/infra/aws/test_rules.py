"""The templates keep every rule, and every rule is seen to catch a fault."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.aws import rules
from tests.infra.aws.estate import Estate, load
from tests.infra.aws.rules import RULES, Rule

type Plant = Callable[[Estate], object]


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The estate as it is."""
    return load()


def of(estate: Estate, stack: str, name: str) -> dict[str, Any]:
    """The properties of a resource, to be spoilt."""
    properties: dict[str, Any] = estate.stacks[stack]["Resources"][name]["Properties"]
    return properties


def mapping(estate: Estate, stack: str, of_function: str) -> dict[str, Any]:
    """The properties of a function's event source mapping."""
    name = next(one.name for one in estate.of_type(rules.MAPPING) if one.name.startswith(of_function))
    return of(estate, stack, name)


def task(estate: Estate) -> dict[str, Any]:
    """A task of the incident process."""
    state: dict[str, Any] = estate.processes["statemachines/incident/incident.asl.json"]["States"]["Classify"]
    return state


def allowing(estate: Estate, stack: str, role: str, **statement: object) -> None:
    """A role with one more statement."""
    added = {"Effect": "Allow", **statement}
    of(estate, stack, role)["Policies"][0]["PolicyDocument"]["Statement"].append(added)


FAULTS: list[tuple[Rule, Plant]] = [
    (
        rules.visibility_is_six_times_the_timeout,
        lambda e: of(e, "Foundation", "MailQueue").update(VisibilityTimeout=359),
    ),
    (rules.visibility_is_six_times_the_timeout, lambda e: of(e, "Clocks", "ClocksFire").update(Timeout=31)),
    (rules.batches_report_what_failed, lambda e: mapping(e, "Jira", "JiraPush").pop("FunctionResponseTypes")),
    (rules.streams_give_up_in_the_end, lambda e: mapping(e, "Outbox", "RecordChanges").pop("MaximumRetryAttempts")),
    (rules.streams_give_up_in_the_end, lambda e: mapping(e, "Outbox", "RecordChanges").update(MaximumRetryAttempts=-1)),
    (
        rules.streams_give_up_in_the_end,
        lambda e: mapping(e, "Outbox", "RecordChanges").pop("BisectBatchOnFunctionError"),
    ),
    (
        rules.streams_give_up_in_the_end,
        lambda e: mapping(e, "Outbox", "RecordChanges").pop("MaximumRecordAgeInSeconds"),
    ),
    (rules.streams_give_up_in_the_end, lambda e: mapping(e, "Outbox", "RecordChanges").pop("DestinationConfig")),
    (rules.streams_give_up_in_the_end, lambda e: of(e, "Outbox", "ChangesLateAlarm").pop("AlarmActions")),
    (rules.every_queue_that_is_worked_has_an_end, lambda e: of(e, "Jira", "JiraQueue").pop("RedrivePolicy")),
    (
        rules.every_queue_that_is_worked_has_an_end,
        lambda e: of(e, "Clocks", "TimerQueue")["RedrivePolicy"].update(maxReceiveCount=1),
    ),
    (
        rules.every_delivery_has_an_end,
        lambda e: of(e, "Notifications", "NotificationRule")["Targets"][0].pop("RetryPolicy"),
    ),
    (rules.every_delivery_has_an_end, lambda e: of(e, "Intake", "AlarmRule")["Targets"][0].pop("DeadLetterConfig")),
    (rules.every_delivery_has_an_end, lambda e: of(e, "Clocks", "SweepRule2")["Targets"][3].pop("DeadLetterConfig")),
    (rules.every_delivery_has_an_end, lambda e: of(e, "Jira", "JiraSweepSchedule")["Target"].pop("DeadLetterConfig")),
    (rules.every_delivery_has_an_end, lambda e: of(e, "Foundation", "MailSubscription").pop("RedrivePolicy")),
    (
        rules.functions_called_asynchronously_have_an_end,
        lambda e: e.stacks["Clocks"]["Resources"].pop("ClocksSweepEventInvokeConfig"),
    ),
    (rules.every_dead_letter_queue_calls, lambda e: e.stacks["Jira"]["Resources"].pop("JiraDeadAlarm")),
    (rules.every_dead_letter_queue_calls, lambda e: of(e, "Outbox", "ChangeDeadAlarm").update(AlarmActions=[])),
    (rules.failing_apis_call, lambda e: of(e, "Desk", "ApiFailingAlarm").pop("AlarmActions")),
    (rules.failing_apis_call, lambda e: of(e, "Desk", "ApiFailingAlarm").update(MetricName="4xx")),
    (rules.failing_processes_call, lambda e: of(e, "Practices", "ProcessFailedAlarm")["Metrics"].pop()),
    (
        rules.processes_are_watched_and_versioned,
        lambda e: of(e, "Practices", "IncidentProcess")["LoggingConfiguration"].update(IncludeExecutionData=True),
    ),
    (
        rules.processes_are_watched_and_versioned,
        lambda e: e.stacks["Practices"]["Resources"].pop("IncidentProcessAliaslive"),
    ),
    (
        rules.processes_are_watched_and_versioned,
        lambda e: of(e, "Practices", "RequestProcess")["DefinitionSubstitutions"].update(Days="3"),
    ),
    (rules.tasks_end, lambda e: task(e).pop("TimeoutSeconds")),
    (rules.tasks_end, lambda e: task(e).pop("Catch")),
    (rules.tasks_end, lambda e: task(e)["Retry"][-1].pop("JitterStrategy")),
    (rules.tasks_end, lambda e: task(e)["Retry"][-1].pop("MaxDelaySeconds")),
    (
        rules.processes_call_what_their_role_allows,
        lambda e: allowing(
            e, "Practices", "IncidentProcessRole", Action="lambda:InvokeFunction", Resource={"Ref": "ApprovalsArn"}
        ),
    ),
    (
        rules.processes_call_what_their_role_allows,
        lambda e: of(e, "Practices", "IncidentProcess")["DefinitionSubstitutions"].pop("RoutingArn"),
    ),
    (
        rules.roles_name_what_they_allow,
        lambda e: allowing(e, "Desk", "IntakeRole", Action="sqs:*", Resource="arn:aws:sqs:eu-central-1:1:q"),
    ),
    (
        rules.roles_name_what_they_allow,
        lambda e: allowing(e, "Desk", "IntakeRole", Action="sqs:SendMessage", Resource="*"),
    ),
    (
        rules.roles_name_what_they_allow,
        lambda e: of(e, "Desk", "IntakeRole").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ),
    (
        rules.nobody_scans,
        lambda e: allowing(e, "Desk", "RecordsRole", Action=["dynamodb:Scan"], Resource={"Ref": "RecordsTableArn"}),
    ),
    (
        rules.one_function_writes_the_audit_trail,
        lambda e: allowing(e, "Desk", "RecordsRole", Action="dynamodb:PutItem", Resource={"Ref": "AuditTableArn"}),
    ),
    (
        rules.one_function_writes_the_audit_trail,
        lambda e: allowing(
            e, "Outbox", "RecordChangesRole", Action="dynamodb:DeleteItem", Resource=[{"Ref": "AuditTableArn"}]
        ),
    ),
    (
        rules.every_function_has_a_role_of_its_own,
        lambda e: of(e, "Desk", "Routing").update(Role={"Fn::GetAtt": ["IntakeRole", "Arn"]}),
    ),
    (rules.logs_are_kept_for_a_time, lambda e: of(e, "Foundation", "Log").pop("RetentionInDays")),
    (rules.logs_are_kept_for_a_time, lambda e: of(e, "Desk", "Intake").pop("LoggingConfig")),
    (rules.tables_survive, lambda e: of(e, "Foundation", "AuditTable").pop("PointInTimeRecoverySpecification")),
    (rules.tables_survive, lambda e: e.stacks["Foundation"]["Resources"]["RecordsTable"].pop("UpdateReplacePolicy")),
    (rules.processor_is_the_parameters, lambda e: of(e, "Jira", "JiraPull").update(Architectures=["x86_64"])),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_templates_keep_the_rule(rule: Rule, estate: Estate) -> None:
    found = list(rule(estate))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("rule", "plant"), FAULTS, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(FAULTS)])
def test_the_rule_catches_a_fault(rule: Rule, plant: Plant, estate: Estate) -> None:
    spoilt = estate.copy()
    plant(spoilt)
    assert list(rule(spoilt)) != []


def test_every_rule_has_been_seen_to_catch_something() -> None:
    assert {rule for rule, _ in FAULTS} == set(RULES)


def test_every_reason_is_still_needed(estate: Estate) -> None:
    """A reason whose statement has gone must not lie ready for another."""
    used = {statement.get("Sid") for _, _, statement in rules.statements(estate)}
    assert {*rules.REASONS, *rules.ANY_ACTION} <= used
