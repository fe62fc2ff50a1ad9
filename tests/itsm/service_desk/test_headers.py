"""Headers: an address is whom every reader takes it for, and a file has the name its sender meant."""

import time

import pytest
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email, headers
from itsm.service_desk.submission import FAILED, VERIFIED, Submission

from tests.builders import NOON
from tests.itsm.service_desk.mails import a_mail

OWN = Own(domain="desk.example.org", addresses=("support@desk.example.org",))
EVIL, RITA = "evil@example.net", "rita@example.org"


def read(sender: str) -> Submission:
    return email.parse(a_mail(From=sender), received_at=NOON, own=OWN, trust=VERIFIED)


@pytest.mark.parametrize(
    "sender",
    [f"{EVIL} (<{RITA}>)", f"<{EVIL}> (<{RITA}>)", f"(<{RITA}>) {EVIL}", f'"<{RITA}>" {EVIL}',
     f'"a\\" <{RITA}>" <{EVIL}>'],
)  # fmt: skip
def test_an_address_in_a_comment_or_in_quotes_is_nobodys(sender: str) -> None:
    assert (read(sender).sender, read(sender).trust) == (EVIL, VERIFIED)


@pytest.mark.parametrize(
    "sender",
    [
        f"<{EVIL}> <{RITA}>", f"<{RITA}> {EVIL}", f"{EVIL} <{RITA}>", f"<@example.net:{RITA}>", f"<{RITA}@example.net>",
        "=?utf-8?Q?rita=40example.org?=", f"{EVIL}\0<{RITA}>", f'(") <{RITA}> (") <{EVIL}>',
        f"{RITA}'", f"'{RITA}'", f"{RITA}.", f"<{RITA}>x", f"<{RITA}", f"<{RITA}:25>", f"<{RITA}[1]>", f"{RITA}[1]",
        f"<{RITA},example.net>", f"<{RITA}\\.example.net>", f'{RITA}"x".example.net', f"{RITA} example.net",
        f"<mailto:{RITA}>", f"a:{RITA};", RITA.replace("exam", "exam\x7f"), RITA.replace("exam", "exam\u200b"),
    ],
)  # fmt: skip
def test_a_sender_two_readers_may_take_for_two_is_trusted_like_one_that_fails(sender: str) -> None:
    assert read(sender).trust == FAILED


@pytest.mark.parametrize(
    "sender",
    [
        RITA, f"<{RITA}>", f"Rita <{RITA}>", f'"{EVIL}" <{RITA}>', f"'{RITA}' via a list <{RITA}>",
        f"Rita (IT) <{RITA}>",
        f"{RITA} (Rita)", f'"R, Rita" <{RITA}>', "Rita <RITA@EXAMPLE.ORG>", "=?utf-8?Q?Rita?= <rita @ example.org>",
    ],
)  # fmt: skip
def test_a_sender_written_as_people_write_it_is_who_was_vouched_for(sender: str) -> None:
    assert (read(sender).sender, read(sender).trust) == (RITA, VERIFIED)


@pytest.mark.parametrize("sender", ["pat.o'brien@example.org", "Pat O'Brien <pat.o'brien@example.org>"])
def test_an_apostrophe_in_an_address_is_part_of_it(sender: str) -> None:
    assert (read(sender).sender, read(sender).trust) == ("pat.o'brien@example.org", VERIFIED)


def test_an_address_in_single_quotes_is_what_they_hold() -> None:
    assert [address for _, address in headers.addresses(f"'{RITA}', to='{EVIL}'")] == [RITA, EVIL]


@pytest.mark.parametrize(
    "value",
    ['"\\' * 16_000, '("a\\' * 8_000, "(" * 32_000, '("' * 16_000, ', "(' * 9_000, "a'" * 16_000, "a''" * 11_000],
)
def test_quotes_and_comments_without_end_are_read_in_time(value: str) -> None:
    started = time.process_time()
    headers.addresses(value)
    headers.is_only(RITA, value)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "named",
    [
        "filename=\"Uebersicht.pdf\"; filename*=utf-8''%C3%9Cbersicht.pdf",
        "filename*=utf-8''%C3%9Cbersicht.pdf; filename=\"Uebersicht.pdf\"",
        'filename="cut.pdf"; filename*0*=utf-8\'\'%C3%9Cber; filename*1="sicht.pdf"',
    ],
)
def test_a_file_named_twice_has_the_name_that_may_hold_every_letter(named: str) -> None:
    _, found = headers.parameters(f"attachment; {named}")
    assert found["filename"] == "Übersicht.pdf"
