"""Estate: all templates as CloudFormation will see them, and the way from a reference to what it means."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[3]
MAIN = "Main"
PATHS = {
    "Function": "CodeUri",
    "LayerVersion": "ContentUri",
    "StateMachine": "DefinitionUri",
    "Application": "Location",
}

type Json = Any  # a template is JSON of any depth; these tests look into it and nothing else does


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one stack."""

    stack: str
    name: str
    type: str
    body: Mapping[str, Json]

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it in the whole estate."""
        return self.stack, self.name

    @property
    def properties(self) -> Mapping[str, Json]:
        """Its properties."""
        found: Mapping[str, Json] = self.body.get("Properties", {})
        return found


@dataclass(frozen=True, slots=True)
class Estate:
    """Every stack by name, and every state machine by path."""

    stacks: dict[str, dict[str, Json]]
    processes: dict[str, dict[str, Json]]

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Every resource of these types."""
        for stack, template in self.stacks.items():
            for name, body in template["Resources"].items():
                if body["Type"] in types:
                    yield Resource(stack, name, body["Type"], body)

    def meant(self, stack: str, value: Json) -> tuple[str, str] | None:
        """The key of the resource a Ref or GetAtt means, through parameters and outputs; None when there is none."""
        match value:
            case {"Ref": str(name)} if name in self.stacks[stack]["Resources"]:
                return stack, name
            case {"Ref": str(name)} if stack != MAIN:
                return self.meant(MAIN, self.given(stack, name))
            case {"Fn::GetAtt": [str(nested), str(output)]} if output.startswith("Outputs."):
                return self.meant(nested, self.stacks[nested]["Outputs"][output.removeprefix("Outputs.")]["Value"])
            case {"Fn::GetAtt": [str(name), *_]}:
                return stack, name
            case {"Fn::If": [_, then, _]}:
                return self.meant(stack, then)
        return None

    def given(self, stack: str, parameter: str) -> Json:
        """What the main stack passes for a parameter of a nested one."""
        return self.stacks[MAIN]["Resources"][stack]["Properties"].get("Parameters", {}).get(parameter)

    def copy(self) -> "Estate":
        """One to plant a fault in."""
        return Estate(copy.deepcopy(self.stacks), copy.deepcopy(self.processes))


@cache
def _transformed(path: Path) -> str:
    template = yaml_parse(path.read_text())
    for resource in template["Resources"].values():
        kind = resource["Type"].removeprefix("AWS::Serverless::")
        if kind in PATHS:
            local = resource["Properties"][PATHS[kind]]
            resource["Properties"][PATHS[kind]] = f"s3://local/{(path.parent / local).resolve().relative_to(ROOT)}"
    translator = Translator({}, Parser(), boto_session=Session(region_name="eu-central-1"))
    return json.dumps(translator.translate(template, {"Architecture": "arm64"}))


def load(root: Path = ROOT) -> Estate:
    """The templates and state machines of this tree."""
    stacks = {MAIN: json.loads(_transformed(root / "template.yaml"))}
    for name, body in stacks[MAIN]["Resources"].items():
        if body["Type"] == "AWS::CloudFormation::Stack":
            path = body["Properties"]["TemplateURL"].removeprefix("s3://local/")
            stacks[name] = json.loads(_transformed(root / path))
    processes = {
        path.relative_to(root).as_posix(): json.loads(path.read_text())
        for path in sorted((root / "statemachines").rglob("*.asl.json"))
    }
    return Estate(stacks, processes)
