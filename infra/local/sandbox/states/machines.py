"""State machines with their versions, aliases and tags."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.states.check import Diagnostic, check_definition
from sandbox.states.clock import Clock
from sandbox.states.errors import ApiError
from sandbox.states.journal import Journal
from sandbox.states.resources import ResourceTable

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a start names: a machine's present definition, or that of a version."""

    machine: Document
    definition: str
    role: str
    version: str | None = None
    alias: str | None = None


class Machines:
    """The registry of state machines. Its callers hold the engine's transaction."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        resources: ResourceTable,
        ids: Callable[[], str],
        rng: random.Random,
        arn: str,
    ) -> None:
        self._journal, self._clock, self._resources, self._ids, self._rng = journal, clock, resources, ids, rng
        self._prefix = arn

    def check(self, definition: str, kind: str) -> list[Diagnostic]:
        return check_definition(definition, self._resources, kind)

    def create(self, name: str, definition: str, role: str, kind: str, tags: dict[str, str]) -> Document:
        """A new machine, or the one there is when it is the same. Raises ApiError."""
        if not name or len(name) > 80 or any(c in ' \t\n<>{}[]?*"#%\\^|~`$&,;:/' or ord(c) < 32 for c in name):
            raise ApiError("InvalidName", f"Invalid Name: '{name}'")
        if kind not in ("STANDARD", "EXPRESS"):
            raise ApiError("ValidationException", f"Value '{kind}' at 'type' must be one of: [STANDARD, EXPRESS]")
        self._checked(definition, kind)
        arn = f"{self._prefix}:stateMachine:{name}"
        known = self._journal.get("machine", arn)
        number = self._journal.put_definition(definition)
        if known is not None:
            if (known["definition"], known["role"], known["type"]) == (number, role, kind):
                return known
            raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        now = self._clock.now()
        machine = {
            "arn": arn, "name": name, "definition": number, "role": role, "type": kind, "created": now, "updated": now,
            "revision": "INITIAL", "next_version": 1, "tags": tags,
        }  # fmt: skip
        self._journal.put("machine", arn, machine)
        return machine

    def update(self, arn: str, definition: str | None, role: str | None) -> Document:
        """Change a machine; running executions keep what they started with. Raises ApiError."""
        machine = self.machine(arn)
        if definition is None and role is None:
            raise ApiError("MissingRequiredParameter", "Either the definition, the role ARN, or both must be specified")
        if definition is not None:
            self._checked(definition, machine["type"])
            machine["definition"] = self._journal.put_definition(definition)
        machine["role"] = role or machine["role"]
        machine["updated"], machine["revision"] = self._clock.now(), self._ids()
        self._journal.put("machine", arn, machine)
        return machine

    def delete(self, arn: str) -> None:
        """Forget a machine, its versions and aliases; its executions run on. No error when it is unknown."""
        for kind in ("version", "alias"):
            for document in self._journal.all(kind):
                if document["machine"] == arn:
                    self._journal.delete(kind, document["arn"])
        self._journal.delete("machine", arn)

    def machine(self, arn: str) -> Document:
        """Raises ApiError when there is none of this ARN."""
        found = self._journal.get("machine", arn)
        if found is None:
            raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return found

    def all(self) -> list[Document]:
        return self._journal.all("machine")

    def definition(self, number: str) -> str:
        return self._journal.definition(number)

    # --- versions

    def publish(self, arn: str, description: str, revision: str | None = None) -> Document:
        """A version of the machine as it is now; the same one while it has not changed. Raises ApiError."""
        machine = self.machine(arn)
        if revision is not None and revision != machine["revision"]:
            raise ApiError("ConflictException", f"Failed to publish the State Machine version for revision {revision}")
        for version in self.versions(arn):
            if version["revision"] == machine["revision"]:
                return version
        number = machine["next_version"]
        machine["next_version"] = number + 1
        self._journal.put("machine", arn, machine)
        version = {
            "arn": f"{arn}:{number}", "machine": arn, "number": number,
            "definition": machine["definition"], "role": machine["role"],
            "revision": machine["revision"], "description": description, "created": self._clock.now(),
        }  # fmt: skip
        self._journal.put("version", version["arn"], version)
        return version

    def versions(self, arn: str) -> list[Document]:
        """Newest first."""
        mine = [version for version in self._journal.all("version") if version["machine"] == arn]
        return sorted(mine, key=lambda version: -int(version["number"]))

    def delete_version(self, arn: str) -> None:
        """Raises ApiError when an alias points at the version."""
        for alias in self._journal.all("alias"):
            if any(route["stateMachineVersionArn"] == arn for route in alias["routes"]):
                raise ApiError("ConflictException", f"Version to be deleted is referenced by alias {alias['arn']}")
        self._journal.delete("version", arn)

    # --- aliases

    def create_alias(self, name: str, description: str, routes: list[Document]) -> Document:
        """Raises ApiError."""
        machine = self._route_machine(routes)
        arn = f"{machine}:{name}"
        known = self._journal.get("alias", arn)
        if known is not None:
            if known["routes"] == routes and known["description"] == description:
                return known
            raise ApiError(
                "ConflictException", "An alias of this name with another routing configuration already exists."
            )
        now = self._clock.now()
        alias = {
            "arn": arn, "name": name, "machine": machine, "description": description, "routes": routes,
            "created": now, "updated": now,
        }  # fmt: skip
        self._journal.put("alias", arn, alias)
        return alias

    def update_alias(self, arn: str, description: str | None, routes: list[Document] | None) -> Document:
        """Raises ApiError."""
        alias = self.alias(arn)
        if routes is not None:
            self._route_machine(routes)
            alias["routes"] = routes
        alias["description"] = alias["description"] if description is None else description
        alias["updated"] = self._clock.now()
        self._journal.put("alias", arn, alias)
        return alias

    def alias(self, arn: str) -> Document:
        """Raises ApiError when there is none of this ARN."""
        found = self._journal.get("alias", arn)
        if found is None:
            raise ApiError("ResourceNotFound", f"Request references a resource that does not exist: {arn}")
        return found

    def aliases(self, arn: str) -> list[Document]:
        return [alias for alias in self._journal.all("alias") if alias["machine"] == arn]

    def delete_alias(self, arn: str) -> None:
        self._journal.delete("alias", arn)

    def tag(self, arn: str, added: dict[str, str], removed: list[str]) -> None:
        """Raises ApiError."""
        machine = self.machine(arn)
        machine["tags"] = {key: value for key, value in {**machine["tags"], **added}.items() if key not in removed}
        self._journal.put("machine", arn, machine)

    def resolve(self, arn: str) -> Target:
        """What an execution of `arn` (machine, version or alias) runs. Raises ApiError."""
        machine = self._journal.get("machine", arn)
        if machine is not None:
            return Target(machine=machine, definition=machine["definition"], role=machine["role"])
        alias = self._journal.get("alias", arn)
        version_arn = arn if alias is None else self._routed(alias["routes"])
        version = self._journal.get("version", version_arn)
        if version is None:
            raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return Target(
            machine=self.machine(version["machine"]), definition=version["definition"], role=version["role"],
            version=version_arn, alias=None if alias is None else arn,
        )  # fmt: skip

    # --- inside

    def _checked(self, definition: str, kind: str) -> None:
        found = self.check(definition, kind)
        if found:
            raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(map(str, found))}'")

    def _routed(self, routes: list[Document]) -> str:
        draw, arn = self._rng.uniform(0, 100) if len(routes) > 1 else 0.0, ""
        for route in routes:
            arn = route["stateMachineVersionArn"]
            draw -= route["weight"]
            if draw < 0:
                break
        return arn

    def _route_machine(self, routes: list[Document]) -> str:
        if not 1 <= len(routes) <= 2 or sum(int(route.get("weight", 0)) for route in routes) != 100:
            rule = "Routing configuration must have one or two versions whose weights sum to 100"
            raise ApiError("ValidationException", f"{rule}: {json.dumps(routes)}")
        found = [self._journal.get("version", route["stateMachineVersionArn"]) for route in routes]
        machines = {str(version["machine"]) for version in found if version is not None}
        if None in found or len(machines) != 1:
            raise ApiError("ResourceNotFound", "Routing configuration must reference versions of one state machine")
        return machines.pop()
