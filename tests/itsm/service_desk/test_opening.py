"""Opening: a submission becomes one record, the same one every time, small enough for its item."""

from typing import Any

import pytest
from itsm.core.lifecycle import Lifecycle
from itsm.core.practice import load
from itsm.core.record import derived_id
from itsm.service_desk import quarantine
from itsm.service_desk.filters import Own
from itsm.service_desk.opening import Defaults, Opening, entry, hold, known_of, opening, title
from itsm.service_desk.policy import Organisation, People
from itsm.service_desk.submission import FAILED, Classification, Submission, attachment

from tests.builders import an_incident
from tests.itsm.service_desk.mails import a_submission

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))


def opened(submission: Submission, **overrides: Any) -> Opening:
    given: dict[str, Any] = {
        "defaults": Defaults(impact=3, urgency=2, service="email"),
        "own": OWN,
        "priority": lambda impact, urgency, service: impact + urgency - 1,
        "lifecycle": lambda practice: Lifecycle(initial="new", moves={"new": frozenset()}),
    }
    return opening(submission, **(given | overrides))


def test_a_mail_opens_an_incident_of_its_sender_with_the_service_desk() -> None:
    record = opened(a_submission()).record
    assert record.id == derived_id("mail", "first@mail.example.org")
    assert (record.practice, record.state, record.group, record.event.type) == (
        "incident",
        "new",
        "service-desk",
        "IncidentOpened",
    )
    assert (record.requester, record.requester_name, record.title) == (
        "rita@example.org",
        "Rita Requester",
        "The mail server is slow",
    )
    assert (record.impact, record.urgency, record.priority, record.service) == (3, 2, 4, "email")
    assert record.event.text == "It is slow."
    assert record.details["message_id"] == "first@mail.example.org"


def test_the_same_submission_opens_the_same_record() -> None:
    assert opened(a_submission()) == opened(a_submission())


def test_what_the_submission_says_comes_before_the_defaults() -> None:
    fields = {"practice": "request", "impact": "1", "urgency": "1", "service": "payroll", "template": "x"}
    record = opened(a_submission(fields=fields)).record
    assert (record.practice, record.event.type, record.impact, record.service) == (
        "request",
        "RequestOpened",
        1,
        "payroll",
    )
    assert record.details["template"] == "x"
    assert "impact" not in record.details


def test_a_changes_window_and_items_are_kept_as_numbers_and_names() -> None:
    fields = {"practice": "change", "planned_start": "1764000000", "planned_end": "1764003600", "items": "web-1, web-2"}
    details = opened(a_submission(fields=fields)).record.details
    assert (details["planned_start"], details["planned_end"], details["items"]) == (
        1_764_000_000,
        1_764_003_600,
        ["web-1", "web-2"],
    )


def test_a_short_text_travels_in_the_record_and_a_long_one_beside_it() -> None:
    assert opened(a_submission(text="ż" * 450)).blobs == ()
    long = opened(a_submission(text="ż" * 451))
    assert long.record.event.text == "ż" * 350 + " …"
    assert [(blob.key, blob.body.decode()) for blob in long.blobs] == [(f"text/{long.record.id}/1", "ż" * 451)]
    assert long.record.details["text"] == f"text/{long.record.id}/1"


def test_files_are_stored_by_their_content_and_listed() -> None:
    found = opened(a_submission(attachments=(attachment("a|b.png", "image/png", b"xx"),)))
    assert [blob.body for blob in found.blobs] == [b"xx"]
    assert found.record.details["attachments"] == [f"{found.blobs[0].key}|a_b.png|image/png|2"]


def test_who_was_written_to_beside_us_takes_part_up_to_a_limit() -> None:
    to = (
        "support@desk.example.org",
        "reply+x.y@desk.example.org",
        "lin@example.org",
        "no-reply@example.org",
        *(f"p{n}@example.org" for n in range(90)),
    )
    people = opened(a_submission(recipients=to)).record.participants
    assert people[:3] == ("rita@example.org", "lin@example.org", "p0@example.org")
    assert len(people) == 40


def test_people_beyond_the_limit_take_no_part_and_the_ticket_says_how_many() -> None:
    crowd = tuple(f"p{number}@example.org" for number in range(50))
    record = opened(a_submission(recipients=crowd)).record
    assert (len(record.participants), record.details["people_left_out"]) == (40, 11)
    assert "people_left_out" not in opened(a_submission(recipients=crowd[:3])).record.details


@pytest.mark.parametrize(
    ("subject", "shown"), [("", "(no subject)"), (" a\r\n b\t", "a b"), ("x" * 201, "x" * 199 + "…")]
)
def test_a_title_is_one_line_of_at_most_200_characters(subject: str, shown: str) -> None:
    assert title(subject) == shown


def test_a_reply_becomes_an_entry_without_its_quotes_seen_by_the_requester() -> None:
    record = an_incident()
    said = entry(a_submission(text="Yes.\n\n> sure?", reply="Yes."), record).comment
    assert (said.text, said.public, said.by, said.record, said.origin) == (
        "Yes.",
        True,
        "rita@example.org",
        record.id,
        "mail",
    )
    assert said.id == entry(a_submission(text="Yes.\n\n> sure?", reply="Yes."), record).comment.id


def test_a_machines_words_are_an_entry_only_agents_see() -> None:
    bounce = a_submission(sender="", auto=Classification(kind="bounce"))
    said = entry(bounce, an_incident(), note="A mail could not be delivered").comment
    assert (said.public, said.by) == (False, "system")
    assert said.text.startswith("A mail could not be delivered\n\n")
    assert not entry(a_submission(kind="webhook"), an_incident()).comment.public


def test_a_long_entry_is_kept_whole_beside_the_journal() -> None:
    said = entry(a_submission(reply="x" * 7_000), an_incident())
    assert len(said.comment.text) < 6_100
    assert len(said.blobs[0].body) == 7_000


def test_a_held_submission_waits_in_the_desks_worklist_with_reason_and_raw_mail() -> None:
    held = hold(a_submission(raw="mail/1"), "loop", related="INC0000007")
    assert (held.practice, held.state, held.group, held.title) == (
        "submission",
        "held",
        "service-desk",
        "The mail server is slow",
    )
    assert (held.details["reason"], held.details["raw"], held.details["related"]) == ("loop", "mail/1", "INC0000007")
    assert held.id == hold(a_submission(raw="mail/1"), "another reason").id != a_submission().record_id


def test_a_held_submission_is_released_or_discarded_and_either_can_be_taken_back() -> None:
    life = load("submission").lifecycle
    assert load("submission") is quarantine.PRACTICE
    assert life.moves["held"] == life.moves["suppressed"] == {"released", "discarded"}
    assert life.by_hand("released") == life.by_hand("discarded") == {"held"}
    assert life.moves["released"] == {"held", "suppressed"}  # the second by a window that was prolonged alone


def test_policy_knows_the_organisation_language_and_importance_of_a_sender() -> None:
    people = People(
        organisations={"example.org": Organisation(title="Example", language="de")}, vip=("rita@example.org",)
    )
    mail = a_submission()
    known = known_of(mail, people)
    assert known.fields == {"vip": "yes", "organisation": "Example", "language": "de"}
    assert known_of(a_submission(fields={"language": "fr"}), people).fields["language"] == "fr"
    assert known_of(a_submission(sender="eve@elsewhere.net"), people).fields == {}
    forged = known_of(a_submission(trust=FAILED), people)
    assert forged.fields == {"language": "de"}, "what fails DMARC gains nothing by the name it gives"
