"""Corpus: mail nobody here wrote, against what its own projects assert about it."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from itsm.core.errors import MalformedError
from itsm.service_desk import quotes
from itsm.service_desk.filters import AUTO_REPLY, BOUNCE, DELAYED, FEEDBACK, LIST, Own, classify
from itsm.service_desk.sources import email, headers, mime
from itsm.service_desk.submission import Submission

type Item = dict[str, Any]


@pytest.fixture(scope="module")
def corpus(shared: Callable[[str], Path]) -> list[tuple[Item, bytes]]:
    folder = shared("mail/manifest.json").parent
    items = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]
    return [(item, (folder / item["file"]).read_bytes()) for item in items]


@pytest.fixture(scope="module")
def read(corpus: list[tuple[Item, bytes]], own: Own) -> list[tuple[Item, Submission | None]]:
    """Every mail of the corpus, None where it is malformed; any other exception fails every test here.

    Mail that names no sender is malformed to us and not to others: it gets one, to be read for its other facts.
    """

    def one(raw: bytes) -> Submission | None:
        for before in (b"", b"From: nobody@example.org\n"):
            try:
                return email.parse(before + raw, received_at=0, own=own)
            except MalformedError as error:
                if "no sender" not in str(error):
                    return None
        return None

    return [(item, one(raw)) for item, raw in corpus if item["kind"] == "rfc822"]


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def share(results: Iterator[bool]) -> tuple[int, int]:
    found = Counter(results)
    return found[True], found.total()


def test_whatever_is_read_can_be_stored_as_utf_8(read: list[tuple[Item, Submission | None]]) -> None:
    for _, mail in read:
        if mail:
            f"{mail.subject}{mail.text}{mail.html}{mail.sender}{mail.sender_name}{mail.fields}".encode()


@pytest.mark.parametrize(
    ("fact", "field", "bar"),
    [("from_email", "sender", 0.98), ("from_name", "sender_name", 0.98), ("subject", "subject", 0.92)],
)
def test_asserted_senders_and_subjects_are_read(
    read: list[tuple[Item, Submission | None]], fact: str, field: str, bar: float
) -> None:
    met, asked = share(
        mail is not None and bare(getattr(mail, field)).lower() == bare(item["expect"][fact]).lower()
        for item, mail in read
        if fact in item["expect"]
    )
    assert asked
    assert met / asked >= bar, f"{met} of {asked}"


def test_asserted_bodies_are_read(read: list[tuple[Item, Submission | None]]) -> None:
    def said(mail: Submission) -> str:
        return bare(mail.text) + "|" + bare(re.sub(r"<[^>]*>", "", mail.html))

    met, asked = share(
        all(bare(piece) in said(mail) for piece in item["expect"]["body_contains"])
        for item, mail in read
        if mail and "body_contains" in item["expect"]
    )
    assert asked
    assert met / asked >= 0.9, f"{met} of {asked}"


def test_asserted_attachments_are_kept_byte_for_byte(read: list[tuple[Item, Submission | None]]) -> None:
    met, asked = share(
        file["sha256"] in {one.sha256 for one in mail.attachments}
        for item, mail in read
        if mail
        for file in item["expect"].get("attachments", ())
        if file.get("sha256")
    )
    assert asked
    assert met / asked >= 0.95, f"{met} of {asked}"


def test_bounces_and_delays_are_told_from_what_is_none(read: list[tuple[Item, Submission | None]]) -> None:
    found, bounces = share(
        mail is not None and mail.auto.kind in (BOUNCE, DELAYED)
        for item, mail in read
        if item["expect"].get("is_bounce") is True
    )
    kept, others = share(
        mail is not None and mail.auto.kind != BOUNCE for item, mail in read if item["expect"].get("is_bounce") is False
    )
    assert bounces
    assert found / bounces >= 0.98, f"{found} of {bounces}"
    assert others
    assert kept / others >= 0.93, f"{kept} of {others}"


def test_feedback_reports_are_told(read: list[tuple[Item, Submission | None]]) -> None:
    met, asked = share(
        mail is not None and mail.auto.kind == FEEDBACK
        for item, mail in read
        if item["expect"].get("is_feedback_report")
    )
    assert asked
    assert met / asked >= 0.9, f"{met} of {asked}"


def test_replies_are_stripped_as_asserted(
    corpus: list[tuple[Item, bytes]], read: list[tuple[Item, Submission | None]]
) -> None:
    texts = [
        (item, raw.decode("utf-8", "replace").replace("\r\n", "\n")) for item, raw in corpus if item["kind"] == "text"
    ]
    said = texts + [(item, mail.text) for item, mail in read if mail]
    met, asked = share(
        bare(quotes.split(text).reply) == bare(item["expect"]["stripped_reply"])
        for item, text in said
        if "stripped_reply" in item["expect"]
    )
    assert asked
    assert met / asked >= 0.67, f"{met} of {asked}"


def test_header_cases_of_other_desks_are_classified_alike(shared: Callable[[str], Path]) -> None:
    cases = json.loads(shared("mail/header-cases.json").read_text(encoding="utf-8"))["cases"]
    wrong = []
    for case in cases:
        head = "".join(
            f"{name}: {one}\n"
            for name, value in case["headers"].items()
            for one in ([value] if isinstance(value, str) else value)
        )
        mail = mime.read(head.encode() + b"\nHello\n")
        sender = next((address for _, address in headers.addresses(mail.raw("from"))), "")
        kind = classify(mail, sender, Own(domain="desk.example.org")).kind
        automatic = kind in (AUTO_REPLY, LIST)
        if case.get("is_auto_reply", automatic) != automatic:
            wrong.append((case["headers"], kind))
    assert not wrong


def test_no_mutant_of_a_real_mail_raises_anything_but_malformed(corpus: list[tuple[Item, bytes]], own: Own) -> None:
    chance = random.Random(7)
    mails = [raw for item, raw in corpus if item["kind"] == "rfc822" and len(raw) < 20_000]
    for raw in chance.sample(mails, min(400, len(mails))):
        mutant = bytearray(raw)
        for _ in range(chance.randint(1, 20)):
            at = chance.randrange(len(mutant) + 1)
            mutant[at : at + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 4))
        try:
            email.parse(bytes(mutant), received_at=0, own=own)
        except MalformedError:
            continue
