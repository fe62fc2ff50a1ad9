"""Rules: what every template and process must keep so that nothing is lost, doubled or allowed by accident."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.infra.aws.estate import Estate, Resource

type Rule = Callable[[Estate], Iterator[str]]

QUEUE, FUNCTION, MAPPING = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"
TABLE, ALARM, ROLE = "AWS::DynamoDB::Table", "AWS::CloudWatch::Alarm", "AWS::IAM::Role"
PARTIAL = "ReportBatchItemFailures"

REASONS = {
    "TracesHaveNoResource": "X-Ray's actions take no resource (Service Authorization Reference, AWS X-Ray)",
    "LogDeliveryHasNoResource": "a state machine's log delivery takes none (Step Functions guide, Logging)",
    "TheTokenIsThePermission": "SendTaskSuccess takes none (Service Authorization Reference); the token is unguessable",
    "KeyPolicyAccountDecides": "in a key's own policy * is the key",
    "KeyPolicyServicesAnnounce": "in a key's own policy * is the key",
    "KeyPolicyServicesDeliver": "in a key's own policy * is the key",
    "KeyPolicyLogsEncrypt": "in a key's own policy * is the key",
    "KeyPolicyProcessLogs": "in a key's own policy * is the key",
}
"""Why a statement may have the resource *, by its Sid."""
ANY_ACTION = {
    "KeyPolicyAccountDecides": "without it the key could be lost to its own account (KMS guide, Default key policy)",
    "OnlyEncryptedConnections": "a denial",
}
"""Why a statement may have every action of a service."""


def visibility_is_six_times_the_timeout(estate: Estate) -> Iterator[str]:
    """A message must not come back while its batch is still worked on (Lambda guide, Using Lambda with SQS)."""
    for _, queue, function in _queue_mappings(estate):
        seconds, timeout = queue.properties.get("VisibilityTimeout", 30), function.properties.get("Timeout", 3)
        if seconds < 6 * timeout:
            yield f"{queue.name}: visibility of {seconds} s is less than six times the {timeout} s of {function.name}"


def batches_report_what_failed(estate: Estate) -> Iterator[str]:
    """One message that fails must not bring back the others of its batch."""
    for mapping in estate.of_type(MAPPING):
        if PARTIAL not in mapping.properties.get("FunctionResponseTypes", []):
            yield f"{mapping.name}: no {PARTIAL}"


def streams_give_up_in_the_end(estate: Estate) -> Iterator[str]:
    """A change that cannot be followed must not hold up its shard until the stream forgets it after a day."""
    for mapping in estate.of_type(MAPPING):
        settings = mapping.properties
        if "StartingPosition" not in settings:
            continue
        if not settings.get("BisectBatchOnFunctionError"):
            yield f"{mapping.name}: a failing batch is not halved"
        if not 0 <= settings.get("MaximumRetryAttempts", -1) <= 10:
            yield f"{mapping.name}: retries are not bounded"
        if not 60 <= settings.get("MaximumRecordAgeInSeconds", -1) < 86_400:
            yield f"{mapping.name}: the age of records is not bounded"
        if not settings.get("DestinationConfig", {}).get("OnFailure"):
            yield f"{mapping.name}: nothing remembers what was given up"
        function = estate.meant(mapping.stack, settings["FunctionName"])
        if not _alarmed(estate, "IteratorAge", "FunctionName", function):
            yield f"{mapping.name}: nobody is told when it falls behind"


def every_queue_that_is_worked_has_an_end(estate: Estate) -> Iterator[str]:
    """A message that cannot be worked ends in a dead-letter queue after a few attempts."""
    for _, queue, _ in _queue_mappings(estate):
        redrive = queue.properties.get("RedrivePolicy", {})
        if "deadLetterTargetArn" not in redrive:
            yield f"{queue.name}: no dead-letter queue"
        elif not 3 <= redrive["maxReceiveCount"] <= 10:
            yield f"{queue.name}: {redrive['maxReceiveCount']} attempts"


def every_delivery_has_an_end(estate: Estate) -> Iterator[str]:
    """Rules, schedules and subscriptions keep what they could not deliver, after bounded attempts."""
    for rule in estate.of_type("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            yield from _delivery(rule.name, target)
    for schedule in estate.of_type("AWS::Scheduler::Schedule"):
        yield from _delivery(schedule.name, schedule.properties["Target"])
    for subscription in estate.of_type("AWS::SNS::Subscription"):
        settings = subscription.properties
        if settings["Protocol"] != "email" and not settings.get("RedrivePolicy", {}).get("deadLetterTargetArn"):
            yield f"{subscription.name}: what is not delivered is lost"


def _delivery(name: str, target: dict[str, Any]) -> Iterator[str]:
    if not target.get("DeadLetterConfig", {}).get("Arn"):
        yield f"{name}: what is not delivered is lost"
    policy = target.get("RetryPolicy", {})
    if not {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"} <= set(policy):
        yield f"{name}: attempts are not bounded"


def functions_called_asynchronously_have_an_end(estate: Estate) -> Iterator[str]:
    """Lambda retries what a schedule or rule started by itself, and forgets it unless a destination is given."""
    configured = {
        estate.meant(config.stack, config.properties["FunctionName"]): config.properties
        for config in estate.of_type("AWS::Lambda::EventInvokeConfig")
    }
    for target in [*estate.of_type("AWS::Scheduler::Schedule"), *estate.of_type("AWS::Events::Rule")]:
        settings = target.properties
        for one in settings["Targets"] if "Targets" in settings else [settings["Target"]]:
            called = estate.meant(target.stack, one["Arn"])
            if called is None or estate.stacks[called[0]]["Resources"][called[1]]["Type"] != FUNCTION:
                continue
            config = configured.get(called, {})
            if not config.get("DestinationConfig", {}).get("OnFailure"):
                yield f"{called[1]}: an asynchronous call that fails is lost"
            if "MaximumRetryAttempts" not in config or "MaximumEventAgeInSeconds" not in config:
                yield f"{called[1]}: attempts of an asynchronous call are not bounded"


def every_dead_letter_queue_calls(estate: Estate) -> Iterator[str]:
    """Whatever is a path's end rings an alarm with its first message, and the alarm is heard."""
    for key in sorted(_ends(estate)):
        if not _alarmed(estate, "ApproximateNumberOfMessagesVisible", "QueueName", key):
            yield f"{key[1]}: nobody is told"


