"""Samples: what `make run` feeds in is read as its manifest says, before any sandbox is up."""

import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from itsm.core.lifecycle import Lifecycle
from itsm.core.ports import Message
from itsm.core.record import Record
from itsm.runtime.policies import Policies
from itsm.service_desk import outgoing
from itsm.service_desk.filters import Own
from itsm.service_desk.opening import Defaults, opening
from itsm.service_desk.routing import choose_group
from itsm.service_desk.sources import alarm, email, form, webhook
from itsm.service_desk.submission import Submission
from itsm.service_desk.threading import REPLY_ADDRESS, candidates

from tests.builders import NOON

HERE = Path(__file__).resolve().parents[2] / "samples"
SAMPLES: dict[str, dict[str, Any]] = {
    one["name"]: one for one in tomllib.loads((HERE / "samples.toml").read_text(encoding="utf-8"))["sample"]
}
MARK = re.compile(rb"\{\{([a-z_.0-9]+)(?: (-?\d+))?\}\}")
DOMAIN, SECRET = "desk.example.org", b"secret"


def filled(name: str, own: Own, policies: Policies) -> bytes:
    """The sample's bytes as the sandbox fills them in."""
    start = datetime.fromtimestamp(NOON, UTC)
    ack: Message | None = None
    if SAMPLES[name].get("after") and SAMPLES[name]["send"] == "mail":
        sender = outgoing.Sender(secret=SECRET, domain=DOMAIN, url="https://desk.example.org", own=own)
        ack = outgoing.acknowledgement(record(SAMPLES[name]["after"], own, policies), sender)
    facts = {"run": "abc123", "domain": DOMAIN, "desk": f"support@{DOMAIN}", "number": "INC0000001"}
    if ack:
        facts |= {"ack.message_id": ack.id, "ack.reply_to": ack.reply_to, "ack.subject": ack.subject}

    def fill(match: re.Match[bytes]) -> bytes:
        at = start + timedelta(seconds=int(match[2] or 0))
        times = {
            "rfc5322": format_datetime(at),
            "iso": at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "local": at.strftime("%Y-%m-%dT%H%%3A%M"),
        }
        return {**facts, **times}[match[1].decode()].encode()

    return MARK.sub(fill, (HERE / SAMPLES[name]["file"]).read_bytes())


def read(name: str, own: Own, policies: Policies) -> Submission:
    sample, raw = SAMPLES[name], filled(name, own, policies)
    found: Submission | None
    if sample["send"] == "mail":
        return email.parse(raw, received_at=NOON, own=own)
    if sample["send"] == "form":
        given = form.answers(raw, sample["content_type"])
        return form.parse(sample["form"], policies.forms.form[sample["form"]], given, received_at=NOON)
    if sample["send"] == "webhook":
        found = webhook.parse(
            sample["source"],
            raw,
            {"webhook-id": f"abc123-{name}"},
            policies.sources.webhook[sample["source"]],
            received_at=NOON,
        )
    else:
        found = alarm.parse(json.loads(raw), policies.sources.alarm, received_at=NOON)
    assert found is not None
    return found


def record(name: str, own: Own, policies: Policies) -> Record:
    submission = read(name, own, policies)
    life = Lifecycle(initial="new", moves={"new": frozenset()})
    return opening(
        submission, defaults=Defaults(), own=own, priority=lambda i, u, s: 3, lifecycle=lambda practice: life
    ).record


TICKETS = [name for name, one in SAMPLES.items() if one["expect"]["outcome"] == "ticket"]


@pytest.mark.parametrize("name", TICKETS)
def test_a_sample_opens_the_ticket_its_manifest_says(name: str, own: Own, policies: Policies) -> None:
    expect, found = SAMPLES[name]["expect"], record(name, own, policies)
    assert found.practice == expect["practice"]
    assert choose_group(found, policies.routing) == expect.get("group", choose_group(found, policies.routing))


def test_the_html_sample_is_read_in_its_charset_with_its_file(own: Own, policies: Policies) -> None:
    mail = read("html-mail", own, policies)
    assert mail.subject == "Drukarka drukuje żółte paski"
    assert mail.sender_name == "Zofia Wiśniewska"
    assert "żółte paski" in mail.text
    assert "żółte paski" in mail.html
    assert "tracker" not in mail.html
    assert [(one.name, one.type, one.content[:4]) for one in mail.attachments] == [
        ("zdjęcie.png", "image/png", b"\x89PNG")
    ]


def test_the_reply_sample_points_at_the_first_ticket_and_quotes_nothing(own: Own, policies: Policies) -> None:
    mail = read("reply", own, policies)
    assert mail.reply == "One more thing: it only happens with the new laptop, the old one is fine."
    first = candidates(mail, (SECRET,), DOMAIN)[0]
    assert (first.how, first.record) == (REPLY_ADDRESS, record("plain-mail", own, policies).id)


def test_the_out_of_office_sample_is_a_machines(own: Own, policies: Policies) -> None:
    assert read("out-of-office", own, policies).auto.kind == "auto-reply"
    assert not read("plain-mail", own, policies).auto.automatic


def test_the_recovery_sample_finds_the_alarms_ticket(own: Own, policies: Policies) -> None:
    recovery = read("recovery", own, policies)
    assert recovery.recovered
    assert recovery.record_id == record("alarm", own, policies).id


def test_the_change_samples_carry_what_a_change_needs(own: Own, policies: Policies) -> None:
    normal, standard = record("normal-change", own, policies).details, record("standard-change", own, policies).details
    assert (normal["type"], standard["type"], standard["template"]) == ("normal", "standard", "restart-website")
    assert normal["planned_start"] == NOON + 86_400
    assert normal["items"] == ["web-1", "web-2", "lb-1"]
    assert normal["backout"]
    assert standard["backout"]
