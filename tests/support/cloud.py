"""Cloud: an AWS endpoint of our own on 127.0.0.1 with just what the doors of intake and record changes call."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.support.units import RECORD_INDEXES

REGION = "us-east-1"
SOURCE_SECRET = "whsec_dGhlIG1vbml0b3Jpbmcgc2VjcmV0"
ROOT = Path(__file__).parents[2]
NUMERIC = frozenset({"opened", "tdue"})


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoint, and the environment a function would find there."""

    environment: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of the endpoint."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service by name
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # the endpoint takes any
        )


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Start it on a free port, make the tables, bucket, bus, secret and process, and stop it at the end."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = {
            "PATH": os.environ["PATH"],
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": folder,
            "LOG_LEVEL": "ERROR",
        }
        server = subprocess.Popen(  # our own interpreter
            [sys.executable, "-m", "ministack"],
            env=settings,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait(endpoint, server)
            made = Cloud(_environment(endpoint))
            yield Cloud({**made.environment, **_furnish(made)})
        finally:
            server.terminate()
            server.wait(10)


def _environment(endpoint: str) -> dict[str, str]:
    paths = [ROOT, ROOT / "layers/itsm", ROOT / "layers/policy"]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "RECORDS_TABLE": "records",
        "AUDIT_TABLE": "audit",
        "EPHEMERAL_TABLE": "ephemeral",
        "BUS_NAME": "itsm",
        "BLOB_BUCKET": "blobs",
        "MAIL_DOMAIN": "desk.example.org",
        "MAIL_FROM": "desk@desk.example.org",
        "POWERTOOLS_SERVICE_NAME": "tests",
        "LOG_LEVEL": "CRITICAL",
    }


def _wait(endpoint: str, server: subprocess.Popen[bytes]) -> None:
    """Poll until it answers: it starts in its own time, which nothing here can turn."""
    for _ in range(2000):
        if server.poll() is not None:
            raise RuntimeError("the endpoint ended while it started")
        try:
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            server_pause()
            continue
        return
    raise RuntimeError("the endpoint did not come up")


def server_pause() -> None:
    """Wait a moment for a real process that is starting."""
    time.sleep(0.01)


def _furnish(made: Cloud) -> dict[str, str]:
    make_tables(made.client("dynamodb"))
    made.client("s3").create_bucket(Bucket="blobs")
    made.client("events").create_event_bus(Name="itsm")
    queue = made.client("sqs").create_queue(QueueName="timers")["QueueUrl"]
    secret = made.client("secretsmanager").create_secret(Name="link", SecretString=json.dumps({"current": "s3cret"}))
    sources = made.client("secretsmanager").create_secret(
        Name="sources", SecretString=json.dumps({"monitoring": SOURCE_SECRET})
    )
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Pass", "End": True}}}
    machine = made.client("stepfunctions").create_state_machine(
        name="incident", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/states"
    )
    return {
        "TIMER_QUEUE_URL": queue,
        "LINK_SECRET_ARN": secret["ARN"],
        "SOURCES_SECRET_ARN": sources["ARN"],
        "PROCESS_INCIDENT": machine["stateMachineArn"],
    }


def make_tables(client: Any) -> None:
    """The three tables, with the keys and indexes the templates give them."""
    names = {"pk", "sk", *(key for index in RECORD_INDEXES for key in index.keys)}
    client.create_table(
        TableName="records",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[_attribute(name) for name in sorted(names)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.name,
                "KeySchema": _schema(*index.keys),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)}
                if index.include
                else {"ProjectionType": "KEYS_ONLY"},
            }
            for index in RECORD_INDEXES
        ],
    )
    for table, keys in (("audit", ("pk", "sk")), ("ephemeral", ("pk",))):
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=_schema(*keys),
            AttributeDefinitions=[_attribute(key) for key in keys],
        )


def _schema(hash_key: str, range_key: str = "") -> list[dict[str, str]]:
    keys = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*keys, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else keys


def _attribute(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "N" if name in NUMERIC else "S"}
