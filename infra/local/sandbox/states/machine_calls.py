"""The calls of AWSStepFunctions on state machines, versions, aliases and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.states.engine import Engine

Body = dict[str, Any]
_PAGE = 1000


class MachineCalls:
    """The operations by name; each takes a request's body and gives the response's. They raise ApiError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._machines = engine.machines
        self.operations: dict[str, Callable[[Body], Body]] = {
            "CreateStateMachine": self._create,
            "UpdateStateMachine": self._update,
            "DeleteStateMachine": self._delete,
            "DescribeStateMachine": self._describe,
            "DescribeStateMachineForExecution": self._describe_for_execution,
            "ListStateMachines": self._list,
            "ValidateStateMachineDefinition": self._validate,
            "PublishStateMachineVersion": self._publish,
            "DeleteStateMachineVersion": self._delete_version,
            "ListStateMachineVersions": self._versions,
            "CreateStateMachineAlias": self._create_alias,
            "UpdateStateMachineAlias": self._update_alias,
            "DescribeStateMachineAlias": self._describe_alias,
            "DeleteStateMachineAlias": self._delete_alias,
            "ListStateMachineAliases": self._aliases,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._tags,
        }

    # --- state machines

    def _create(self, request: Body) -> Body:
        tags = {tag["key"]: tag["value"] for tag in request.get("tags", ())}
        kind = request.get("type", "STANDARD")
        machine = self._machines.create(request["name"], request["definition"], request["roleArn"], kind, tags)
        answer = {"stateMachineArn": machine["arn"], "creationDate": machine["created"]}
        if request.get("publish"):
            version = self._machines.publish(machine["arn"], request.get("versionDescription", ""))
            answer["stateMachineVersionArn"] = version["arn"]
        return answer

    def _update(self, request: Body) -> Body:
        arn = request["stateMachineArn"]
        machine = self._machines.update(arn, request.get("definition"), request.get("roleArn"))
        answer = {"updateDate": machine["updated"], "revisionId": machine["revision"]}
        if request.get("publish"):
            version = self._machines.publish(arn, request.get("versionDescription", ""))
            answer["stateMachineVersionArn"] = version["arn"]
        return answer

    def _delete(self, request: Body) -> Body:
        self._machines.delete(request["stateMachineArn"])
        return {}

    def _describe(self, request: Body) -> Body:
        arn = request["stateMachineArn"]
        target = self._machines.resolve(arn)
        machine = target.machine
        shown = {
            "stateMachineArn": target.version or machine["arn"],
            "name": machine["name"],
            "status": "ACTIVE",
            "definition": self._machines.definition(target.definition),
            "roleArn": target.role,
            "type": machine["type"],
            "creationDate": machine["created"],
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            "tracingConfiguration": {"enabled": False},
        }
        # AWS names no revision while the machine is as it was created.
        return shown if machine["revision"] == "INITIAL" else {**shown, "revisionId": machine["revision"]}

    def _describe_for_execution(self, request: Body) -> Body:
        run = self._engine.execution(request["executionArn"])
        return {
            "stateMachineArn": run.machine,
            "name": run.machine_name,
            "definition": self._machines.definition(run.definition),
            "roleArn": run.role,
            "updateDate": run.started,
        }

    def _list(self, request: Body) -> Body:
        machines = [
            {
                "stateMachineArn": machine["arn"],
                "name": machine["name"],
                "type": machine["type"],
                "creationDate": machine["created"],
            }
            for machine in self._machines.all()
        ]
        return page(request, "stateMachines", lambda offset, limit: machines[offset : offset + limit])

    def _validate(self, request: Body) -> Body:
        found = self._machines.check(request["definition"], request.get("type", "STANDARD"))
        shown = [
            {"severity": "ERROR", "code": item.code, "message": item.message}
            | ({"location": item.location} if item.location else {})
            for item in found
        ]
        return {"result": "FAIL" if found else "OK", "diagnostics": shown, "truncated": False}

    # --- versions, aliases, tags

    def _publish(self, request: Body) -> Body:
        arn, about = request["stateMachineArn"], request.get("description", "")
        version = self._machines.publish(arn, about, request.get("revisionId"))
        return {"stateMachineVersionArn": version["arn"], "creationDate": version["created"]}

    def _delete_version(self, request: Body) -> Body:
        self._machines.delete_version(request["stateMachineVersionArn"])
        return {}

    def _versions(self, request: Body) -> Body:
        versions = [
            {"stateMachineVersionArn": version["arn"], "creationDate": version["created"]}
            for version in self._machines.versions(request["stateMachineArn"])
        ]
        return page(request, "stateMachineVersions", lambda offset, limit: versions[offset : offset + limit])

    def _create_alias(self, request: Body) -> Body:
        about, routes = request.get("description", ""), request["routingConfiguration"]
        alias = self._machines.create_alias(request["name"], about, routes)
        return {"stateMachineAliasArn": alias["arn"], "creationDate": alias["created"]}

    def _update_alias(self, request: Body) -> Body:
        arn, about = request["stateMachineAliasArn"], request.get("description")
        alias = self._machines.update_alias(arn, about, request.get("routingConfiguration"))
        return {"updateDate": alias["updated"]}

    def _describe_alias(self, request: Body) -> Body:
        alias = self._machines.alias(request["stateMachineAliasArn"])
        return {
            "stateMachineAliasArn": alias["arn"],
            "name": alias["name"],
            "description": alias["description"],
            "routingConfiguration": alias["routes"],
            "creationDate": alias["created"],
            "updateDate": alias["updated"],
        }

    def _delete_alias(self, request: Body) -> Body:
        self._machines.delete_alias(request["stateMachineAliasArn"])
        return {}

    def _aliases(self, request: Body) -> Body:
        aliases = [
            {"stateMachineAliasArn": alias["arn"], "creationDate": alias["created"]}
            for alias in self._machines.aliases(request["stateMachineArn"])
        ]
        return page(request, "stateMachineAliases", lambda offset, limit: aliases[offset : offset + limit])

    def _tag(self, request: Body) -> Body:
        self._machines.tag(request["resourceArn"], {tag["key"]: tag["value"] for tag in request["tags"]}, [])
        return {}

    def _untag(self, request: Body) -> Body:
        self._machines.tag(request["resourceArn"], {}, request["tagKeys"])
        return {}

    def _tags(self, request: Body) -> Body:
        tags = self._machines.machine(request["resourceArn"])["tags"]
        return {"tags": [{"key": key, "value": value} for key, value in sorted(tags.items())]}


def page(request: Body, name: str, rows: Callable[[int, int], list[Body]]) -> Body:
    """A page of a list; the token is the place of the next one."""
    offset = int(request.get("nextToken") or 0)
    limit = min(int(request.get("maxResults") or 100) or 100, _PAGE)
    found = rows(offset, limit + 1)
    answer: Body = {name: found[:limit]}
    if len(found) > limit:
        answer["nextToken"] = str(offset + limit)
    return answer
