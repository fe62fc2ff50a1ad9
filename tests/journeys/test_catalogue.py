"""An item of the catalogue, from its form to its closure: the shipped laptop, every door, on virtual time."""

from datetime import UTC, datetime

import pytest
from itsm.core.record import Record
from itsm.service_desk.approval_page import question
from itsm.service_desk.threading import reply_address

from functions.intake_mail.app import handler as intake_mail
from tests.fakes import sqs
from tests.support.estate import Estate
from tests.support.mail import notification, raw, stored

MANAGER, OWNER = "mona@example.org", "wanda.workplace@example.org"
STRONG = {"model": "strong", "manager": MANAGER, "vpn": "yes"}
LIGHT = {"model": "light", "manager": MANAGER, "vpn": "yes"}
SPARE = {"model": "spare", "vpn": "no"}


@pytest.fixture
def estate() -> Estate:
    return Estate()


@pytest.fixture
def light(estate: Estate) -> Record:
    """A light laptop that the manager has approved."""
    record = estate.order("laptop", **LIGHT)
    assert estate.decide(record, MANAGER, "accept") == 200
    return estate.now(record)


def number(estate: Estate, record: Record, task: str) -> str:
    return estate.tasks(record)[task][0]


def test_a_laptop_is_ordered_approved_delivered_handed_over_and_closed(estate: Estate) -> None:
    record = estate.order("laptop", **STRONG)
    assert (record.state, record.details["cost"], estate.tasks(record)) == ("awaiting_approval", 1900, {})
    assert estate.decide(record, MANAGER, "accept") == 200
    assert estate.now(record).state == "awaiting_approval", "above 1500 the owner of the service decides too"
    assert estate.decide(record, OWNER, "accept") == 200
    assert {name: state for name, (_, state) in estate.tasks(record).items()} == {"deliver": "new", "access": "new"}
    assert number(estate, record, "access") in estate.worklist("network")
    assert estate.worklist("workplace")[number(estate, record, "deliver")].startswith("Get the laptop (REQ0000001")
    assert estate.patch(number(estate, record, "deliver"), state="in_progress") == 200
    assert estate.patch(number(estate, record, "deliver"), state="done") == 200
    assert "hand-over" not in estate.tasks(record), "access is not granted yet"
    assert estate.patch(number(estate, record, "access"), state="done") == 200
    assert estate.tasks(record)["hand-over"][1] == "new"
    assert estate.patch(number(estate, record, "hand-over"), state="done") == 200
    assert estate.now(record).state == "fulfilled"
    estate.settle(days=15)
    assert (estate.now(record).state, estate.status(record)) == ("closed", "SUCCEEDED")
    assert estate.letters() == ["ack", "approved", "done"]


def test_an_order_with_three_tasks_one_after_two_costs_eighteen_transitions(estate: Estate, light: Record) -> None:
    for task in ("deliver", "access", "hand-over"):
        estate.patch(number(estate, light, task), state="done")
    estate.settle(days=15)
    assert estate.now(light).state == "closed"
    assert estate.transitions(light) == 18


def test_an_order_says_to_its_approver_and_on_its_page_what_was_chosen(estate: Estate) -> None:
    record = estate.order("laptop", **STRONG, text="I draw.")
    told = "Which one?: Strong, 16 inch (1900 euro)\nYour manager's e-mail address: mona@example.org\n"
    assert estate.ports.records.comments(record.id)[0].text == f"{told}Will you work from elsewhere?: Yes\n\nI draw."
    assert "<dt>Plan</dt>" not in question(estate.now(record), MANAGER, "", estate.ports.policies.languages.of("en"))


def test_what_costs_nothing_needs_nobody_and_leaves_out_what_it_does_not_need(estate: Estate) -> None:
    record = estate.order("laptop", **SPARE)
    assert record.state == "in_progress"
    assert set(estate.tasks(record)) == {"deliver"}
    estate.patch(number(estate, record, "deliver"), state="done")
    assert estate.tasks(record)["hand-over"][1] == "new"
    assert estate.letters() == ["ack"]


def test_a_task_says_what_is_to_be_done_for_whom_and_is_due_in_its_groups_hours(estate: Estate, light: Record) -> None:
    task = estate.ports.records.find(number(estate, light, "access"))
    assert [(clock.metric, clock.due is not None) for clock in task.clocks] == [("resolution", True)]
    assert task.details["parent"] == light.number
    assert "Which one?: Light, 13 inch (900 euro)" in task.event.text
    assert "rita@example.org" in task.event.text


def test_a_refused_order_is_rejected_and_nobody_gets_a_task(estate: Estate) -> None:
    record = estate.order("laptop", **LIGHT)
    estate.decide(record, MANAGER, "refuse")
    assert (estate.now(record).state, estate.tasks(record)) == ("rejected", {})
    assert (estate.status(record), estate.letters()) == ("SUCCEEDED", ["ack", "done"])


def test_an_order_nobody_decides_about_is_rejected_in_time(estate: Estate) -> None:
    record = estate.order("laptop", **LIGHT)
    estate.settle(days=4)
    assert (estate.now(record).state, estate.tasks(record)) == ("rejected", {})


def test_a_cancelled_task_ends_the_order_and_the_tasks_beside_it(estate: Estate, light: Record) -> None:
    estate.patch(number(estate, light, "deliver"), state="cancelled")
    assert estate.now(light).state == "cancelled"
    assert {state for _, state in estate.tasks(light).values()} == {"cancelled"}
    assert (estate.status(light), estate.letters()) == ("SUCCEEDED", ["ack", "approved", "done"])


