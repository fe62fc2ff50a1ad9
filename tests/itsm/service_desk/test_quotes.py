"""Quotes: what mail programs put before what they quote, and what people write that only looks like it."""

import time

import pytest
from itsm.service_desk.quotes import split


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 3 Feb 2025 08:14:43 -0200 Lin Li <lin@example.org> wrote\n\nCan you come?",
        "man. 3. feb. 2025 kl. 13:09 skrev Lin Li <lin@example.org\n>:\n\n> Can you come?",
        '====\n\nMessage du : 03/02/2025 13:20\nDe : "Lin" <lin@example.org>\nA : ada@example.org\nSujet : Oui',
        "2025-02-03 17:21 GMT+01:00 Lin Li\n\nCan you come?",
        "Date: Mon, 03 Feb 2025 00:15:02 +0100\nTo: ada@example.org\n\nCan you come?",
        "On Mon, Feb 3, 2025 at 10:07 PM Lin Li\n\n<\nmailto:lin@example.org\n> wrote:\nCan you come?",
        "ᐧ",
    ],
)
def test_what_a_mail_program_writes_before_a_quote_ends_the_answer(quoted: str) -> None:
    found = split(f"I can.\n\n{quoted}")
    assert found.reply == "I can."
    assert quoted.splitlines()[-1].strip("ᐧ") in found.quoted


def test_an_attribution_on_the_answers_last_line_is_parted_from_it() -> None:
    found = split("I can --- On Mon, Feb 3, 2025 at 3:59 PM, lin@example.org wrote:\n> Can you?")
    assert (found.reply, found.quoted.splitlines()[0]) == (
        "I can",
        "On Mon, Feb 3, 2025 at 3:59 PM, lin@example.org wrote:",
    )


def test_an_attribution_before_words_that_are_not_marked_is_none_of_the_answer_and_they_are() -> None:
    found = split('On 3 Feb 2025 17:34, "Lin" <lin@example.org> wrote:\n\nTwo\n\nIt should be:\n\n    four')
    assert found.reply == "Two\n\nIt should be:\n\n    four"
    assert "wrote:" in found.quoted


@pytest.mark.parametrize(
    "text",
    [
        "She wrote to me on Monday 3 February 2025\n\nand I answered:\n\nno.",
        "Date: to be found\nTo: everybody here\n\nPlease come.",
        "The backup ran 2025-02-03 17:21 and failed.\n\nWhat now?",
        "Steps so far ---\nOn Monday I wrote: nothing",
        "Sujet : la réunion\n\nElle est à dix heures.",
    ],
)
def test_what_people_write_themselves_stays(text: str) -> None:
    assert split(text).reply == text


@pytest.mark.parametrize(
    "line",
    [
        "On 1 " * 90,
        "a --- On 1 " * 28 + ":",
        "a --- On 1 wrote " * 6 + ":",
        "Date: 2025 " + "1:1" * 100,
        "<" * 499 + ":",
    ],
)
def test_many_lines_that_nearly_fit_cost_little(line: str) -> None:
    began = time.process_time()
    split("\n".join([line] * 4_000))
    assert time.process_time() - began < 3.0
