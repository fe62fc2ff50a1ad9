"""Text and quotes: HTML becomes safe and readable, and a reply is told from what it quotes."""

import pytest
from itsm.service_desk import quotes, text


def test_nothing_that_acts_or_calls_home_survives() -> None:
    html = (
        '<p onclick="x()">Hi <img src="https://tracker.example/p.gif"><img src="cid:logo@x" alt="Logo"></p>'
        "<script>alert(1)</script><style>p{}</style><iframe src='https://e.example'></iframe><!-- c -->"
        '<a href="javascript:x()">a</a><a href="https://example.org">b</a>'
    )
    clean = text.sanitised(html)
    assert "tracker" not in clean
    assert "script" not in clean
    assert "onclick" not in clean
    assert "iframe" not in clean
    assert "<!--" not in clean
    assert '<img src="cid:logo@x" alt="Logo">' in clean
    assert 'href="https://example.org"' in clean
    assert "noopener" in clean


def test_the_text_of_html_has_its_blocks_on_lines_and_its_quotes_marked() -> None:
    html = (
        "<p>One<br>two</p><ul><li>a</li><li>b</li></ul><blockquote><p>old</p></blockquote>"
        "<table><tr><td>x</td><td>y</td></tr></table>"
    )
    assert text.readable(html) == "One\ntwo\n\n* a\n* b\n\n> old\n\nx y"


def test_characters_nobody_sees_go_although_html_spells_them_out() -> None:
    clean = text.sanitised("<p>invoice&#x202e;fdp.exe&#8203;&#x2066;</p>")
    assert clean == "<p>invoicefdp.exe</p>"


def test_absurdly_nested_html_comes_back_as_bare_text() -> None:
    assert "<div" not in text.sanitised("<div>" * 5_000 + "hello")


def test_at_most_a_mebibyte_of_html_is_read() -> None:
    assert len(text.sanitised("a" * 3_000_000)) <= text.MAX_HTML


@pytest.mark.parametrize(
    "quoted",
    [
        "On 24 Nov 2025 at 16:00, Service desk <support@desk.example.org> wrote:\n> old words",
        "On Mon, Nov 24, 2025 at 4:00 PM Service desk <\nsupport@desk.example.org> wrote:\n\n> old words",
        "Am 24.11.2025 um 16:00 schrieb Service desk:\n> old words",
        "Le 24 nov. 2025 à 16:00, Service desk <support@desk.example.org> a écrit :\n> old words",
        "-----Original Message-----\nFrom: Service desk\nSent: Monday\n\nold words",
        "________________________________\nFrom: Service desk <support@desk.example.org>\nSent: Monday, 24 November "
        "2025\nTo: Rita\nSubject: x\n\nold",
        "Von: Service desk\nGesendet: Montag\nAn: Rita\nBetreff: x\n\nold words",
        "-- \nRita Requester\nAccounts",
        "Sent from my iPhone",
    ],
)
def test_what_a_reply_quotes_or_signs_with_is_folded_and_kept(quoted: str) -> None:
    split = quotes.split(f"It works now, thank you.\n\n{quoted}")
    assert split.reply == "It works now, thank you."
    assert split.quoted == quoted.strip()


def test_answers_between_the_quoted_lines_stay() -> None:
    asked = "On 24 Nov 2025, Ada <ada@example.org> wrote:\n> Which laptop?"
    said = f"{asked}\n\nThe new one.\n\n> Since when?\n\nSince Monday."
    assert quotes.split(said).reply == "The new one.\n\n\nSince Monday."


def test_a_sentence_of_ones_own_that_ends_like_an_attribution_is_not_cut() -> None:
    said = "On your page you wrote:\nno more than 3 devices. I have 2."
    assert quotes.split(said).reply == said


def test_a_mail_that_is_all_quote_stays_whole() -> None:
    assert quotes.split("> only this").reply == "> only this"