def test_an_order_cancelled_by_hand_takes_its_tasks_with_it(estate: Estate, light: Record) -> None:
    assert estate.patch(light.number, state="cancelled") == 200
    assert {state for _, state in estate.tasks(light).values()} == {"cancelled"}
    assert estate.status(light) == "SUCCEEDED"


def test_an_order_fulfilled_by_hand_needs_no_more_tasks_and_closes(estate: Estate, light: Record) -> None:
    assert estate.patch(light.number, state="fulfilled") == 200
    assert {state for _, state in estate.tasks(light).values()} == {"cancelled"}
    estate.settle(days=15)
    assert estate.now(light).state == "closed"


def test_an_edit_lets_the_tasks_wait_until_the_order_is_approved_again(estate: Estate, light: Record) -> None:
    assert estate.patch(light.number, details={"quantity": "2"}) == 200
    assert estate.now(light).state == "awaiting_approval"
    assert {state for _, state in estate.tasks(light).values()} == {"on_hold"}
    assert estate.decide(light, MANAGER, "accept") == 200
    assert {state for _, state in estate.tasks(light).values()} == {"in_progress"}


def test_an_edit_that_is_refused_ends_the_tasks(estate: Estate, light: Record) -> None:
    estate.patch(light.number, details={"quantity": "2"})
    estate.decide(light, MANAGER, "refuse")
    assert estate.now(light).state == "rejected"
    assert {state for _, state in estate.tasks(light).values()} == {"cancelled"}


def test_a_dearer_order_than_was_agreed_to_is_not_fulfilled_before_somebody_agrees(estate: Estate) -> None:
    record = estate.order("laptop", **{**SPARE, "manager": MANAGER})
    estate.patch(number(estate, record, "deliver"), state="done")
    estate.patch(record.number, details={"cost": 1200})
    estate.patch(number(estate, record, "hand-over"), state="done")
    assert estate.now(record).state == "awaiting_approval"


def test_a_reopened_order_is_worked_by_people_and_closes_in_the_end(estate: Estate, light: Record) -> None:
    for task in ("deliver", "access", "hand-over"):
        estate.patch(number(estate, light, task), state="done")
    estate.patch(light.number, state="in_progress")
    assert (estate.now(light).state, len(estate.tasks(light))) == ("in_progress", 3)
    estate.patch(light.number, state="fulfilled")
    estate.settle(days=15)
    assert estate.now(light).state == "closed"


def test_an_answer_takes_a_closed_order_up_again_asks_nobody_anew_and_opens_no_task_twice(
    estate: Estate, light: Record
) -> None:
    for task in ("deliver", "access", "hand-over"):
        estate.patch(number(estate, light, task), state="done")
    estate.settle(days=15)
    assert estate.now(light).state == "closed"
    to = reply_address(estate.ports.link_secret, light.id, "desk.example.org")
    stored(estate.ports, "mail/late", raw("It came broken.", to=to, message_id="late@example.org"))
    word = notification("mail/late")
    word["mail"]["timestamp"] = datetime.fromtimestamp(estate.ports.now(), UTC).isoformat()
    assert intake_mail.on(sqs(word), estate.ports) == {"batchItemFailures": []}
    estate.settle()
    again = estate.now(light)
    assert (again.state, again.generation, len(estate.tasks(light))) == ("in_progress", 2, 3)
    estate.patch(light.number, state="fulfilled")
    estate.settle(days=15)
    assert estate.now(light).state == "closed"
    asked = [message for message in estate.ports.mail.sent.values() if message.to == (MANAGER,)]
    assert len(asked) == 1


@pytest.mark.parametrize("step", ["proceed", "complete", "await"])
@pytest.mark.parametrize("fault", ["OutsideError", "after:Sandbox.Timedout"])
def test_a_step_that_fails_twice_makes_each_task_once(estate: Estate, step: str, fault: str) -> None:
    estate.faults[step] = [fault, fault]
    record = estate.order("laptop", **LIGHT)
    estate.decide(record, MANAGER, "accept")
    estate.settle(seconds=300)
    for task in ("deliver", "access", "hand-over"):
        estate.patch(number(estate, record, task), state="done")
        estate.settle(seconds=300)
    made = [one for one in estate.ports.records.stored.values() if one.practice == "task"]
    assert (len(made), estate.now(record).state) == (3, "fulfilled")
    estate.settle(days=20)
    assert estate.now(record).state == "closed"


@pytest.mark.parametrize("step", ["drop", "give_up"])
def test_an_end_that_fails_twice_is_an_end(estate: Estate, light: Record, step: str) -> None:
    estate.faults[step] = ["OutsideError", "after:OutsideError"]
    estate.patch(number(estate, light, "deliver"), state="cancelled")
    estate.settle(seconds=300)
    assert estate.now(light).state == "cancelled"
    assert {state for _, state in estate.tasks(light).values()} == {"cancelled"}


def test_a_fulfilment_that_takes_longer_than_a_process_may_live_goes_on_in_the_next(
    estate: Estate, light: Record
) -> None:
    estate.settle(days=121)
    assert estate.now(light).generation == 2
    for task in ("deliver", "access", "hand-over"):
        estate.patch(number(estate, light, task), state="done")
    assert estate.now(light).state == "fulfilled"


def test_a_manager_outside_the_organisation_is_no_answer(estate: Estate) -> None:
    with pytest.raises(AssertionError, match=r"ends in example\.org"):
        estate.order("laptop", **{**LIGHT, "manager": "a-friend@elsewhere.example"})


def test_who_orders_does_not_approve_and_the_last_resort_is_asked(estate: Estate) -> None:
    record = estate.order("laptop", **{**LIGHT, "manager": "rita@example.org"})
    assert estate.decide(record, "service-desk-lead@example.org", "accept") == 200
    assert estate.now(record).state == "in_progress"
