"""Letters: the owner's words in the reader's language; no template and no ticket can make them do harm."""

from dataclasses import replace
from pathlib import Path

import pytest
from itsm.core.errors import PolicyError
from itsm.runtime.policies import Policies
from itsm.service_desk import letter_checks, outgoing, templates
from itsm.service_desk.letters import Letter, Letters
from itsm.service_desk.policy import Organisation, People

from tests.builders import a_comment, an_incident
from tests.support.letters import sender

RITA, LIN = "rita@example.org", "lin@elsewhere.example"


@pytest.mark.parametrize(
    ("language", "words"), [("", "Thank you"), ("en", "Thank you"), ("de", "Danke"), ("fr", "Merci"), ("xx", "Thank")]
)
def test_a_mail_is_written_in_the_tickets_language(policies: Policies, language: str, words: str) -> None:
    message = outgoing.acknowledgement(an_incident(details={"language": language}), sender(policies))
    assert message
    assert message.text.startswith(words)
    assert words in message.html


GERMANS = {"example.org": Organisation(title="E", language="de")}


@pytest.mark.parametrize(
    ("people", "ticket", "read"),
    [
        (People(languages={RITA: "fr"}, organisations=GERMANS), "de", "fr"),
        (People(organisations=GERMANS), "fr", "fr"),
        (People(organisations=GERMANS), "", "de"),
        (People(languages={RITA: "xx"}), "fr", "fr"),
        (People(), "", "en"),
    ],
)
def test_who_asked_reads_their_own_language_that_of_their_form_or_of_their_organisation(
    policies: Policies, people: People, ticket: str, read: str
) -> None:
    desk = replace(sender(policies), people=people)
    message = outgoing.acknowledgement(an_incident(details={"language": ticket}), desk)
    assert message
    assert message.headers
    assert message.headers["Content-Language"] == read


def test_others_read_their_organisations_language_before_the_tickets(policies: Policies) -> None:
    desk = replace(sender(policies), people=People(organisations=GERMANS))
    ticket = an_incident(requester="luc@elsewhere.example", details={"language": "fr"})
    asked = [outgoing.approval_request(ticket, one, "https://x/1", desk) for one in ("ada@example.org", LIN)]
    assert [one.headers["Content-Language"] for one in asked if one and one.headers] == ["de", "fr"]


def test_readers_of_two_languages_get_a_mail_each_and_both_once(policies: Policies) -> None:
    ticket = an_incident(participants=(RITA, LIN))
    desk = replace(sender(policies), people=People(languages={LIN: "de"}))
    first, second = outgoing.public_comment(ticket, a_comment(ticket), desk)
    assert (first.to, second.to) == ((RITA,), (LIN,))
    assert "wrote about" in first.text
    assert "schrieb zu" in second.text
    assert first.effect != second.effect
    assert first.id != second.id
    assert outgoing.public_comment(ticket, a_comment(ticket), desk) == (first, second)


def test_what_a_requester_wrote_is_data_and_never_a_template(policies: Policies) -> None:
    message = outgoing.acknowledgement(an_incident(title="{{ 7 * 7 }} <script>{% for %}"), sender(policies))
    assert message
    assert "{{ 7 * 7 }} <script>{% for %}" in message.text
    assert "<script" not in message.html


REACHING = (
    "{{ ''.__class__.__mro__ }}",
    "{{ title.__init__.__globals__ }}",
    "{{ title.format(title) }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ title | attr('upper') }}",
    "{{ title | safe }}",
    "{% autoescape false %}{{ title }}{% endautoescape %}",
    "{% include 'x' %}",
    "{% for one in range(99) %}{% endfor %}",
    "{{ title * 99 }}",
    "{{ '%999s' % title }}",
    "{{ 9 ** 9 }}",
    "{{ nothing }}",
    "{% for %}",
    "{{ title",
)


@pytest.mark.parametrize("template", REACHING)
@pytest.mark.parametrize("as_html", [False, True])
def test_a_template_that_reaches_out_or_is_wrong_is_refused(template: str, *, as_html: bool) -> None:
    with pytest.raises(PolicyError):
        (templates.html if as_html else templates.text)(template, {"title": "t"})
    assert templates.problems(template, {"title": "t"}, as_html=as_html)


def test_a_variable_nobody_knows_is_found_also_where_no_trial_comes_by() -> None:
    (found,) = templates.problems("{% if title == 'never' %}{{ strange }}{% endif %}", {"title": "t"}, as_html=False)
    assert "'strange'" in found


def own(**parts: str) -> Letters:
    """Letters whose owner has replaced the English acknowledgement."""
    return Letters(letter={"received": {"en": Letter(**{"text": "x", **parts})}})


