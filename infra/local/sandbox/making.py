"""Making: the resource types the sandbox runs itself, and those it can only stand in for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.compiling import source
from sandbox.front import Front
from sandbox.functions import Function, Functions
from sandbox.scanner import Scanner
from sandbox.schedules import Schedules
from sandbox.settings import ACCOUNT, REGION
from sandbox.sources import Sources
from sandbox.stacks import Made, Place, Properties
from sandbox.states.engine import Engine

UNENFORCED = {
    "AWS::Lambda::Permission": "who may call whom is not checked here",
    "AWS::Lambda::EventInvokeConfig": "asynchronous calls are made once here",
}
"""Types that have no counterpart by design; they are taken silently, the README says so."""
UNMODELLED = {
    "AWS::SES::ReceiptRuleSet": "the sandbox's mailbox does what the receipt rule says",
    "AWS::SES::ReceiptRule": "the sandbox's mailbox does what the receipt rule says",
    "AWS::CloudWatch::CompositeAlarm": "no alarm is evaluated here; samples send alarm events",
    "AWS::CloudWatch::Alarm": "no alarm is evaluated here; samples send alarm events",
    "AWS::CloudWatch::Dashboard": "there are no metrics here to show",
    "AWS::Logs::MetricFilter": "there are no metrics here to count",
}


class Making:
    """Makes functions, event sources, routes, processes and schedules; says aloud, once a type, what it only stubs."""

    def __init__(
        self,
        root: Path,
        *,
        functions: Functions,
        front: Front,
        engine: Engine,
        sources: Sources,
        schedules: Schedules,
        scanner: Scanner,
        say: Callable[[str], None],
    ) -> None:
        self._root, self._say = root, say
        self._functions, self._front, self._engine = functions, front, engine
        self._sources, self._schedules, self._scanner = sources, schedules, scanner
        self._layers: dict[str, Path] = {}
        self._said: set[str] = set()
        self._makers: dict[str, Callable[[Place, Properties], Made]] = {
            "AWS::Lambda::Function": self._function,
            "AWS::Lambda::LayerVersion": self._layer,
            "AWS::Lambda::Version": self._version,
            "AWS::Lambda::Alias": self._alias,
            "AWS::Lambda::EventSourceMapping": self._mapping,
            "AWS::ApiGatewayV2::Api": self._api,
            "AWS::ApiGatewayV2::Stage": self._stage,
            "AWS::ApiGatewayV2::Integration": self._integration,
            "AWS::ApiGatewayV2::Route": self._route,
            "AWS::ApiGatewayV2::Authorizer": self._authorizer,
            "AWS::StepFunctions::StateMachine": self._machine,
            "AWS::StepFunctions::StateMachineVersion": self._machine_version,
            "AWS::StepFunctions::StateMachineAlias": self._machine_alias,
            "AWS::Events::Rule": self._rule,
            "AWS::Scheduler::Schedule": self._schedule,
            "AWS::GuardDuty::MalwareProtectionPlan": self._plan,
        }

    def makes(self, place: Place, properties: Properties) -> bool:
        """Rules with a pattern are the emulator's."""
        from ministack.services.cloudformation import provisioners

        if place.type == "AWS::Events::Rule":
            return "ScheduleExpression" in properties
        known = place.type in provisioners._RESOURCE_HANDLERS and place.type not in UNMODELLED
        return place.type in self._makers or place.type in UNENFORCED or not known

    def make(self, place: Place, properties: Properties) -> Made:
        """See Maker."""
        maker = self._makers.get(place.type)
        if maker is not None:
            return maker(place, properties)
        if place.type not in UNENFORCED and place.type not in self._said:
            self._said.add(place.type)
            why = UNMODELLED.get(place.type, "the emulator has no such thing, and nothing stands in for it")
            self._say(f"stub {place.type} ({place.logical}): {why}")
        arn = f"arn:aws:sandbox:{REGION}:{ACCOUNT}:{place.name}"
        return place.name, {"Arn": arn, "Id": place.name, "Name": place.name}

    def unmake(self, place: Place, physical: str) -> None:
        """See Maker; what only exists while it is in the template needs nothing."""
        if place.type == "AWS::Lambda::Function":
            self._functions.remove(physical)
        elif place.type == "AWS::StepFunctions::StateMachine":
            with self._engine.transaction():
                self._engine.machines.delete(physical)
        elif place.type == "AWS::GuardDuty::MalwareProtectionPlan":
            self._scanner.forget(physical)

    # --- functions

    def _function(self, place: Place, properties: Properties) -> Made:
        name = properties.get("FunctionName") or place.name
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        folders = (self._layers[layer] for layer in properties.get("Layers", ()))
        function = Function(
            name=name,
            arn=arn,
            handler=properties["Handler"],
            folder=source(properties, "Code", self._root),
            layers=tuple(folder for folder in folders if not (folder / "requirements.txt").exists()),
            environment={
                key: str(value) for key, value in properties.get("Environment", {}).get("Variables", {}).items()
            },
            timeout=float(properties.get("Timeout", 3)),
            memory=int(properties.get("MemorySize", 128)),
            reserved=properties.get("ReservedConcurrentExecutions"),
        )
        if not function.folder.is_dir():
            raise FileNotFoundError(f"there is no folder {function.folder} with the function's code")
        self._functions.add(function)
        return name, {"Arn": arn}

    def _layer(self, place: Place, properties: Properties) -> Made:
        folder = source(properties, "Content", self._root)
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{place.name}:1"
        self._layers[arn] = folder / "python" if (folder / "python").is_dir() else folder
        return arn, {"LayerVersionArn": arn}

    def _version(self, place: Place, properties: Properties) -> Made:
        function = self._functions.find(properties["FunctionName"])
        return f"{function.arn}:1", {"Version": "1", "FunctionArn": f"{function.arn}:1"}

    def _alias(self, place: Place, properties: Properties) -> Made:
        arn = f"{self._functions.find(properties['FunctionName']).arn}:{properties['Name']}"
        return arn, {"AliasArn": arn}

    def _mapping(self, place: Place, properties: Properties) -> Made:
        self._sources.add(place.name, properties)
        return place.name, {"Id": place.name}

    # --- HTTP

    def _api(self, place: Place, properties: Properties) -> Made:
        api = place.name.lower()
        self._front.add_api(api, properties.get("Body"))
        return api, {"ApiEndpoint": self._front.url, "ApiId": api}

    def _stage(self, place: Place, properties: Properties) -> Made:
        name = str(properties["StageName"])
        if name != "$default":
            self._say(f"stage {name} of {properties['ApiId']} is served without its name in the path")
        return name, {}

    def _integration(self, place: Place, properties: Properties) -> Made:
        self._front.add_integration(place.name, properties)
        return place.name, {"IntegrationId": place.name}

    def _route(self, place: Place, properties: Properties) -> Made:
        self._front.add_route(place.name, properties)
        return place.name, {"RouteId": place.name}

    def _authorizer(self, place: Place, properties: Properties) -> Made:
        self._front.add_authorizer(place.name, properties)
        return place.name, {"AuthorizerId": place.name}

    # --- processes

    def _machine(self, place: Place, properties: Properties) -> Made:
        definition = self._definition(properties)
        name = properties.get("StateMachineName") or place.name
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
        role, kind = str(properties.get("RoleArn", "")), properties.get("StateMachineType", "STANDARD")
        machines = self._engine.machines
        with self._engine.transaction():
            known = next((machine for machine in machines.all() if machine["arn"] == arn), None)
            if known is None:
                known = machines.create(name, definition, role, kind, {})
            elif machines.definition(known["definition"]) != definition or known["role"] != role:
                known = machines.update(arn, definition, role)
            revision = known["revision"]
        return arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": revision}

    def _definition(self, properties: Properties) -> str:
        if "DefinitionS3Location" in properties:
            text = source(properties, "DefinitionS3Location", self._root).read_text()
        elif "DefinitionString" in properties:
            text = properties["DefinitionString"]
        else:
            text = json.dumps(properties["Definition"])
        given: Mapping[str, Any] = properties.get("DefinitionSubstitutions", {})
        return re.sub(r"\$\{([A-Za-z0-9]+)\}", lambda hit: str(given.get(hit[1], hit[0])), text)

    def _machine_version(self, place: Place, properties: Properties) -> Made:
        with self._engine.transaction():
            version = self._engine.machines.publish(properties["StateMachineArn"], properties.get("Description", ""))
        return version["arn"], {"Arn": version["arn"]}

    def _machine_alias(self, place: Place, properties: Properties) -> Made:
        preference = properties.get("DeploymentPreference") or {}
        given = properties.get("RoutingConfiguration") or [
            {"StateMachineVersionArn": preference.get("StateMachineVersionArn", ""), "Weight": 100}
        ]
        routes = [
            {"stateMachineVersionArn": route["StateMachineVersionArn"], "weight": int(route["Weight"])}
            for route in given
        ]
        machine = routes[0]["stateMachineVersionArn"].rsplit(":", 1)[0]
        name = properties.get("Name") or place.logical
        with self._engine.transaction():
            known = {alias["name"] for alias in self._engine.machines.aliases(machine)}
            if name in known:
                alias = self._engine.machines.update_alias(f"{machine}:{name}", None, routes)
            else:
                alias = self._engine.machines.create_alias(name, properties.get("Description", ""), routes)
        return alias["arn"], {"Arn": alias["arn"]}

    # --- clockwork

    def _rule(self, place: Place, properties: Properties) -> Made:
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{place.name}"
        if properties.get("State", "ENABLED") == "ENABLED":
            self._schedules.add(arn, properties["ScheduleExpression"], properties.get("Targets", ()))
        return place.name, {"Arn": arn}

    def _schedule(self, place: Place, properties: Properties) -> Made:
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{place.name}"
        target = {key: value for key, value in properties["Target"].items() if key in ("Arn", "Input")}
        if properties.get("State", "ENABLED") == "ENABLED":
            self._schedules.add(arn, properties["ScheduleExpression"], [{"Id": "target", **target}])
        return place.name, {"Arn": arn}

    def _plan(self, place: Place, properties: Properties) -> Made:
        bucket = properties["ProtectedResource"]["S3Bucket"]
        arn = self._scanner.protect(place.name, bucket["BucketName"], bucket.get("ObjectPrefixes", ()))
        return place.name, {"Arn": arn, "MalwareProtectionPlanId": place.name}
