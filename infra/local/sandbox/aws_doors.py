"""The calls of AWS's endpoint that the sandbox answers itself: Step Functions, invoking a function, sending mail."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from sandbox.cloud import Answer
from sandbox.functions import Functions, PayloadTooLargeError, UnknownFunctionError
from sandbox.outbox import Outbox, RejectedError
from sandbox.states.front import PREFIX
from sandbox.states.front import Front as StatesFront

_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_SEND = "/v2/email/outbound-emails"
type Reader = Callable[[bytes], Answer]


class AwsDoors:
    """Picks out those calls; everything else is ministack's. `changed` is told of every call that may change state."""

    def __init__(
        self,
        functions: Functions,
        states: StatesFront,
        outbox: Outbox,
        ids: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        self._functions, self._states, self._outbox, self._ids = functions, states, outbox, ids
        self._changed = changed

    def intercept(self, method: str, path: str, headers: Mapping[str, str]) -> Reader | None:
        """See cloud.Intercept."""
        if method not in ("GET", "HEAD"):
            self._changed()
        target = headers.get("x-amz-target", "")
        if target.startswith(PREFIX):
            return lambda body: self._process(target, body)
        if method == "POST" and (called := _INVOKE.fullmatch(path)):
            waits = headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
            return lambda body: self._invoke(unquote(called[1]), body, waits)
        if method == "POST" and path == _SEND:
            return self._send
        return None

    def _process(self, target: str, body: bytes) -> Answer:
        status, answer = self._states.handle(target, body)
        headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": self._ids()}
        if status != 200:
            headers["x-amzn-errortype"] = str(answer["__type"])
        return status, headers, json.dumps(answer).encode()

    def _invoke(self, reference: str, body: bytes, waits: bool) -> Answer:
        headers = {"content-type": "application/json", "x-amzn-requestid": self._ids()}
        try:
            if not waits:
                self._functions.spawn(reference, body)
                return 202, headers, b""
            outcome = self._functions.invoke(reference, body or b"{}")
        except UnknownFunctionError as error:
            return 404, headers | {"x-amzn-errortype": "ResourceNotFoundException"}, _error(str(error))
        except PayloadTooLargeError as error:
            return 413, headers | {"x-amzn-errortype": "RequestTooLargeException"}, _error(str(error))
        headers["x-amz-executed-version"] = "$LATEST"
        if outcome.failure is not None:
            return 200, headers | {"x-amz-function-error": "Unhandled"}, json.dumps(outcome.failure).encode()
        return 200, headers, outcome.payload

    def _send(self, body: bytes) -> Answer:
        request = json.loads(body)
        headers = {"content-type": "application/json", "x-amzn-requestid": self._ids()}
        raw = (request.get("Content") or {}).get("Raw") or {}
        destination = request.get("Destination") or {}
        people = [one for kind in ("To", "Cc", "Bcc") for one in destination.get(f"{kind}Addresses") or ()]
        try:
            if not raw:
                raise RejectedError("this sandbox sends Content.Raw only, which is what the product uses")
            number = self._outbox.take(base64.b64decode(raw["Data"]), people)
        except RejectedError as error:
            return 400, headers | {"x-amzn-errortype": "MessageRejected"}, _error(str(error))
        return 200, headers, json.dumps({"MessageId": number}).encode()


def _error(text: str) -> bytes:
    return json.dumps({"Message": text, "message": text}).encode()
