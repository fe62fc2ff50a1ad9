"""A queue that calls a function: batches, partial failures, and no more calls at once than it is allowed."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox import seams
from sandbox.functions import Functions, Outcome
from sandbox.settings import REGION

log = logging.getLogger(__name__)
DEFAULT_CONCURRENCY = 5
"""Lambda starts with five pollers for a queue (AWS: "Using Lambda with Amazon SQS")."""
PER_RECEIVE = 10
PATIENCE = 3.0
"""Seconds a batch under way is waited for at the end; cut off, its messages come again after their invisibility."""


class MalformedAnswerError(Exception):
    """What a function reported as failed items cannot be understood; Lambda takes the whole batch for failed."""


def failed_items(outcome: Outcome, known: Sequence[str]) -> list[str]:
    """The identifiers of `batchItemFailures`; none for an empty answer. Raises MalformedAnswerError.

    AWS: "Using Lambda with Amazon SQS", "Success and failure conditions".
    """
    value = outcome.value()
    failures = value.get("batchItemFailures") if isinstance(value, dict) else None
    if not failures:
        return []
    found: list[str] = []
    for failure in failures:
        item = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if item not in known:
            raise MalformedAnswerError(f"{item!r} is no item of the batch")
        found.append(str(item))
    return found


class QueueSource:
    """One mapping of a queue. A failed batch or message stays invisible until its time is over, then comes again."""

    def __init__(
        self,
        name: str,
        mapping: Mapping[str, Any],
        functions: Functions,
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._mapping, self._functions, self._call = mapping, functions, call
        self._arn = str(mapping["EventSourceArn"])
        self._url = seams.queue_url(self._arn)
        self._batch = int(mapping.get("BatchSize", 10))
        self._window = float(mapping.get("MaximumBatchingWindowInSeconds", 0))
        scaling = mapping.get("ScalingConfig") or {}
        self._most = int(scaling.get("MaximumConcurrency", DEFAULT_CONCURRENCY))
        self._partial = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())
        self._flying = 0
        self._lock = threading.Lock()
        self._gathered: list[seams.Message] = []
        self._since = 0.0
        self._closing = False
        self._pool = ThreadPoolExecutor(self._most, thread_name_prefix=name)

    def look(self) -> None:
        """Take what waits, and call the function when a batch is full or its window over."""
        while not self._closing and self._flying < self._most:
            if seams.waiting(self._url) and len(self._gathered) < self._batch:
                self._gather()
            full = len(self._gathered) >= self._batch
            if not self._gathered or not (full or time.monotonic() - self._since >= self._window):
                return
            batch, self._gathered = self._gathered[: self._batch], self._gathered[self._batch :]
            with self._lock:
                self._flying += 1
            self._pool.submit(self._run, batch)

    def quiet(self) -> bool:
        """Whether nothing waits and nothing is under way; what is invisible after a failure counts as quiet."""
        return not self._flying and not self._gathered and not seams.visible(self._url)

    def close(self) -> None:
        """Take no more, and give what is under way a moment to end."""
        self._closing = True
        end = time.monotonic() + PATIENCE
        while self._flying and time.monotonic() < end:
            time.sleep(0.01)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _gather(self) -> None:
        room = min(PER_RECEIVE, self._batch - len(self._gathered))
        taken: list[seams.Message] = self._call(lambda: seams.receive(self._url, room))
        if taken and not self._gathered:
            self._since = time.monotonic()
        self._gathered.extend(taken)

    def _run(self, batch: list[seams.Message]) -> None:
        try:
            self._work(batch)
        except Exception:  # nobody waits for this future; the messages come again by themselves
            log.exception("the batch of %s could not be handed over", self._arn)
        finally:
            with self._lock:
                self._flying -= 1
            seams.wake().set()

    def _work(self, batch: list[seams.Message]) -> None:
        by_id = {message["id"]: message for message in batch}
        records = seams.filtered([self._record(message) for message in batch], self._mapping)
        offered = [record["messageId"] for record in records]
        failed: list[str] = []
        if records:
            outcome = self._functions.call(str(self._mapping["FunctionName"]), {"Records": records})
            failed = self._failed(outcome, offered)
        done = {message["receipt_handle"] for key, message in by_id.items() if key not in failed}
        self._call(lambda: seams.delete(self._url, done))

    def _failed(self, outcome: Outcome, offered: list[str]) -> list[str]:
        if outcome.failure is not None:
            said = f"{outcome.failure.get('errorType')}: {outcome.failure.get('errorMessage')}"
            log.warning("%s failed on %d messages: %s", self._mapping["FunctionName"], len(offered), said)
            return offered
        if not self._partial:
            return []
        try:
            return failed_items(outcome, offered)
        except MalformedAnswerError as error:
            log.warning("%s: the whole batch comes again: %s", self._mapping["FunctionName"], error)
            return offered

    def _record(self, message: seams.Message) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message["receive_count"]),
            "SentTimestamp": str(int(message["sent_at"] * 1000)),
            "SenderId": str(message["sys"].get("SenderId", "")),
            "ApproximateFirstReceiveTimestamp": str(int(message["first_receive_at"] * 1000)),
        }
        named: Mapping[str, Mapping[str, Any]] = message.get("message_attributes") or {}
        return {
            "messageId": message["id"],
            "receiptHandle": message["receipt_handle"],
            "body": message["body"] if isinstance(message["body"], str) else json.dumps(message["body"]),
            "attributes": attributes,
            "messageAttributes": {
                name: {key[0].lower() + key[1:]: value for key, value in inner.items()} for name, inner in named.items()
            },
            "md5OfBody": message["md5_body"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }
