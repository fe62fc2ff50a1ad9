"""A sandbox of the toy product: everything real, nothing large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox.box import Sandbox
from sandbox.settings import Settings

TOY = Path(__file__).parent / "toy"


class Toy:
    """The toy's sandbox, and what its functions saw."""

    def __init__(self, box: Sandbox, said: list[str]) -> None:
        self.box, self.said = box, said
        self.dynamodb = box.client("dynamodb")
        self.sqs = box.client("sqs")

    def seen(self, kind: str, **having: Any) -> list[Any]:
        """What the functions wrote down of a kind, of those that hold `having`."""
        items = self.dynamodb.scan(TableName=self.box.outputs["SeenTable"], ConsistentRead=True)["Items"]
        notes = [json.loads(item["what"]["S"]) for item in items if item["kind"]["S"] == kind]
        return [note for note in notes if having.items() <= note.items()]

    def queue(self, logical: str) -> str:
        """A queue's URL by its logical id."""
        return str(self.box.stacks.find(logical))

    def send(self, **body: Any) -> None:
        """A message for the worker."""
        self.sqs.send_message(QueueUrl=self.queue("WorkQueue"), MessageBody=json.dumps(body))

    def put(self, *keys: str, **more: str) -> None:
        """Things into the table, in one transaction: they come as one batch."""
        rows = [{"Put": {"TableName": self.box.outputs["ThingsTable"], "Item": self._thing(key, more)}} for key in keys]
        self.dynamodb.transact_write_items(TransactItems=rows)

    def _thing(self, key: str, more: dict[str, str]) -> dict[str, Any]:
        marks = {name: {"S": "yes"} for name, which in more.items() if which == key}
        return {"pk": {"S": key}, **marks}

    def received(self, logical: str) -> list[dict[str, Any]]:
        """Messages of a queue, as they are received once."""
        answer = self.sqs.receive_message(
            QueueUrl=self.queue(logical),
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=0,
        )
        return list(answer.get("Messages", []))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """One toy sandbox for the tests of a module."""
    said: list[str] = []
    settings = Settings.for_tests(tmp_path_factory.mktemp("toy"), root=TOY)
    with Sandbox(settings, lambda step, ms: said.append(step)) as box:
        yield Toy(box, said)
