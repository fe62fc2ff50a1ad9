"""Form: a page out of policy that anybody can use, and answers that are checked one by one."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from itsm.core.errors import MalformedError, TooLargeError
from itsm.runtime.policies import Policies
from itsm.service_desk.policy import Form
from itsm.service_desk.sources import form as forms

from tests.builders import NOON

TOKEN = "t0ken-of-the-page"
GOOD = {
    "token": TOKEN, "website": "", "sender": "Mia@Example.org", "sender_name": "Mia  Ö", "subject": "No  sound",
    "impact": "3", "urgency": "2", "text": "Since\r\nMonday", "service": "workplace",
}  # fmt: skip
CHANGE = {
    "token": TOKEN, "sender": "sam@example.org", "subject": "Move", "type": "normal", "service": "website",
    "impact": "2", "planned_start": "2025-12-01T18:00", "planned_end": "2025-12-01T19:00", "text": "why",
    "backout": "back", "items": "web-1, web-2",
}  # fmt: skip
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def incident(policies: Policies) -> Form:
    return policies.forms.form["incident"]


def wrong(form: Form, given: dict[str, str]) -> forms.WrongAnswersError:
    with pytest.raises(forms.WrongAnswersError) as raised:
        forms.parse("incident", form, given, received_at=NOON)
    return raised.value


class Outline(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def test_answers_become_a_submission(incident: Form) -> None:
    found = forms.parse("incident", incident, GOOD, received_at=NOON)
    assert (found.source, found.key, found.sender, found.sender_name) == (
        "form-incident",
        TOKEN,
        "mia@example.org",
        "Mia Ö",
    )
    assert (found.subject, found.text) == ("No sound", "Since\r\nMonday")
    assert found.fields == {"practice": "incident", "impact": "3", "urgency": "2", "service": "workplace"}


def test_pressing_twice_is_one_ticket(incident: Form) -> None:
    twice = [forms.parse("incident", incident, GOOD, received_at=NOON + n) for n in (0, 5)]
    assert twice[0].record_id == twice[1].record_id
    assert twice[0].digest == twice[1].digest


def test_every_wrong_answer_is_named_at_once(incident: Form) -> None:
    found = wrong(incident, {"token": TOKEN, "sender": "mia at example", "impact": "9", "subject": "x" * 201})
    assert [error.field for error in found.errors] == ["sender", "subject", "impact", "urgency", "text"]
    assert found.field == "sender"


@pytest.mark.parametrize(
    "address", ["mia", "mia@", "@x.org", "a b@x.org", "a@x", "a@x.org,b@x.org", "<a@x.org>", "a@x..org\r\nBcc: b@x.org"]
)
def test_what_is_no_address_is_refused(incident: Form, address: str) -> None:
    assert [error.field for error in wrong(incident, {**GOOD, "sender": address}).errors] == ["sender"]


@pytest.mark.parametrize("token", ["", "short", "with blanks in it", "x" * 65])
def test_a_page_without_its_token_is_refused(incident: Form, token: str) -> None:
    assert [error.field for error in wrong(incident, {**GOOD, "token": token}).errors] == ["token"]


def test_a_robot_that_fills_in_everything_is_trapped(incident: Form) -> None:
    with pytest.raises(forms.TrappedError):
        forms.parse("incident", incident, {**GOOD, "website": "https://spam.example"}, received_at=NOON)


def test_an_instant_is_read_in_the_forms_zone(policies: Policies) -> None:
    change = policies.forms.form["change"]
    utc = forms.parse("change", change, CHANGE, received_at=NOON).fields
    berlin = forms.parse("change", replace(change, zone="Europe/Berlin"), CHANGE, received_at=NOON).fields
    assert int(utc["planned_start"]) - int(berlin["planned_start"]) == 3600


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [("2025-12-01T18:00", "2025-12-01T17:00", "planned_end"), ("soon", "2025-12-01T17:00", "planned_start")],
)
def test_a_window_that_is_none_is_refused(policies: Policies, start: str, end: str, field: str) -> None:
    given = {**CHANGE, "planned_start": start, "planned_end": end}
    assert field in [error.field for error in wrong(policies.forms.form["change"], given).errors]


def test_both_encodings_of_a_post_say_the_same() -> None:
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in GOOD.items()
    )
    multipart = forms.answers(f"{parts}--B--\r\n".encode(), "multipart/form-data; boundary=B")
    assert multipart == forms.answers(urlencode(GOOD).encode(), URLENCODED) == {**GOOD, "text": "Since\nMonday"}


def test_a_body_of_another_kind_or_size_is_refused() -> None:
    with pytest.raises(MalformedError):
        forms.answers(b"{}", "application/json")
    with pytest.raises(MalformedError):
        forms.answers(b"&".join(b"a=%d" % n for n in range(500)), URLENCODED)
    parts = b"".join(b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(500))
    with pytest.raises(MalformedError):
        forms.answers(parts + b"--B--\r\n", "multipart/form-data; boundary=B")
    with pytest.raises(TooLargeError):
        forms.answers(b"a" * (forms.MAX_BYTES + 1), URLENCODED)


@pytest.mark.parametrize("name", ["request", "incident", "change", "laptop"])
def test_every_question_has_a_label_and_nothing_needs_a_script(policies: Policies, name: str) -> None:
    page = forms.page(name, policies.forms.form[name], TOKEN)
    outline = Outline(page)
    labelled = {label.get("for") for label in outline.all("label")}
    asked = [one for one in outline.all("input", "textarea") if one.get("type") not in ("hidden", "radio")]
    assert asked
    assert all(one["id"] in labelled for one in asked)
    assert len(outline.all("fieldset")) == len(outline.all("legend"))
    assert outline.all("html")[0]["lang"] == "en"
    assert outline.all("form")[0]["method"] == "post"
    assert not outline.all("script", "link", "img")
    assert not re.search(r"\son\w+=", page)


def test_a_page_sent_back_says_what_is_wrong_links_to_it_and_keeps_what_was_written(incident: Form) -> None:
    page = forms.page(
        "incident", incident, "a-new-token-here", wrong(incident, {**GOOD, "sender": 'mia"><script>', "urgency": ""})
    )
    assert '<a href="#sender">' in page
    assert '<a href="#urgency">' in page
    assert 'role="alert"' in page
    assert 'aria-describedby="sender-wrong" aria-invalid="true"' in page.replace("sender-hint ", "")
    assert "mia&quot;&gt;&lt;script&gt;" in page
    assert "<script>" not in page
    assert f'value="{TOKEN}"' in page
    assert "a-new-token-here" not in page
    assert 'value="3" checked' in page


def test_the_confirmation_names_number_and_place(incident: Form) -> None:
    page = forms.confirmation(incident, "INC0000051", "https://desk.example.org/tickets/x.y", "mia@example.org")
    assert "INC0000051" in page
    assert 'href="https://desk.example.org/tickets/x.y"' in page
