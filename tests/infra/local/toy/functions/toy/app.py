"""The toy's doors: each does what its event asks for, so that tests can ask for trouble."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toy_shared import note  # type: ignore[import-not-found]  # its layer is not on the tests' path


class BoomError(Exception):
    """Asked for."""


def echo(event: Mapping[str, Any], context: Any) -> Any:
    """Answer an HTTP request with the request itself, or as its query says."""
    asked = event.get("queryStringParameters") or {}
    if "sleep" in asked:
        time.sleep(float(asked["sleep"]))
    if "keep" in asked:
        note("kept", {"name": asked["keep"]})
    if "boom" in asked:
        raise BoomError("asked for")
    if "bare" in asked:
        return {"just": "this"}
    if "nonsense" in asked:
        return {"statusCode": "many"}
    if "cookies" in asked:
        return {"statusCode": 200, "cookies": ["a=1; HttpOnly", "b=2"], "headers": {"X-One": "1"}, "body": "ok"}
    if "binary" in asked:
        return {
            "statusCode": 200,
            "headers": {"content-type": "image/png"},
            "body": "iVBORw==",
            "isBase64Encoded": True,
        }
    return {"statusCode": 200, "body": json.dumps(event)}


def work(event: Mapping[str, Any], context: Any) -> Any:
    """Work messages; the body says which trouble to make."""
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        note("work", {**body, "times": int(record["attributes"]["ApproximateReceiveCount"])})
        if body.get("boom"):
            raise BoomError("asked for")
        if body.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
        if body.get("confused"):
            failures.append({"itemIdentifier": ""})
    return {"batchItemFailures": failures}


def follow(event: Mapping[str, Any], context: Any) -> Any:
    """Follow changes of things; a thing says which trouble to make."""
    things = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    note("batch", {"keys": [thing["pk"]["S"] for thing in things]})
    if any("boom" in thing for thing in things):
        raise BoomError("asked for")
    for record in event["Records"]:
        if "fail" in record["dynamodb"]["NewImage"]:
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        note("thing", {"key": record["dynamodb"]["NewImage"]["pk"]["S"]})
    return {"batchItemFailures": []}


def tick(event: Mapping[str, Any], context: Any) -> None:
    """A minute has come."""
    note("tick", {"source": event["source"], "pid": os.getpid()})


def step(event: Mapping[str, Any], context: Any) -> Any:
    """A step of the process: keep the token, or do what is asked."""
    if event.get("boom"):
        raise BoomError("asked for")
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("large"):
        return "x" * event["large"]
    if event.get("look"):
        return {"environment": dict(os.environ), "folder": str(Path.cwd()), "path": sys.path, "pid": os.getpid()}
    if event.get("token"):
        note("token", {"token": event["token"]})
    return {
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
    }
