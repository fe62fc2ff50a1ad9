"""Queues feed functions as SQS and Lambda do: partial failures, dead letters, redelivery in its time."""

from __future__ import annotations

from sandbox.functions import AT_ONCE

from tests.infra.local.conftest import Toy


def test_a_message_is_worked_once_and_gone(toy: Toy) -> None:
    toy.send(name="plain")
    toy.box.wait_for(lambda: toy.seen("work", name="plain"))
    toy.box.wait_for(toy.box.quiet)
    assert len(toy.seen("work", name="plain")) == 1


def _again(toy: Toy, name: str, times: int) -> None:
    """Wait until a message was worked so often, and let its invisibility be over."""
    toy.box.wait_for(lambda: len(toy.seen("work", name=name)) == times)
    toy.box.wait_for(toy.box.quiet)
    toy.box.hurry("WorkQueue")


def test_a_reported_failure_comes_again_alone_and_ends_with_the_dead_letters(toy: Toy) -> None:
    toy.send(name="good", pair=1)
    toy.send(name="bad", pair=1, fail=True)
    _again(toy, "bad", 1)
    _again(toy, "bad", 2)
    dead = toy.box.wait_for(lambda: [one for one in toy.received("DeadQueue") if '"bad"' in one["Body"]])
    assert sorted(note["times"] for note in toy.seen("work", name="bad")) == [1, 2]
    assert len(toy.seen("work", name="good")) == 1
    assert "WorkQueue" in dead[0]["Attributes"]["DeadLetterQueueSourceArn"]


def test_a_failed_call_returns_its_whole_batch(toy: Toy) -> None:
    toy.send(name="explodes", boom=True)
    _again(toy, "explodes", 1)
    _again(toy, "explodes", 2)
    toy.box.wait_for(lambda: [one for one in toy.received("DeadQueue") if "explodes" in one["Body"]])


def test_an_answer_that_names_no_message_returns_the_whole_batch(toy: Toy) -> None:
    toy.send(name="confused", confused=True)
    _again(toy, "confused", 1)
    _again(toy, "confused", 2)


def test_a_failed_message_stays_invisible_until_its_time_is_over(toy: Toy) -> None:
    toy.send(name="patient", fail=True)
    toy.box.wait_for(lambda: toy.seen("work", name="patient"))
    toy.box.wait_for(toy.box.quiet)
    assert not [one for one in toy.received("WorkQueue") if "patient" in one["Body"]]
    assert len(toy.seen("work", name="patient")) == 1


def test_a_fact_on_the_bus_reaches_the_queue_its_rule_names(toy: Toy) -> None:
    events = toy.box.client("events")
    for detail in ('{"wanted": 1, "name": "fact"}', '{"name": "unwanted"}'):
        entry = {"Source": "toy", "DetailType": "Told", "Detail": detail, "EventBusName": toy.box.outputs["BusName"]}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    toy.box.wait_for(lambda: toy.seen("work", name="fact"))
    assert toy.seen("work", name="unwanted") == []


def test_a_caller_may_not_speak_for_aws_on_the_bus(toy: Toy) -> None:
    entry = {"Source": "aws.cloudwatch", "DetailType": "Alarm", "Detail": "{}"}
    answer = toy.box.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_notification_reaches_its_queue_raw(toy: Toy) -> None:
    toy.box.client("sns").publish(TopicArn=toy.box.outputs["TopicArn"], Message='{"raw": true}')
    assert toy.box.wait_for(lambda: toy.received("MailQueue"))[0]["Body"] == '{"raw": true}'


def test_a_schedule_calls_its_function(toy: Toy) -> None:
    (schedule,) = (one for one in toy.box.schedules.all() if "Shares" not in one.name)
    before = len(toy.seen("tick"))
    toy.box.schedules.fire(schedule.name)
    toy.box.wait_for(lambda: len(toy.seen("tick", source="aws.events")) > before)


def test_shares_of_a_schedule_have_their_own_input_and_wait_their_turn(toy: Toy) -> None:
    (schedule,) = (one for one in toy.box.schedules.all() if "Shares" in one.name)
    toy.box.schedules.fire(schedule.name)
    toy.box.wait_for(lambda: all(toy.seen("tick", source=share) for share in "abcde"))
    assert len({seen["pid"] for share in "abcde" for seen in toy.seen("tick", source=share)}) <= AT_ONCE