def failing_apis_call(estate: Estate) -> Iterator[str]:
    """An API that answers 5xx rings an alarm (API Gateway guide, Metrics for HTTP APIs)."""
    for api in estate.of_type("AWS::ApiGatewayV2::Api"):
        if not _alarmed(estate, "5xx", "ApiId", api.key):
            yield f"{api.name}: nobody is told when it fails"


def failing_processes_call(estate: Estate) -> Iterator[str]:
    """A process that failed rings an alarm."""
    watched = {
        estate.meant(alarm.stack, dimension["Value"])
        for alarm in estate.of_type(ALARM)
        if alarm.properties.get("AlarmActions")
        for metric in alarm.properties.get("Metrics", [])
        if metric.get("MetricStat", {}).get("Metric", {}).get("MetricName") == "ExecutionsFailed"
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
    }
    for machine in estate.of_type("AWS::StepFunctions::StateMachine"):
        if machine.key not in watched:
            yield f"{machine.name}: nobody is told when it fails"


def processes_are_watched_and_versioned(estate: Estate) -> Iterator[str]:
    """Standard, errors logged without data, traced, and started by an alias so that running ones keep their version."""
    aliases = " ".join(alias.name for alias in estate.of_type("AWS::StepFunctions::StateMachineAlias"))
    for machine in estate.of_type("AWS::StepFunctions::StateMachine"):
        settings = machine.properties
        logging = settings.get("LoggingConfiguration", {})
        if settings.get("StateMachineType") != "STANDARD":
            yield f"{machine.name}: not a standard process"
        if logging.get("Level") != "ERROR" or logging.get("IncludeExecutionData") or not logging.get("Destinations"):
            yield f"{machine.name}: must log errors, and no data"
        if not settings.get("TracingConfiguration", {}).get("Enabled"):
            yield f"{machine.name}: not traced"
        if f"{machine.name}Alias" not in aliases:
            yield f"{machine.name}: no alias"
        for name, value in settings.get("DefinitionSubstitutions", {}).items():
            if not name.endswith("Arn") or isinstance(value, str):
                yield f"{machine.name}: substitution {name} is not an ARN"


def tasks_end(estate: Estate) -> Iterator[str]:
    """Every Task retries with full jitter and a bound, catches the rest, and has a time limit."""
    for path, machine in estate.processes.items():
        for name, state in _states(machine):
            if state["Type"] != "Task":
                continue
            retries = [retry for retry in state.get("Retry", []) if retry.get("MaxAttempts", 3) > 0]
            if not retries or any(retry.get("JitterStrategy") != "FULL" for retry in retries):
                yield f"{path}, {name}: no retry with full jitter"
            if any("MaxDelaySeconds" not in retry for retry in retries):
                yield f"{path}, {name}: the delay between attempts is not bounded"
            if not any("States.ALL" in catch["ErrorEquals"] for catch in state.get("Catch", [])):
                yield f"{path}, {name}: catches nothing"
            if "TimeoutSeconds" not in state:
                yield f"{path}, {name}: no time limit"


