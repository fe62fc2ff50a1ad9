"""Logs: no word a person wrote, and no address of theirs, is in any log line of intake, whatever happens."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from itsm.runtime.door import logger

from functions.intake.app import handler as front
from functions.intake_alarms.app import handler as alarms
from functions.intake_mail.app import handler as mails
from functions.notifications.app import handler as notifications
from tests.fakes import FakePorts, sqs
from tests.support.http import event
from tests.support.mail import notification, raw, stored

SECRETS = ("geheimes Passwort", "rita@example.org", "Rita Requester", "vertraulich", "cid-9-secret")


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """All that intake logs, at the finest level."""
    written = StringIO()
    ours = logging.StreamHandler(written)
    root, own = logging.getLogger(), logger()
    root.addHandler(ours)
    handlers = own.registered_handler
    before, own_level = handlers.setStream(written), own.log_level  # type: ignore[attr-defined]  # it is a stream's
    root_level = root.level
    root.setLevel(logging.DEBUG)
    own.setLevel("DEBUG")
    yield written
    handlers.setStream(before)  # type: ignore[attr-defined]  # as above
    own.setLevel(own_level)
    root.removeHandler(ours)
    root.setLevel(root_level)


def test_no_line_holds_what_a_person_wrote(lines: StringIO) -> None:
    ports = FakePorts()
    said = "Mein geheimes Passwort ist vertraulich, cid-9-secret."
    bodies = [
        raw(said, subject="vertraulich"),
        raw(said, sender="", subject="vertraulich"),
        raw(said, headers={"Auto-Submitted": "auto-replied"}),
        raw(said, headers={"Content-Type": 'multipart/mixed; boundary="vertraulich"'}),
        b"vertraulich rita@example.org no mail at all",
        b"",
    ]
    for number, body in enumerate(bodies):
        stored(ports, f"mail/{number}", body)
        mails.on(sqs(notification(f"mail/{number}")), ports)
    mails.on(sqs(notification("mail/none")), ports)
    for ticket in list(ports.records.stored.values()):
        fact = {
            "type": "Opened",
            "record": ticket.id,
            "version": 1,
            "comment": "",
            "changed": [],
            "state": ticket.state,
        }
        notifications.on(sqs({"detail": fact}), ports)
    form = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"subject=vertraulich&sender=rita@example.org&token=aaaaaaaa", b"sender=vertraulich", b"\xff" * 50):
        front.on(event("POST /forms/{name}", params={"name": "request"}, body=body, headers=form), ports)
    for source in ("monitoring", "mailgun", "nosuch"):
        hook = json.dumps({"title": "vertraulich", "text": said}).encode()
        front.on(event("POST /intake/{source}", params={"source": source}, body=hook, headers={}), ports)
    alarms.on(sqs({"detail": {"alarmName": "vertraulich"}}), ports)
    written = lines.getvalue()
    assert written.count("\n") > 10
    assert not [secret for secret in SECRETS if secret in written]
