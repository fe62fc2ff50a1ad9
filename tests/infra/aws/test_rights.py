"""Each function may do what its door can come to do, and nothing more."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.aws import rules
from tests.infra.aws.estate import ROOT, Estate, Resource, load
from tests.infra.aws.reach import called_by

GET, PUT, UPDATE = "dynamodb:GetItem RecordsTable", "dynamodb:PutItem RecordsTable", "dynamodb:UpdateItem RecordsTable"
QUERY, DELETE = "dynamodb:Query RecordsTable", "dynamodb:DeleteItem RecordsTable"
NEEDS = {
    "records.create": {GET, PUT, UPDATE},
    "records.get": {GET},
    "records.find": {GET, f"{QUERY}/index/number"},
    "records.save": {GET, PUT},
    "records.save_together": {GET, PUT, "dynamodb:ConditionCheckItem RecordsTable"},
    "records.comments": {GET, QUERY},
    "records.put_said": {PUT},
    "records.history": {"dynamodb:Query AuditTable"},
    "records.worklist": {f"{QUERY}/index/{name}" for name in ("worklist", "assignee", "requester")}
    | {"dynamodb:BatchGetItem RecordsTable"},
    "records.due": {f"{QUERY}/index/timers"},
    "records.wait": {PUT},
    "records.waits": {QUERY},
    "records.woken": {DELETE},
    "records.suppress": {PUT},
    "records.suppressed": {"dynamodb:BatchGetItem RecordsTable"},
    "records.lift": {"dynamodb:BatchGetItem RecordsTable", PUT},
    "records.all_suppressed": {QUERY},
    "records.fault": {GET},
    "records.save_fault": {PUT},
    "records.link": {GET},
    "records.save_link": {PUT},
    "records.linked": {GET},
    "holidays.get": {GET},
    "holidays.put": {PUT},
    "audit.append": {"dynamodb:GetItem AuditTable", "dynamodb:PutItem AuditTable"},
    "bus.publish": {"events:PutEvents ItsmBus"},
    "processes.start": {"states:StartExecution *"},
    "processes.succeed": {"states:SendTaskSuccess *"},
    "timers.send": {"sqs:SendMessage TimerQueue"},
    "nudges.send": {"sqs:SendMessage JiraQueue"},
    "blobs.get": {"s3:GetObject BlobBucket"},
    "blobs.put": {"s3:PutObject BlobBucket"},
    "blobs.link": {"s3:GetObject BlobBucket"},
    "blobs.verdict": {"s3:GetObjectTagging BlobBucket"},
    "mail.send": {"ses:SendEmail *", "ses:SendRawEmail *"}
    | {"dynamodb:GetItem EphemeralTable", "dynamodb:PutItem EphemeralTable"},
    "once.first": {"dynamodb:PutItem EphemeralTable"},
    "once.held": {"dynamodb:PutItem EphemeralTable"},
    "once.count": {"dynamodb:UpdateItem EphemeralTable"},
    "secret.link": {"secretsmanager:GetSecretValue LinkSecret"},
    "secret.sources": {"secretsmanager:GetSecretValue SourcesSecret"},
    "secret.jira": {"secretsmanager:GetSecretValue JiraSecret"},
}
"""What each method of a port calls AWS for: the adapters of itsm.aws, method by method."""
MODULES = frozenset({"mail", "timers"})
"""Ports whose name is also that of a module or of a parsed message; of these only `send` is a port's."""
ANYTHING = ("states:", "ses:")
"""Services whose resources are compared elsewhere or not at all."""


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The estate as it is."""
    return load()


FUNCTIONS = sorted(f"{function.stack}.{function.name}" for function in load().of_type(rules.FUNCTION))


def needed(function: Resource) -> set[str]:
    """Action and target of everything a function's door can come to call."""
    door = ROOT / function.properties["Code"]["S3Key"] / "app.py"
    calls = called_by(door, function.properties["Handler"].removeprefix("app."))
    ports = {call for call in calls if call.partition(".")[0] not in MODULES or call.endswith(".send")}
    unknown = ports - set(NEEDS)
    assert not unknown, f"{unknown}: say in NEEDS what these call AWS for"
    return set().union(*(NEEDS[call] for call in ports))


def granted(estate: Estate, function: Resource) -> set[str]:
    """Action and target of all that a function's own role allows, without what its trigger needs."""
    key = estate.meant(function.stack, function.properties["Role"])
    assert key is not None
    policies = estate.stacks[key[0]]["Resources"][key[1]]["Properties"]["Policies"]
    triggers = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    triggers |= {f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
    found = set()
    for statement in (one for policy in policies for one in policy["PolicyDocument"]["Statement"]):
        actions, resources = (
            [v] if not isinstance(v, list) else v for v in (statement["Action"], statement["Resource"])
        )
        for action in set(actions) - triggers:
            targets = (
                {"*"} if action.startswith(ANYTHING) else set().union(*(_targets(estate, key[0], r) for r in resources))
            )
            found |= {f"{action} {target}" for target in targets if not target.endswith("DeadQueue")}
    return found


def _targets(estate: Estate, stack: str, resource: Any) -> Iterator[str]:
    match resource:
        case {"Fn::Sub": str(pattern)} if "${BlobBucket}" in pattern:
            yield "BlobBucket"
        case {"Fn::Sub": str(pattern)} if pattern.startswith("${RecordsTableArn}"):
            yield pattern.replace("${RecordsTableArn}", "RecordsTable")
        case _:
            meant = estate.meant(stack, resource)
            assert meant is not None, f"{resource} is nothing we know"
            yield meant[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_just_what_its_door_does(name: str, estate: Estate) -> None:
    function = next(one for one in estate.of_type(rules.FUNCTION) if f"{one.stack}.{one.name}" == name)
    may, does = granted(estate, function), needed(function)
    assert not does - may, f"{name} is refused {sorted(does - may)}"
    assert not may - does, f"{name} may do what it never does: {sorted(may - does)}"


def test_a_right_that_is_missing_is_found(estate: Estate) -> None:
    function = next(one for one in estate.of_type(rules.FUNCTION) if one.name == "RecordChanges")
    spoilt = estate.copy()
    role = spoilt.stacks["Outbox"]["Resources"]["RecordChangesRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    role["Statement"] = [one for one in role["Statement"] if "dynamodb:PutItem" not in one["Action"]]
    assert "dynamodb:PutItem AuditTable" in needed(function) - granted(spoilt, function)


def test_a_right_that_nobody_uses_is_found(estate: Estate) -> None:
    function = next(one for one in estate.of_type(rules.FUNCTION) if one.name == "Routing")
    spoilt = estate.copy()
    role = spoilt.stacks["Desk"]["Resources"]["RoutingRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    role["Statement"].append({"Action": "dynamodb:Query", "Resource": {"Ref": "AuditTableArn"}})
    assert granted(spoilt, function) - needed(function) == {"dynamodb:Query AuditTable"}
