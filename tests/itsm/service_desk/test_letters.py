"""Letters: the owner's words in the reader's language; no template and no ticket can make them do harm."""

import pytest
from itsm.core.errors import PolicyError
from itsm.runtime.policies import Policies
from itsm.service_desk import outgoing
from itsm.service_desk.filters import Own
from itsm.service_desk.letters import FACTS, Letters, problems, rendered

from tests.builders import an_incident

SENDER = {"secret": b"s", "domain": "desk.example.org", "url": "https://desk.example.org"}
OWN = Own(domain="desk.example.org")


def test_what_is_shipped_is_whole_in_every_language(policies: Policies) -> None:
    assert problems(policies.letters) == []
    assert all(set(texts) == {"en", "de", "fr"} for texts in policies.letters.letter.values())
    assert set(policies.letters.letter) == set(FACTS)


@pytest.mark.parametrize(
    ("language", "words"), [("", "Thank you"), ("en", "Thank you"), ("de", "Danke"), ("fr", "Merci"), ("xx", "Thank")]
)
def test_a_mail_is_written_in_the_tickets_language(policies: Policies, language: str, words: str) -> None:
    sender = outgoing.Sender(**SENDER, own=OWN, letters=policies.letters)  # type: ignore[arg-type]  # three texts and bytes
    message = outgoing.acknowledgement(an_incident(details={"language": language}), sender)
    assert message
    assert message.text.startswith(words)
    assert words in message.html


def test_what_a_requester_wrote_is_data_and_never_a_template(policies: Policies) -> None:
    sender = outgoing.Sender(**SENDER, own=OWN, letters=policies.letters)  # type: ignore[arg-type]  # as above
    message = outgoing.acknowledgement(an_incident(title="{{ 7 * 7 }} <script>{% for %}"), sender)
    assert message
    assert "{{ 7 * 7 }} <script>{% for %}" in message.text
    assert "<script" not in message.html


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ title.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ nothing }}",
        "{% for %}",
        "{% include 'x' %}",
    ],
)
def test_a_template_that_reaches_out_or_is_wrong_is_refused(template: str) -> None:
    with pytest.raises(PolicyError):
        rendered(template, {"title": "t"})


def test_every_fault_of_letters_is_named() -> None:
    bad = Letters(letter={"received": {"de": "{{ text }}"}, "nonesuch": {"en": "x"}, "said": {"en": "{% if %}"}})
    assert {key for key, _ in problems(bad)} == {
        "letter.received",
        "letter.received.de",
        "letter.nonesuch",
        "letter.said.en",
    }
