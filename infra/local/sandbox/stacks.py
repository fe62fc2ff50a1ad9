"""Stacks: create or update the compiled templates in order, nested ones inside, outputs handed on."""

from __future__ import annotations

import contextvars
import copy
import functools
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox.compiling import LOCAL, TemplateError, compiled
from sandbox.settings import ACCOUNT, REGION

log = logging.getLogger(__name__)

NESTED = "AWS::CloudFormation::Stack"
type Properties = dict[str, Any]
type Made = tuple[str, dict[str, Any]]
"""What Ref and Fn::GetAtt give: the physical id, the attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a resource stands: its stack, its logical id, its type."""

    stack: str
    logical: str
    type: str

    @property
    def name(self) -> str:
        """A name for the resource, the same at every start."""
        return f"{self.stack}-{self.logical}"


class Maker(Protocol):
    """Whoever makes resources of some types in place of the emulator."""

    def makes(self, place: Place, properties: Properties) -> bool:
        """Whether it makes this one."""

    def make(self, place: Place, properties: Properties) -> Made:
        """Make it, or make it what it should be now; at every start."""

    def unmake(self, place: Place, physical: str) -> None:
        """It left the template."""


class StackError(Exception):
    """A resource could not be made; the message names it."""


class Stacks:
    """The stacks of one root template. `record` is what stands, kept over restarts and changed in place."""

    def __init__(
        self,
        root: Path,
        maker: Maker,
        record: MutableMapping[str, dict[str, Any]],
        progress: Callable[[str, float], None],
    ) -> None:
        self._root, self._maker, self._record, self._progress = root, maker, record, progress

    def deploy(self, name: str, template: Path, parameters: Mapping[str, str]) -> dict[str, str]:
        """Bring the stack to what the template says; returns its outputs. Raises TemplateError, StackError."""
        from ministack.services.cloudformation import engine

        began = time.perf_counter()
        plain = compiled(template, self._root)
        declared = plain.get("Parameters", {})
        given = [{"Key": key, "Value": value} for key, value in parameters.items() if key in declared]
        try:
            values = engine._resolve_parameters(plain, given)
            conditions = engine._evaluate_conditions(plain, values)
            order = engine._topological_sort(plain.get("Resources", {}), conditions)
        except ValueError as error:
            raise TemplateError(f"{template}: {error}") from error
        stands = self._record.setdefault(name, {})
        resolver = _Resolver(plain, values, conditions, name, stands)
        present = [one for one in order if conditions.get(plain["Resources"][one].get("Condition"), True)]
        for logical in present:
            self._one(resolver, name, logical, plain["Resources"][logical])
        for logical in [one for one in stands if one not in present]:
            self._remove(name, logical, stands)
        outputs = {
            key: str(resolver.resolve(output["Value"]))
            for key, output in plain.get("Outputs", {}).items()
            if conditions.get(output.get("Condition"), True)
        }
        self._progress(f"stack {name}: {len(present)} resources", (time.perf_counter() - began) * 1000)
        return outputs

    def find(self, logical: str) -> str | None:
        """The physical id of a resource by its logical id, in whichever stack it is."""
        for resources in self._record.values():
            if logical in resources:
                return str(resources[logical]["PhysicalResourceId"])
        return None

    def _one(self, resolver: _Resolver, name: str, logical: str, resource: Mapping[str, Any]) -> None:
        place = Place(stack=name, logical=logical, type=resource["Type"])
        try:
            properties = resolver.resolve(copy.deepcopy(resource.get("Properties", {})))
            before = resolver.stands.get(logical)
            if before is not None and before["ResourceType"] != place.type:
                self._remove(name, logical, resolver.stands)
                before = None
            call = functools.partial(self._made, place, properties, before)
            (physical, attributes, handle), seed = _seeded(call, str(before["Seed"]) if before else "")
        except (StackError, TemplateError):
            raise
        except Exception as error:  # provisioners raise whatever the services raise; the place is what a reader needs
            raise StackError(f"{name}/{logical} ({place.type}): {error}") from error
        resolver.stands[logical] = {
            "PhysicalResourceId": physical,
            "Attributes": attributes,
            "ResourceType": place.type,
            "Properties": properties,
            "Handle": handle,
            "Seed": seed,
            "Policy": resource.get("DeletionPolicy", "Delete"),
        }

    def _made(self, place: Place, properties: Properties, before: Mapping[str, Any] | None) -> tuple[str, Any, str]:
        """(what Ref gives, attributes, the id its service knows it by)."""
        from ministack.services.cloudformation import provisioners

        if place.type == NESTED:
            location = str(properties["TemplateURL"]).removeprefix(f"s3://{LOCAL}/")
            outputs = self.deploy(place.name, self._root / location, properties.get("Parameters", {}))
            arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{place.name}/sandbox"
            return arn, {f"Outputs.{key}": value for key, value in outputs.items()}, place.name
        if self._maker.makes(place, properties):
            physical, attributes = self._maker.make(place, properties)
            return physical, attributes, physical
        if before is None:
            handle, attributes = provisioners._provision_resource(place.type, place.logical, properties, place.stack)
        elif before["Properties"] == properties:
            handle, attributes = before["Handle"], before["Attributes"]
        else:
            handle, attributes = provisioners._update_resource(
                place.type, before["Handle"], before["Properties"], properties, place.stack, place.logical,
                before["Attributes"],
            )  # fmt: skip
            attributes = {**before["Attributes"], **attributes}
        # CloudFormation's Ref of a secret is its ARN; ministack's provisioner knows it by its name.
        return (attributes["Arn"] if place.type == "AWS::SecretsManager::Secret" else handle), attributes, handle

    def _remove(self, name: str, logical: str, stands: MutableMapping[str, Any]) -> None:
        from ministack.services.cloudformation import provisioners

        gone = stands.pop(logical)
        place = Place(stack=name, logical=logical, type=gone["ResourceType"])
        if place.type == NESTED:
            inside = self._record.pop(gone["Handle"], {})
            for each in reversed(list(inside)):
                self._remove(gone["Handle"], each, inside)
        elif self._maker.makes(place, gone["Properties"]):
            self._maker.unmake(place, gone["PhysicalResourceId"])
        elif gone["Policy"] not in ("Retain", "RetainExceptOnCreate"):
            provisioners._delete_resource(place.type, gone["Handle"], gone["Properties"], name, logical)


def _seeded[T](make: Callable[[], T], seed: str) -> tuple[T, str]:
    """Make a resource with the seed its name was made from, and what that is then.

    The emulator keeps it in the context: left there, the next resource would have another name at the next start, and
    a table whose template changes would begin anew under it.
    """
    from ministack.services.cloudformation import provisioners

    def inside() -> tuple[T, str]:
        provisioners._NAME_SEED.set(seed)
        return make(), provisioners._NAME_SEED.get()

    return contextvars.copy_context().run(inside)


class _Resolver:
    """The intrinsic functions of one template, over what stands so far."""

    def __init__(
        self, template: Mapping[str, Any], values: Any, conditions: Any, name: str, stands: dict[str, Any]
    ) -> None:
        self._mappings, self._values, self._conditions = template.get("Mappings", {}), values, conditions
        self._name, self.stands = name, stands

    def resolve(self, value: Any) -> Any:
        """`value` with its functions answered; a property set to AWS::NoValue is left out."""
        from ministack.services.cloudformation import engine

        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self._name}/sandbox"
        found = engine._resolve_refs(
            value, self.stands, self._values, self._conditions, self._mappings, self._name, stack_id
        )
        if isinstance(found, dict):
            return {key: each for key, each in found.items() if each is not engine._NO_VALUE}
        return found
