"""Mutants: real mails and webhooks damaged at random; whatever comes, nothing is raised but our own refusals."""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from itsm.core.errors import ItsmError, MalformedError
from itsm.runtime.policies import Policies
from itsm.service_desk import quotes, text
from itsm.service_desk.signatures import verify
from itsm.service_desk.sources import email, taken_apart, tnef, webhook

from tests.corpus.killers import HEAD
from tests.corpus.reading import NOBODY, OWN
from tests.corpus.shelf import Item
from tests.support.providers import form

MOST = 30_000
"""Bytes of a mail that is mutated: larger ones are the same code for more time."""
PLANTED = (
    *(b"\0", b"\r", b"\n\n", b"=?", b"?=", b'"', b"(", b"<", b"@", b"\xff", b"\x1b$B", b"--", b"begin 644 a\n"),
    *(b"=", b";", b"*0*=", b"&#x", b"<!--", b"{", b"\\u"),
)


@dataclass(slots=True)
class Hunt:
    """What a run of mutants came to: how many, and each exception with the seed's number that shows it again."""

    mutants: int = 0
    raised: list[str] = field(default_factory=list)
    worst: float = 0.0


def run(items: Sequence[Item], vectors: Sequence[Mapping[str, object]], count: int, seed: int) -> Hunt:
    """`count` mutants in all: of five, four are mails and one is HTML, a text, a winmail.dat, a webhook or a mail
    that was taken apart."""
    mails = [item.raw for item in items if item.kind == "rfc822"]
    mails = [raw for raw in mails if len(raw) <= MOST] or [HEAD + b"\nIt is slow.\n"]
    wrapped = [item.raw for item in items if item.kind == "tnef" and item.path.stat().st_size <= MOST]
    bodies = [str(vector.get("body", "")).encode() for vector in vectors] or [b'{"id": "1", "title": "x"}']
    hunt, webhooks = Hunt(), Policies().sources.webhook

    def hooked(raw: bytes) -> None:
        name = sorted(webhooks)[len(raw) % len(webhooks)]
        head = {one: raw[:200].decode("latin-1") for one in ("content-type", webhooks[name].verify.header.lower())}
        for headers in (head, {}):
            refused(partial(verify, raw, headers, webhooks[name].verify, ["whsec_a2V5"], 0, lambda url: raw))
            refused(partial(webhook.parse, name, raw, headers, webhooks[name], received_at=0))
            taken_apart.whole_mail(raw, headers, webhooks[name])

    def apart(raw: bytes) -> None:
        for name, (body, kind) in posts(raw).items():
            mailed(taken_apart.whole_mail(body, {"content-type": kind}, webhooks[name]))

    def page(raw: bytes) -> None:
        quotes.split(text.readable(text.sanitised(raw.decode("utf-8", "replace"))))

    others: list[tuple[Callable[[bytes], object], list[bytes]]] = [(hooked, bodies), (page, mails), (apart, mails)]
    if wrapped:
        others += [(tnef.files, wrapped), (tnef.body, wrapped)]
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        work, pool = (mailed, mails) if number % 5 else others[number // 5 % len(others)]
        _try(hunt, f"{seed}-{number}", work, mutant(chance, pool))
    return hunt


def posts(raw: bytes) -> Mapping[str, tuple[bytes, str]]:
    """A mail as providers post it that look no closer: what stands in its head, and all the rest as text and file."""
    head, _, body = raw.partition(b"\n\n")
    lines = [line.decode("latin-1").partition(":") for line in head.split(b"\n")]
    words = body.decode("latin-1")
    heads = [{"Name": name, "Value": value} for name, _, value in lines]
    files = [{"Name": words[:80], "ContentType": words[80:120], "Content": words, "ContentID": words[:40]}]
    pairs = json.dumps([[name, value] for name, _, value in lines]).encode()
    bodies = {"text": body, "html": body, "charsets": body[:60], "body-plain": body, "envelope": body}
    shared = [(name, "", "", value) for name, value in {"headers": head, "message-headers": pairs, **bodies}.items()]
    posted = {"Headers": heads, "TextBody": words, "HtmlBody": words, "Attachments": files, "FromFull": heads[0]}
    return {
        "postmark": (json.dumps(posted).encode(), "application/json"),
        "sendgrid": form([*shared, ("attachment1", "a", words[:9] or "x", body)]),
        "mailgun": form([*shared, ("attachment-1", "a", "message/rfc822", body)]),
    }


def mailed(raw: bytes) -> None:
    """A mail read as the door does; what it holds must be storable as UTF-8."""
    for before in (b"", NOBODY):
        try:
            mail = email.parse(before + raw, received_at=0, own=OWN)
        except MalformedError:
            continue
        f"{mail.subject}{mail.text}{mail.html}{mail.sender}{mail.sender_name}{mail.attachments}".encode()
        return


def mutant(chance: random.Random, pool: Sequence[bytes]) -> bytes:
    """One of the pool with some bytes taken away, changed, planted, doubled, or put together with another."""
    raw = bytearray(chance.choice(pool))
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(raw) + 1)
        way = chance.randrange(6)
        if way == 0:
            del raw[at : at + chance.randint(1, 40)]
        elif way == 1:
            raw[at : at + 1] = chance.randbytes(chance.randint(1, 4))
        elif way == 2:
            raw[at:at] = chance.choice(PLANTED) * chance.randint(1, 40)
        elif way == 3:
            raw[at:at] = raw[at : at + chance.randint(1, 400)]
        elif way == 4:
            del raw[at:]
            raw += chance.choice(pool)[-2_000:]
        else:
            raw[at:at] = chance.choice(pool)[:800]
    return bytes(raw)


def refused(work: Callable[[], object]) -> None:
    """Do it; our own refusals are what is wanted of bad input, anything else is raised."""
    try:
        work()
    except ItsmError:
        return


def _try(hunt: Hunt, name: str, work: Callable[[bytes], object], raw: bytes) -> None:
    hunt.mutants += 1
    started = time.process_time()
    try:
        work(raw)
    except Exception as error:  # a hunt for whatever is raised: each is told, and fails the run
        hunt.raised.append(f"{name}: {type(error).__name__}: {error}"[:200])
    hunt.worst = max(hunt.worst, time.process_time() - started)
