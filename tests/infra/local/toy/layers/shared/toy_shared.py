"""What the toy's functions share: a layer, and their notebook of what they saw."""

import json
import os
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def _client() -> Any:
    import boto3

    return boto3.client("dynamodb")


def note(kind: str, what: Mapping[str, Any]) -> None:
    """Write down what was seen."""
    item = {"pk": {"S": str(uuid.uuid4())}, "kind": {"S": kind}, "what": {"S": json.dumps(what)}}
    _client().put_item(TableName=os.environ["SEEN_TABLE"], Item=item)
