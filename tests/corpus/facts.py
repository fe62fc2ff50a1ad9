"""Facts: what a project asserts about a mail, fact by fact, and whether our reading agrees."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from itsm.service_desk import quotes
from itsm.service_desk.filters import AUTO_REPLY, BOUNCE, DELAYED, FEEDBACK, LIST, classify
from itsm.service_desk.sources import headers, mime, tnef
from itsm.service_desk.submission import Attachment, Submission

from tests.corpus.reading import OWN, words
from tests.corpus.shelf import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One asserted fact: of which item, its name, what was asserted, what we read, and whether they agree."""

    item: str
    name: str
    asserted: Any
    read: Any
    met: bool


def bare(said: str | None) -> str:
    """A text without white space and hidden characters: how the manifest wants texts compared."""
    return re.sub(r"[\s\u200b\ufeff]+", "", said or "")


def parsed(item: Item, mail: Submission | None) -> Iterator[Fact]:
    """Sender, subject, body and attachments of a mail."""
    expect = item.expect
    for name, field in (("from_email", "sender"), ("from_name", "sender_name"), ("subject", "subject")):
        if name in expect:
            had = getattr(mail, field) if mail else ""
            yield _fact(item, name, expect[name], had, bare(had).lower() == bare(expect[name]).lower())
    if "body_contains" in expect:
        pieces = [piece for piece in map(_shown, expect["body_contains"]) if piece]
        said = _said(mail)
        yield _fact(item, "body_contains", pieces, said[:200], all(piece in said for piece in pieces))
    if "body_empty" in expect:
        had = mail.text if mail else ""
        yield _fact(item, "body_empty", expect["body_empty"], had[:200], (not had.strip()) == expect["body_empty"])
    yield from _files(item, expect, mail.attachments if mail else ())


def _shown(piece: str) -> str:
    """An asserted piece as a reader sees it: markup is none of the text, and neither side's is compared."""
    return bare(html.unescape(re.sub(r"<!--.*?-->|<[^<>]*>", "", piece, flags=re.DOTALL)))


def _said(mail: Submission | None) -> str:
    if mail is None:
        return ""
    page = re.sub(r"<[^<>]*>", "", mail.html)
    return f"{bare(html.unescape(mail.text))}|{bare(page)}|{bare(html.unescape(page))}"


def _files(item: Item, expect: Mapping[str, Any], files: tuple[Attachment, ...]) -> Iterator[Fact]:
    had = [(one.name, one.type, one.size) for one in files]
    names, sums = {bare(one.name) for one in files}, {one.sha256 for one in files}
    for file in expect.get("attachments", ()):
        if file.get("name") and not file.get("name_generated_by_zammad"):
            yield _fact(item, "attachment name", file["name"], had, bare(file["name"]) in names)
        if file.get("sha256"):
            yield _fact(item, "attachment bytes", file["sha256"], had, file["sha256"] in sums)
    for name in expect.get("attachments_include", ()):
        yield _fact(item, "attachment name", name, had, bare(name) in names)
    if "attachments_count" in expect:
        yield _fact(
            item, "attachment count", expect["attachments_count"], had, len(files) == expect["attachments_count"]
        )
    if "attachments_sizes" in expect:
        sizes = sorted(one.size for one in files)
        yield _fact(
            item, "attachment sizes", expect["attachments_sizes"], sizes, sorted(expect["attachments_sizes"]) == sizes
        )


def unwrapped(item: Item) -> Iterator[Fact]:
    """The files inside a winmail.dat."""
    if "tnef_files" in item.expect:
        found = [bare(name) for name, _ in tnef.files(item.raw)]
        for name in item.expect["tnef_files"]:
            if name not in ("body.rtf", "body.html", "body.txt"):
                yield _fact(item, "attachment name", name, found, bare(name) in found)


def bounce(item: Item, mail: Submission | None) -> Iterator[Fact]:
    """Whether a mail is a bounce or a notice of delay, and is told as one."""
    if item.expect.get("is_bounce") is True:
        yield _fact(item, "bounce", True, _auto(mail), mail is not None and mail.auto.kind in (BOUNCE, DELAYED))
    if item.expect.get("is_bounce") is False:
        yield _fact(item, "no bounce", True, _auto(mail), mail is not None and mail.auto.kind != BOUNCE)
    if item.expect.get("is_feedback_report"):
        yield _fact(item, "feedback report", True, _auto(mail), mail is not None and mail.auto.kind == FEEDBACK)
    if item.expect.get("is_auto_reply"):
        yield _fact(item, "automatic", True, _auto(mail), mail is not None and mail.auto.automatic)


def headed(number: int, case: Mapping[str, Any]) -> Iterator[Fact]:
    """Whether a mail of nothing but headers is told as automatic, or as none."""
    if "is_auto_reply" not in case:
        return
    lines = [
        f"{name}: {one}\n"
        for name, value in case["headers"].items()
        for one in (value if isinstance(value, list) else [value])
    ]
    mail = mime.read("".join(lines).encode() + b"\nHello\n")
    sender = next((address for _, address in headers.addresses(mail.raw("from"))), "")
    read = classify(mail, sender, OWN)
    automatic = read.kind in (AUTO_REPLY, LIST)
    item, wanted = f"header case {number} {case['headers']}", bool(case["is_auto_reply"])
    said = f"{read.kind}: {read.reason}"
    yield Fact(item=item, name="automatic", asserted=wanted, read=said, met=automatic == wanted)


def _auto(mail: Submission | None) -> str:
    return f"{mail.auto.kind}: {mail.auto.reason}" if mail else "malformed"


def returned(item: Item, mail: Submission | None) -> Iterator[Fact]:
    """Which addresses a bounce gives up, and whether for good."""
    if "bounce_recipients" in item.expect:
        wanted = {one.lower() for one in item.expect["bounce_recipients"]}
        had = {one.address for one in mail.failures} if mail else set()
        yield _fact(item, "bounced address", sorted(wanted), sorted(had), wanted <= had)


def reply(item: Item) -> Iterator[Fact]:
    """The reply without what it quotes, exactly, white space aside."""
    for name in ("stripped_reply", "first_fragment"):
        if name in item.expect:
            had = quotes.split(words(item)).reply
            yield _fact(item, "reply", item.expect[name], had, bare(had) == bare(item.expect[name]))
            return


def _fact(item: Item, name: str, asserted: Any, read: Any, met: bool) -> Fact:
    return Fact(item=item.id, name=name, asserted=asserted, read=read, met=bool(met))
