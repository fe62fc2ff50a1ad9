"""Text and quotes: HTML becomes safe and readable, and a reply is told from what it quotes."""

import time

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


@pytest.mark.parametrize("piece", ["<b></p>", "<dd>><dd x=1>", "<dd><li>", "<i>x</i>", "<b> &nbsp;", "<p<p>"])
def test_html_takes_no_longer_than_its_length_explains(piece: str) -> None:
    started = time.process_time()
    text.readable(text.sanitised(piece * (400_000 // len(piece))))
    assert time.process_time() - started < 2


def test_many_elements_that_nothing_closes_are_no_nesting() -> None:
    page = text.sanitised("<p>one <b>bold</b>" * 900 + "<ul>" + "<li>item" * 900)
    assert page.startswith("<p>one <b>bold</b></p>")
    assert text.readable(page).endswith("* item\n* item")


def test_what_is_hardly_more_than_tags_is_told_in_its_words_alone() -> None:
    page = text.sanitised("<p>x&lt;" * 131_000)
    assert page.startswith("<pre>x&lt;\nx&lt;\nx")
    assert text.readable(page).startswith("x<\nx<\nx")
    assert text.sanitised("<p>x</p>" * 100_000).startswith("<p>x</p><p>x</p>")


def test_what_nests_absurdly_is_told_in_its_words_alone() -> None:
    deep = "<style>b { top: 1px }</style>" + "<div>" * 500 + "One &lt;b&gt;<br>two" + "<script>x()</script>"
    assert text.sanitised(deep) == "<p>One &lt;b&gt;<br>\ntwo</p>"