def processes_call_what_their_role_allows(estate: Estate) -> Iterator[str]:
    """A role of processes may invoke exactly the functions that its processes' definitions call."""
    called: dict[tuple[str, str] | None, set[Any]] = {}
    allowed: dict[tuple[str, str] | None, set[Any]] = {}
    for machine in estate.of_type("AWS::StepFunctions::StateMachine"):
        definition = str(estate.processes[machine.properties["DefinitionS3Location"]["Key"]])
        given = machine.properties["DefinitionSubstitutions"]
        used = set(re.findall(r"\$\{(\w+)\}", definition))
        if used != set(given):
            yield f"{machine.name}: calls {sorted(used)} and is given {sorted(given)}"
        role = estate.meant(machine.stack, machine.properties["RoleArn"])
        called.setdefault(role, set()).update(estate.meant(machine.stack, given.get(name)) for name in used)
        if role is None:
            continue
        body = estate.stacks[role[0]]["Resources"][role[1]]
        statements = [
            s for policy in body["Properties"]["Policies"] for s in _list(policy["PolicyDocument"]["Statement"])
        ]
        allowed[role] = {estate.meant(role[0], arn) for s in statements for arn in _list(s["Resource"])}
    for role, functions in called.items():
        if functions != allowed.get(role):
            yield f"{role}: calls {functions}, may call {allowed.get(role)}"


def roles_name_what_they_allow(estate: Estate) -> Iterator[str]:
    """No wildcard action, no wildcard resource without its reason, no policy of somebody else's."""
    for stack, name, statement in statements(estate):
        sid = statement.get("Sid", "")
        for action in _list(statement["Action"]):
            if "*" in action and sid not in ANY_ACTION:
                yield f"{stack}.{name}: action {action}"
        if "*" in _list(statement.get("Resource", [])) and sid not in REASONS:
            yield f"{stack}.{name}: resource * without a reason"
    for role in estate.of_type(ROLE):
        if any(isinstance(arn, str) for arn in role.properties.get("ManagedPolicyArns", [])):
            yield f"{role.name}: a managed policy that is not ours"


def nobody_scans(estate: Estate) -> Iterator[str]:
    """Every read costs what it returns: no function may read a table from end to end."""
    for stack, name, statement in statements(estate):
        if any(action.lower() in ("dynamodb:scan", "dynamodb:*") for action in _list(statement["Action"])):
            yield f"{stack}.{name}: may scan"


def one_function_writes_the_audit_trail(estate: Estate) -> Iterator[str]:
    """The audit table takes new rows from record_changes alone, and nobody changes or deletes one."""
    for stack, name, statement in statements(estate):
        tables = {estate.meant(stack, resource) for resource in _list(statement.get("Resource", []))}
        if ("Foundation", "AuditTable") not in tables:
            continue
        for action in _list(statement["Action"]):
            if action == "dynamodb:PutItem" and name == "RecordChangesRole":
                continue
            if action not in ("dynamodb:GetItem", "dynamodb:Query"):
                yield f"{stack}.{name}: {action} on the audit trail"


def every_function_has_a_role_of_its_own(estate: Estate) -> Iterator[str]:
    """What one door needs is no reason for another to have it."""
    seen: dict[Any, str] = {}
    for function in estate.of_type(FUNCTION):
        role = estate.meant(function.stack, function.properties["Role"])
        if role in seen:
            yield f"{function.name}: shares a role with {seen[role]}"
        seen[role] = function.name


def logs_are_kept_for_a_time(estate: Estate) -> Iterator[str]:
    """Every log group has the retention of the parameter, and every function writes to one of them."""
    for group in estate.of_type("AWS::Logs::LogGroup"):
        if group.properties.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{group.name}: kept for good"
    for function in estate.of_type(FUNCTION):
        written = estate.meant(function.stack, function.properties.get("LoggingConfig", {}).get("LogGroup"))
        if written is None:
            yield f"{function.name}: its log is nobody's"