@pytest.mark.parametrize(
    ("letters", "key"),
    [
        (own(text="{{ author }}"), "letter.received.en.text"),
        (own(html="<p>{{ name }}"), "letter.received.en.html"),
        (own(html="<script>x</script>"), "letter.received.en.html"),
        (own(html='<p onclick="x">x</p>'), "letter.received.en.html"),
        (own(subject="Hello"), "letter.received.en.subject"),
        (own(text=" "), "letter.received.en.text"),
        (Letters(letter={"nonesuch": {"en": Letter(text="x")}}), "letter.nonesuch"),
        (Letters(letter={"done": {"English": Letter(text="x")}}), "letter.done.English"),
        (Letters(letter={"decide": {"en": Letter(text="Decide on it!")}}), "letter.decide.en.text"),
        (Letters(language="xx"), "language"),
    ],
)
def test_every_fault_of_letters_is_named(policies: Policies, letters: Letters, key: str) -> None:
    found = [at for at, _ in letter_checks.problems(replace(letters, shipped=policies.shipped_letters))]
    assert found == [key]


def test_one_letter_is_replaced_by_a_block_of_its_own_and_the_others_stay(policies: Policies) -> None:
    changed = Letters(letter={"received": {"en": Letter(text="Hello <{{ name }}>!\n\n{{ link }}")}})
    desk = replace(sender(policies), letters=replace(changed, shipped=policies.shipped_letters))
    ticket = an_incident()
    message = outgoing.acknowledgement(ticket, desk)
    assert message
    assert message.text.startswith("Hello <Rita Requester>!")
    assert "<p>Hello &lt;Rita Requester&gt;!</p>" in message.html
    assert f'<a href="{desk.ticket_link(ticket)}">' in message.html
    (comment,) = outgoing.public_comment(ticket, a_comment(ticket), desk)
    assert "wrote about" in comment.text


def test_a_language_can_be_added_for_one_letter_alone(policies: Policies) -> None:
    added = Letters(letter={"received": {"es": Letter(text="Gracias, {{ number }}")}}, shipped=policies.shipped_letters)
    desk = replace(sender(policies), letters=added)
    message = outgoing.acknowledgement(an_incident(details={"language": "es"}), desk)
    assert message
    assert message.text.startswith("Gracias")


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% if %}", "{{ name.upper() }}"])
def test_a_letter_that_fails_is_replaced_by_the_shipped_one_and_the_desk_hears_of_it(
    policies: Policies, text: str
) -> None:
    heard: list[str] = []
    letters = replace(own(text=text), shipped=policies.shipped_letters)
    desk = replace(sender(policies), letters=letters, fallen=heard.append)
    message = outgoing.acknowledgement(an_incident(), desk)
    assert message
    assert message.text.startswith("Thank you")
    assert heard == ["letter.received.en"]


def test_a_mail_goes_out_even_where_every_template_fails() -> None:
    heard: list[str] = []
    desk = replace(sender(None), letters=own(text="{{ nothing }}"), fallen=heard.append)
    ticket = replace(an_incident(title="<b>"), number="INC0000007")
    message = outgoing.acknowledgement(ticket, desk)
    assert message
    assert desk.ticket_link(ticket) in message.text
    assert (message.subject, "&lt;b&gt;" in message.html, heard) == ("[INC0000007] <b>", True, ["letter.received.en"])


def test_who_refused_and_what_they_said_is_told_escaped(policies: Policies) -> None:
    votes = {
        "ada@example.org": {"decision": "refuse", "note": "Not in <December>.\nAsk in January.", "at": 1},
        "bob@example.org": {"decision": "accept", "note": "Fine.", "at": 1},
    }
    ticket = an_incident(state="rejected", details={"approval": {"decision": "refused", "votes": votes}})
    (message,) = outgoing.resolved(ticket, sender(policies))
    assert "Not in <December>.\nAsk in January." in message.text
    assert "Not in &lt;December&gt;.<br>\nAsk in January." in message.html
    assert "Fine." not in message.text
    lapsed = replace(ticket, details={"approval": {"decision": "lapsed", "votes": {}}})
    (message,) = outgoing.resolved(lapsed, sender(policies))
    assert "Nobody decided" in message.text


def test_our_own_name_is_no_persons_and_the_requester_is_called_by_name(policies: Policies) -> None:
    ticket = an_incident(participants=(RITA, LIN), details={"language": "de"})
    said = [
        outgoing.public_comment(ticket, a_comment(ticket, by=by), sender(policies))[0].text.split("\n")[0]
        for by in ("system", RITA, "ada@example.org")
    ]
    assert said == [f"{who} schrieb zu :" for who in ("Servicedesk", "Rita Requester", "ada@example.org")]


def test_a_language_is_added_by_its_folder_alone(tmp_path: Path) -> None:
    import shutil
    from importlib import resources

    shipped = Path(str(resources.files("itsm_policy")))
    mine = tmp_path / "policy"
    shutil.copytree(shipped, mine)
    shutil.copytree(mine / "languages/de", mine / "languages/nl")
    file = mine / "languages/nl/letters.toml"
    file.write_text(file.read_text("utf-8").replace("Danke für Ihre Nachricht", "Bedankt voor uw bericht"), "utf-8")
    ours = Policies(mine)
    assert "nl" in ours.languages.spoken
    message = outgoing.acknowledgement(an_incident(details={"language": "nl"}), sender(ours))
    assert message
    assert message.text.startswith("Bedankt")
