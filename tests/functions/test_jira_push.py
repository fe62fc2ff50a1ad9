"""Jira push: what was told of is brought together with its issue, and what Jira answered stays out of the log."""

import pytest
from itsm.core.errors import InvalidInputError, ItsmError
from itsm.runtime import timers

from functions.jira_push.app import handler
from tests.builders import an_incident
from tests.fakes import FakePorts, sqs
from tests.itsm.jira.fake_jira import FakeJira, Fault

ADDRESS = "rita@example.org"


def quoting(method: str) -> ItsmError:
    """A refusal that quotes what it was sent, as Jira's do."""
    return InvalidInputError(method, f"the user {ADDRESS} cannot be assigned")


def test_what_jira_quotes_is_kept_on_the_link_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    ports = FakePorts()
    jira = FakeJira(now=ports.now)
    jira.faults.append(Fault(method="create", error=quoting))
    ports.issues = jira
    record = ports.records.create(an_incident()).record
    handler.on(sqs({"record": record.id}), ports)
    link = ports.records.link(record.id)
    assert link is not None
    assert ADDRESS in link.reason
    (line,) = [line for line in caplog.records if line.getMessage() == "link reconciled"]
    assert {"record", "outcome", "writes"} <= set(vars(line))
    assert not [line for line in caplog.records if ADDRESS in f"{vars(line)} {caplog.handler.format(line)}"]


def test_a_level_that_marks_the_issue_does_so_when_it_fires_and_once() -> None:
    """The policy as it comes: 100 % of a target marks the issue, 75 % tells the group only."""
    ports = FakePorts()
    jira = FakeJira(now=ports.now)
    ports.issues = jira
    record = ports.records.create(an_incident(priority=1, at=ports.time)).record
    timers.start(record.id, ports)

    def labels() -> set[str]:
        handler.on(sqs({"record": record.id}), ports)
        return {label for label in jira.only().labels if not label.startswith("itsm-")}

    assert labels() == set()
    for _ in range(2):
        due = ports.records.get(record.id).next_timer
        assert due is not None
        ports.time = due
        timers.fire(record.id, ports)
        early = labels()
        if "sla-breached" in early:
            break
        assert early == set()
    assert labels() == {"sla-breached", "sla-response-100"}
    edits = jira.writes["edit"]
    timers.fire(record.id, ports)
    assert labels() == {"sla-breached", "sla-response-100"}
    assert jira.writes["edit"] == edits