def tables_survive(estate: Estate) -> Iterator[str]:
    """Records outlive the stack and an operator's slip: retained, restorable to any second, encrypted with our key."""
    for table in estate.of_type(TABLE):
        settings = table.properties
        if not settings.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{table.name}: no point-in-time recovery"
        if {table.body.get("DeletionPolicy"), table.body.get("UpdateReplacePolicy")} != {"Retain"}:
            yield f"{table.name}: goes with its stack"
        if settings.get("SSESpecification", {}).get("SSEType") != "KMS":
            yield f"{table.name}: not encrypted with our key"


def processor_is_the_parameters(estate: Estate) -> Iterator[str]:
    """Functions run where the wheels of their layer were built for."""
    for function in estate.of_type(FUNCTION):
        if function.properties.get("Architectures") != [{"Ref": "Architecture"}]:
            yield f"{function.name}: its processor is not the parameter's"
        if function.properties.get("Runtime") != "python3.13":
            yield f"{function.name}: not on Python 3.13"


def statements(estate: Estate) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every statement of every policy: stack, resource, statement."""
    kinds = (ROLE, "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::KMS::Key", "AWS::S3::BucketPolicy")
    for holder in estate.of_type(*kinds, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        settings = holder.properties
        inline = [policy["PolicyDocument"] for policy in settings.get("Policies", [])]
        documents = [*inline, settings.get("PolicyDocument"), settings.get("KeyPolicy")]
        for document in filter(None, documents):
            for statement in _list(document["Statement"]):
                yield holder.stack, holder.name, statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _queue_mappings(estate: Estate) -> Iterator[tuple[Resource, Resource, Resource]]:
    for mapping in estate.of_type(MAPPING):
        if "StartingPosition" in mapping.properties:
            continue
        queue = estate.meant(mapping.stack, mapping.properties["EventSourceArn"])
        function = estate.meant(mapping.stack, mapping.properties["FunctionName"])
        if queue is None or function is None:
            raise LookupError(f"{mapping.name} maps what no template makes")
        yield mapping, _resource(estate, queue), _resource(estate, function)


def _resource(estate: Estate, key: tuple[str, str]) -> Resource:
    body = estate.stacks[key[0]]["Resources"][key[1]]
    return Resource(*key, body["Type"], body)


def _ends(estate: Estate) -> set[tuple[str, str]]:
    """Every queue that is the end of a path of some kind."""
    found = set()
    for queue in estate.of_type(QUEUE, "AWS::SNS::Subscription"):
        found.add(estate.meant(queue.stack, queue.properties.get("RedrivePolicy", {}).get("deadLetterTargetArn")))
    for rule in estate.of_type("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            found.add(estate.meant(rule.stack, target.get("DeadLetterConfig", {}).get("Arn")))
    for schedule in estate.of_type("AWS::Scheduler::Schedule"):
        found.add(estate.meant(schedule.stack, schedule.properties["Target"].get("DeadLetterConfig", {}).get("Arn")))
    for source in estate.of_type(MAPPING, "AWS::Lambda::EventInvokeConfig"):
        destination = source.properties.get("DestinationConfig", {}).get("OnFailure", {})
        found.add(estate.meant(source.stack, destination.get("Destination")))
    return {key for key in found if key is not None}


def _alarmed(estate: Estate, metric: str, dimension: str, key: tuple[str, str] | None) -> bool:
    return any(
        alarm.properties.get("MetricName") == metric
        and alarm.properties.get("AlarmActions")
        and {"Name": dimension, "Value": key} in _dimensions(estate, alarm)
        for alarm in estate.of_type(ALARM)
    )


def _dimensions(estate: Estate, alarm: Resource) -> list[dict[str, Any]]:
    return [
        {"Name": dimension["Name"], "Value": estate.meant(alarm.stack, dimension["Value"])}
        for dimension in alarm.properties.get("Dimensions", [])
    ]


def _states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from _states(inner)


RULES: tuple[Rule, ...] = (
    visibility_is_six_times_the_timeout,
    batches_report_what_failed,
    streams_give_up_in_the_end,
    every_queue_that_is_worked_has_an_end,
    every_delivery_has_an_end,
    functions_called_asynchronously_have_an_end,
    every_dead_letter_queue_calls,
    failing_apis_call,
    failing_processes_call,
    processes_are_watched_and_versioned,
    tasks_end,
    processes_call_what_their_role_allows,
    roles_name_what_they_allow,
    nobody_scans,
    one_function_writes_the_audit_trail,
    every_function_has_a_role_of_its_own,
    logs_are_kept_for_a_time,
    tables_survive,
    processor_is_the_parameters,
)
