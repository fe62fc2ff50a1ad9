"""A table stream that calls a function: in order, retried from the first failure, halved, given up on, destined."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox import seams
from sandbox.functions import Functions, Outcome
from sandbox.queue_source import PATIENCE, MalformedAnswerError, failed_items

log = logging.getLogger(__name__)
SHARD = "shardId-00000000000000000000-00000000"
BACKOFF = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
"""Seconds before each retry; Lambda's own are not published and grow to a minute."""


class StreamSource:
    """One mapping of a table's stream, which has one shard here. `positions` says how far it has been followed.

    AWS: "Using Lambda with Amazon DynamoDB Streams": a batch is retried until it succeeds, expires, or its attempts are
    spent; reported failures move the start to the first of them; BisectBatchOnFunctionError halves what failed whole.
    """

    def __init__(
        self,
        name: str,
        mapping: Mapping[str, Any],
        functions: Functions,
        call: Callable[[Callable[[], Any]], Any],
        positions: MutableMapping[str, int],
    ) -> None:
        self._name, self._mapping, self._functions, self._call = name, mapping, functions, call
        self._positions = positions
        self._arn = str(mapping["EventSourceArn"])
        self.table = seams.stream_table(self._arn)
        self._batch = int(mapping.get("BatchSize", 100))
        self._window = float(mapping.get("MaximumBatchingWindowInSeconds", 0))
        self._attempts = int(mapping.get("MaximumRetryAttempts", -1))
        self._age = float(mapping.get("MaximumRecordAgeInSeconds", -1))
        self._bisect = str(mapping.get("BisectBatchOnFunctionError", "false")).lower() == "true"
        self._partial = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ())
        destination = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
        self._destination = destination.get("Destination")
        if name not in positions:
            oldest = mapping.get("StartingPosition") == "TRIM_HORIZON"
            positions[name] = (seams.stream_start if oldest else seams.stream_end)(self.table)
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Let the follower see what is new."""
        if seams.stream_end(self.table) > self._positions[self._name]:
            self._woken.set()

    @property
    def position(self) -> int:
        """Behind the last change that is done."""
        return self._positions[self._name]

    def quiet(self) -> bool:
        """Whether every change was followed."""
        return seams.stream_end(self.table) <= self._positions[self._name]

    def close(self) -> None:
        """Stop following; the batch at hand comes again."""
        self._closing.set()
        self._woken.set()
        self._thread.join(PATIENCE)

    def _follow(self) -> None:
        while not self._closing.is_set():
            self._woken.wait()
            self._woken.clear()
            while not self._closing.is_set() and (batch := self._read()):
                try:
                    self._deliver(batch, 0)
                except Exception:  # nobody waits for this thread; it must go on, and the batch with it
                    log.exception("the stream of %s could not be followed; it is tried again", self.table)
                    self._closing.wait(1.0)
                    continue

    def _read(self) -> list[seams.Change]:
        position = self._positions[self._name]
        read: list[seams.Change] = self._call(lambda: seams.stream_read(self.table, position, self._batch))
        if read and len(read) < self._batch and self._window:
            self._closing.wait(self._window)
            read = self._call(lambda: seams.stream_read(self.table, position, self._batch))
        return read

    def _deliver(self, batch: list[seams.Change], attempt: int) -> None:
        """Bring a batch to its end: done, or given up. The position moves with every part that is behind us."""
        while batch and not self._closing.is_set():
            offered = seams.filtered(batch, self._mapping)
            if not offered:
                self._behind(batch)
                return
            too_old = self._age > 0 and time.time() - self._born(offered[0]) > self._age
            if too_old or (self._attempts >= 0 and attempt > self._attempts):
                self._give_up(offered, "MaxRecordAgeExceeded" if too_old else "RetryAttemptsExhausted", attempt)
                self._behind(batch)
                return
            if attempt:
                self._closing.wait(BACKOFF[min(attempt, len(BACKOFF)) - 1])
            first = self._first_failure(offered)
            if first is None:
                self._behind(batch)
                return
            numbers = [change["dynamodb"]["SequenceNumber"] for change in batch]
            done, rest = batch[: numbers.index(first)], batch[numbers.index(first) :]
            self._behind(done)
            # After progress the attempts are counted anew: the rest is another batch.
            attempt = 1 if done else attempt + 1
            if self._bisect and not done and len(rest) > 1:
                half = len(rest) // 2
                self._deliver(rest[:half], attempt)
                rest = rest[half:]
            batch = rest

    def _first_failure(self, offered: Sequence[Mapping[str, Any]]) -> str | None:
        """The sequence number from which the batch must come again, None when all is done."""
        start = str(offered[0]["dynamodb"]["SequenceNumber"])
        outcome: Outcome = self._functions.call(str(self._mapping["FunctionName"]), {"Records": offered})
        if outcome.failure is not None:
            said = f"{outcome.failure.get('errorType')}: {outcome.failure.get('errorMessage')}"
            log.warning("%s failed on %d changes: %s", self._mapping["FunctionName"], len(offered), said)
            return start
        if not self._partial:
            return None
        numbers = [str(change["dynamodb"]["SequenceNumber"]) for change in offered]
        try:
            failed = failed_items(outcome, numbers)
        except MalformedAnswerError as error:
            log.warning("%s: the whole batch comes again: %s", self._mapping["FunctionName"], error)
            return start
        return min(failed, key=numbers.index) if failed else None

    def _behind(self, done: Sequence[Mapping[str, Any]]) -> None:
        self._positions[self._name] += len(done)

    def _born(self, change: Mapping[str, Any]) -> float:
        return float(change["dynamodb"]["ApproximateCreationDateTime"])

    def _give_up(self, batch: Sequence[Mapping[str, Any]], condition: str, attempts: int) -> None:
        """Tell the on-failure destination where in the stream to find what was given up; the records are not in it."""
        log.error(
            "%s gave up on %d changes of %s: %s", self._mapping["FunctionName"], len(batch), self.table, condition
        )
        destination = self._destination
        if not destination:
            return
        first, last = batch[0], batch[-1]
        text = json.dumps(
            {
                "requestContext": {
                    "requestId": str(uuid.uuid4()),
                    "functionArn": self._functions.find(str(self._mapping["FunctionName"])).arn,
                    "condition": condition,
                    "approximateInvokeCount": attempts,
                },
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                "version": "1.0",
                "timestamp": _iso(time.time()),
                "DDBStreamBatchInfo": {
                    "shardId": SHARD,
                    "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
                    "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
                    "approximateArrivalOfFirstRecord": _iso(self._born(first)),
                    "approximateArrivalOfLastRecord": _iso(self._born(last)),
                    "batchSize": len(batch),
                    "streamArn": self._arn,
                },
            }
        )
        deliver = seams.send if ":sqs:" in destination else _to_topic
        self._call(lambda: deliver(str(destination), text))


def _to_topic(arn: str, text: str) -> None:
    seams.publish(arn, text, "Lambda stream failure")


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
