"""Compiling: a template as a person writes it becomes plain CloudFormation, its local paths kept as such."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.settings import REGION

type Template = dict[str, Any]

LOCAL = "local"
"""The bucket name that says: the key is a path of this project. SAM wants an S3 address, as `sam package` makes one."""
PATHS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::Serverless::Application": "Location",
}
GLOBAL = {"Function": "CodeUri", "LayerVersion": "ContentUri", "StateMachine": "DefinitionUri"}


class TemplateError(Exception):
    """A template cannot be used; the message says which and why."""


def compiled(path: Path, root: Path) -> Template:
    """The template at `path` as plain CloudFormation; nested templates and code by paths relative to `root`.

    Raises TemplateError.
    """
    from ministack.services.cloudformation import engine

    try:
        template: Template = engine._parse_template(path.read_text())
    except (OSError, ValueError) as error:
        raise TemplateError(f"{path}: {error}") from error
    localised = _with_local_paths(template, path.parent, root)
    if "AWS::Serverless" not in str(template.get("Transform", "")):
        return localised
    return _transformed(localised, path)


def source(properties: Mapping[str, Any], key: str, root: Path) -> Path:
    """The path of a compiled resource's code, layer or definition. Raises TemplateError when it is not local."""
    place = properties.get(key) or {}
    if (place.get("S3Bucket") or place.get("Bucket")) != LOCAL:
        raise TemplateError(f"{key} is {place!r}: the sandbox runs from the source tree, so it must be a path")
    return root / str(place.get("S3Key") or place.get("Key"))


def _with_local_paths(template: Template, folder: Path, root: Path) -> Template:
    made = copy.deepcopy(template)
    for kind, key in GLOBAL.items():
        _localise(made.get("Globals", {}).get(kind, {}), key, folder, root)
    for resource in made.get("Resources", {}).values():
        kind = resource.get("Type", "")
        if kind in PATHS:
            _localise(resource.get("Properties", {}), PATHS[kind], folder, root)
    return made


def _localise(properties: dict[str, Any], key: str, folder: Path, root: Path) -> None:
    given = properties.get(key)
    if not isinstance(given, str) or "://" in given:
        return
    # normpath, not resolve: a link inside the project stays inside it.
    place = Path(os.path.normpath(folder / given)).relative_to(root).as_posix()
    properties[key] = f"s3://{LOCAL}/{place}"


def _transformed(template: Template, path: Path) -> Template:
    from samtranslator.translator.transform import transform

    # It speaks of metrics for SAM's own service, which nobody collects here.
    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    try:
        plain: Template = transform(template, {}, _NoManagedPolicies())
    except Exception as error:  # the translator's errors have no common base; every one is about this template
        causes = [str(getattr(cause, "message", cause)) for cause in getattr(error, "causes", ())]
        raise TemplateError(f"{path}: {'; '.join(causes) or error}") from error
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
        else:
            os.environ["AWS_DEFAULT_REGION"] = before
    return plain


class _NoManagedPolicies:
    """Policies by AWS's names stay names: nothing here enforces them."""

    def load(self) -> dict[str, str]:
        """None is known."""
        return {}
