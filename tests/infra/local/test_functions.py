"""Functions run as on Lambda: AWS's runtime client, a clean environment, real errors, limits kept."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox.functions import PAYLOAD_LIMIT

from tests.infra.local.conftest import TOY, Toy

STEP = "itsm-Step"


def test_a_result_comes_back_with_the_context_lambda_gives(toy: Toy) -> None:
    value = toy.box.functions.call(STEP, {}).value()
    assert value["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:itsm-Step"
    assert 0 < value["left"] <= 2000


def test_an_error_keeps_its_class_its_message_and_its_trace(toy: Toy) -> None:
    failure = toy.box.functions.call(STEP, {"boom": True}).failure
    assert failure is not None
    assert (failure["errorType"], failure["errorMessage"]) == ("BoomError", "asked for")
    assert "in step" in failure["stackTrace"][0]


def test_a_function_that_cannot_be_imported_says_so(toy: Toy) -> None:
    failure = toy.box.functions.call("itsm-Broken", {}).failure
    assert failure is not None
    assert failure["errorType"] == "Runtime.ImportModuleError"
    assert "nowhere" in failure["errorMessage"]


def test_a_worker_that_dies_fails_its_call_and_the_next_one_gets_another(toy: Toy) -> None:
    failure = toy.box.functions.call(STEP, {"exit": True}).failure
    assert failure is not None
    assert failure["errorType"] == "Runtime.ExitError"
    assert failure["errorMessage"].endswith("exit status 3")
    assert toy.box.functions.call(STEP, {}).failure is None


def test_a_function_over_its_time_is_ended(toy: Toy) -> None:
    failure = toy.box.functions.call(STEP, {"sleep": 30}).failure
    assert failure is not None
    assert failure["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 2.00 seconds" in failure["errorMessage"]


def test_a_worker_sees_its_templates_environment_and_nothing_of_ours(toy: Toy) -> None:
    look = toy.box.functions.call(STEP, {"look": True}).value()
    environment = look["environment"]
    assert environment["SEEN_TABLE"] == toy.box.outputs["SeenTable"]
    assert environment["AWS_ENDPOINT_URL"] == toy.box.cloud.url
    assert "HOME" in os.environ
    assert "HOME" not in environment
    assert look["folder"] == str(TOY / "functions/toy")


def test_a_worker_imports_from_its_folder_and_layers_only(toy: Toy) -> None:
    path = toy.box.functions.call(STEP, {"look": True}).value()["path"]
    assert path[:2] == [str(TOY / "functions/toy"), str(TOY / "layers/shared")]
    assert not [folder for folder in path if folder.endswith("infra/local")]


def test_requests_and_responses_over_six_megabytes_are_refused(toy: Toy) -> None:
    client = toy.box.client("lambda")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName=STEP, Payload=json.dumps({"pad": "x" * PAYLOAD_LIMIT}))
    failure = toy.box.functions.call(STEP, {"large": PAYLOAD_LIMIT + 10}).failure
    assert failure is not None
    assert failure["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_large_response_passes_whole(toy: Toy) -> None:
    assert len(toy.box.functions.call(STEP, {"large": 5_000_000}).value()) == 5_000_000


def test_calls_at_once_have_workers_of_their_own(toy: Toy) -> None:
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(toy.box.functions.call, STEP, {"sleep": 0.3, "look": True}) for _ in range(3)]
        assert len({call.result().value()["pid"] for call in calls}) == 3


def test_a_warm_call_takes_the_worker_that_is_there(toy: Toy) -> None:
    pids = {toy.box.functions.call(STEP, {"look": True}).value()["pid"] for _ in range(5)}
    assert len(pids) == 1


def test_an_idle_worker_that_was_killed_is_replaced(toy: Toy) -> None:
    pid = toy.box.functions.call(STEP, {"look": True}).value()["pid"]
    os.kill(pid, signal.SIGKILL)
    outcomes = [toy.box.functions.call(STEP, {"look": True}) for _ in range(3)]
    # The call may have reached it before its death was known; that one fails as on Lambda, the others do not.
    assert [outcome.failure for outcome in outcomes[1:]] == [None, None]


def test_boto3_invokes_and_reads_the_error_as_from_lambda(toy: Toy) -> None:
    client = toy.box.client("lambda")
    answer = client.invoke(FunctionName=STEP, Payload=b'{"boom": true}')
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "BoomError"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="nobody")


def test_an_asynchronous_call_is_accepted_at_once(toy: Toy) -> None:
    client = toy.box.client("lambda")
    assert client.invoke(FunctionName=STEP, InvocationType="Event", Payload=b"{}")["StatusCode"] == 202


def test_what_a_function_prints_is_in_its_log(toy: Toy) -> None:
    toy.box.functions.call(STEP, {"boom": True})
    assert "BoomError" in toy.box.functions.log_of(STEP).read_text()


def test_reloading_gives_the_next_call_a_fresh_worker(toy: Toy) -> None:
    before = toy.box.functions.call(STEP, {"look": True}).value()["pid"]
    toy.box.functions.reload()
    assert toy.box.functions.call(STEP, {"look": True}).value()["pid"] != before
