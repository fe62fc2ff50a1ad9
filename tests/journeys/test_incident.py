"""An incident's whole way: mail, acknowledgement, answer, Jira, resolution, closure; nothing echoes."""

from __future__ import annotations

import smtplib

from tests.journeys.conftest import DESK, Journey


def _adf(text: str) -> dict[str, object]:
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def test_a_mail_becomes_a_ticket_and_is_acknowledged_on_its_thread(desk: Journey) -> None:
    desk.mail("VPN drops", Message_ID="<one@example.org>")
    ticket = desk.ticket("VPN drops")
    mail = desk.acknowledged(ticket)
    assert mail.header("Auto-Submitted") == "auto-replied"
    assert mail.header("In-Reply-To") == "<one@example.org>"
    assert "<one@example.org>" in mail.header("References")
    assert mail.header("Reply-To").endswith("@itsm.example.com")
    assert desk.reaches(ticket, group="network")["priority"] == 4
    desk.stands(ticket, "Wait for the resolution")


def test_an_answer_to_the_acknowledgement_is_on_the_ticket_and_in_jira(desk: Journey) -> None:
    desk.mail("Mail is slow", sender="mila@example.org")
    ticket = desk.ticket("Mail is slow")
    mail = desk.acknowledged(ticket, "mila@example.org")
    desk.issue(ticket)
    desk.mail(
        f"Re: {mail.header('Subject')}",
        "Only in the morning.",
        sender="mila@example.org",
        to=mail.header("Reply-To"),
        In_Reply_To=f"<{mail.message_id}>",
    )
    comments = desk.wait(
        lambda: [one for one in desk.tickets.comments(ticket.number) if one["id"] != "opening"], "the answer"
    )
    assert [(one["text"], one["public"], one["by"]) for one in comments] == [
        ("Only in the morning.", True, "mila@example.org")
    ]
    desk.wait(lambda: "Only in the morning." in " ".join(desk.said_in_jira(ticket)), "the answer in Jira")


def test_work_in_jira_moves_the_ticket_its_process_and_its_clocks_and_nothing_echoes(desk: Journey) -> None:
    desk.mail("Printer burns", sender="paul@example.org")
    ticket = desk.ticket("Printer burns")
    desk.stands(ticket, "Wait for the resolution")
    desk.move(ticket, "Start work")
    desk.reaches(ticket, state="in_progress")
    desk.in_jira("POST", f"/issue/{desk.issue(ticket).key}/comment", {"body": _adf("We look at it.")})
    desk.wait(lambda: "We look at it." in str(desk.tickets.comments(ticket.number)), "Ada's comment on the ticket")
    desk.move(ticket, "Resolve", resolution={"name": "Done"})
    facts = desk.reaches(ticket, state="resolved")
    assert {clock["metric"]: clock["state"] for clock in facts["clocks"]}["resolution"] == "stopped"
    desk.stands(ticket, "Wait for the closure")
    told = desk.wait(
        lambda: [one for one in desk.mails(ticket, "paul@example.org") if "is done" in one.text], "the mail"
    )
    assert len(told) == 1
    desk.wait(desk.box.quiet, "quiet")
    assert len([said for said in desk.said_in_jira(ticket) if "We look at it." in said]) == 1
    assert len([one for one in desk.tickets.comments(ticket.number) if "We look at it." in one["text"]]) == 1


def test_work_on_our_side_appears_in_jira(desk: Journey) -> None:
    desk.mail("Payroll is wrong", sender="petra@example.org")
    ticket = desk.ticket("Payroll is wrong")
    desk.stands(ticket, "Wait for the resolution")
    desk.issue(ticket)
    desk.wait(desk.box.quiet, "quiet")
    assert desk.patch(ticket, state="in_progress").status == 200
    desk.wait(lambda: desk.status(ticket) == "In Progress", "the issue in progress")
    assert (
        desk.agent("POST", f"/records/{ticket.number}/comments", {"text": "Ask finance.", "public": False}).status
        == 201
    )
    desk.wait(lambda: "Ask finance." in " ".join(desk.said_in_jira(ticket)), "the note in Jira")


def test_a_resolved_ticket_can_be_closed_and_its_process_ends_and_an_answer_takes_it_up_again(desk: Journey) -> None:
    desk.mail("Keyboard sticks", sender="kim@example.org")
    ticket = desk.ticket("Keyboard sticks")
    mail = desk.acknowledged(ticket, "kim@example.org")
    desk.stands(ticket, "Wait for the resolution")
    for state, standing in (("in_progress", "Wait for the resolution"), ("resolved", "Wait for the closure")):
        assert desk.patch(ticket, state=state).status == 200
        desk.stands(ticket, standing)
    assert desk.patch(ticket, state="closed").status == 200
    desk.stands(ticket, "succeeded")
    desk.mail("It sticks again", sender="kim@example.org", to=mail.header("Reply-To"))
    facts = desk.reaches(ticket, state="in_progress")
    assert {clock["metric"]: clock["state"] for clock in facts["clocks"]}["resolution"] == "running"
    desk.stands(ticket, "Wait for the resolution")


def test_while_jira_takes_nothing_tickets_and_processes_go_on_and_the_issue_follows(desk: Journey) -> None:
    desk.box.jira.faults.add({"kind": "429", "times": 0, "path": "/rest/*", "retry_after": 1})
    desk.mail("No network", sender="nora@example.org")
    ticket = desk.ticket("No network")
    desk.stands(ticket, "Wait for the resolution")
    desk.wait(lambda: any(call.status == 429 for call in desk.box.jira.calls), "a call that Jira refused")
    assert desk.tickets.issue(ticket.id) is None
    desk.wait(desk.box.quiet, "the calls to end")
    desk.box.jira.faults.clear()
    desk.box.hurry("JiraQueue")
    desk.issue(ticket)


def test_the_same_mail_twice_is_one_ticket(desk: Journey) -> None:
    for _ in range(2):
        desk.mail(
            "Once only",
            sender="otto@example.org",
            Message_ID="<twice@example.org>",
            Date="Tue, 24 Nov 2026 16:00:00 +0000",
        )
    ticket = desk.ticket("Once only")
    desk.wait(desk.box.quiet, "quiet")
    titles = [desk.tickets.facts(number)["title"] for number in desk.tickets.numbers().values()]
    assert titles.count("Once only") == 1
    desk.acknowledged(ticket, "otto@example.org")
    assert len(desk.mails(ticket, "otto@example.org")) == 1


def test_a_mail_nobody_can_read_is_held_where_the_desk_sees_it(desk: Journey) -> None:
    with smtplib.SMTP("127.0.0.1", desk.box.smtp.port) as client:
        client.sendmail("", [DESK], b"Subject: no sender at all\r\n\r\nhello\r\n")

    def held() -> list[str]:
        rows = desk.agent("GET", "/worklists/service-desk").json()
        return [row["number"] for row in rows["rows"] if row["number"].startswith("SUB")]

    desk.wait(held, "a held submission in the worklist")
