"""Taken apart: a mail that a provider posts as fields is found in them by policy, and goes on as a mail."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from itsm.core.errors import MalformedError
from itsm.service_desk.policy import TakenApart, WebhookSource
from itsm.service_desk.sources import charsets, headers, posted, rebuilt, webhook
from itsm.service_desk.sources.rebuilt import Body, Fields, File

NAME = re.compile(r"[!-9;-~]{1,200}")
FIELD = re.compile(r"([!-9;-~]{1,200})[ \t]*:(.*)")
BREAK = re.compile(r"[\r\n\0]+[ \t]*")
LINE_END = re.compile(r"\r\n|\r|\n")
NUMBER = re.compile(r"\d{1,9}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """What was posted: a JSON object, or the fields of a form as bytes, its files, and the charsets of its fields."""

    payload: Mapping[str, Any]
    files: tuple[posted.File, ...] = ()
    labels: Mapping[str, Any]

    def text(self, name: str, value: Any) -> str:
        """The value of a field as text."""
        return _text(value, str(self.labels.get(name, "")))


def whole_mail(body: bytes, named: Mapping[str, str], policy: WebhookSource) -> bytes:
    """The mail a provider posts: as it came where the policy's `raw` leads to it, else put together again from the
    fields that `mail` names; empty where neither the mail nor its headers are posted.

    `named` are the HTTP headers by lower-case name. The same mail posted again comes to the same bytes, whatever the
    post holds besides. Raises nothing: what cannot be read as a mail is left to the source's mapping.
    """
    if len(body) > policy.max_bytes or not (policy.raw or policy.mail):
        return b""
    try:
        post = _post(body, named, policy)
    except MalformedError:
        return b""
    _, raw = _led(policy.raw, post.payload)
    if raw and isinstance(raw, str | bytes):
        return raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
    given = _head(post, policy.mail) if policy.mail else []
    if policy.mail is None or not given:
        return b""
    text, html = (_body(path, post) for path in (policy.mail.text, policy.mail.html))
    return rebuilt.mail(given, _missing(given, post, policy.mail), text, html, _files(post, policy.mail))


def _post(body: bytes, named: Mapping[str, str], policy: WebhookSource) -> _Post:
    kind = named.get("content-type", "")
    if not posted.is_form(kind):
        return _Post(payload=webhook.payload_of(body, named), labels={})
    found = posted.read(body, kind, posted.OF_A_MACHINE)
    labels = _object(_led(policy.mail.charsets, found.raw)[1]) if policy.mail else {}
    return _Post(payload=found.raw, files=found.files, labels=labels)


def _head(post: _Post, policy: TakenApart) -> Fields:
    """The mail's own headers in their order. No value has a line end, so none can be followed by one of its own."""
    name, value = _led(policy.head, post.payload)
    if policy.form == "block":
        label = post.labels.get(name) or post.labels.get(_led(policy.text, post.payload)[0], "")
        return [(name, charsets.decode(headers.raw_bytes(said), str(label))) for name, said in _block(_lines(value))]
    given = webhook.opened(value) if isinstance(value, str | bytes) else value
    pairs: list[tuple[Any, Any]] = []
    for one in given if isinstance(given, list) else ():
        if policy.form == "objects" and isinstance(one, Mapping):
            pairs.append((_led(policy.name, one)[1], _led(policy.value, one)[1]))
        elif policy.form == "pairs" and isinstance(one, list) and len(one) == 2:
            pairs.append((one[0], one[1]))
    shown = [(_text(name).strip(), BREAK.sub(" ", _text(value)).strip()) for name, value in pairs]
    return [(name, value) for name, value in shown if NAME.fullmatch(name)]


def _lines(value: Any) -> str:
    """A block as text whose 8-bit characters wait for their charset: each line may have another."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else _text(value)


def _block(text: str) -> Fields:
    """The headers of a block, unfolded (RFC 5322 2.2.3); a line that is none goes on the one before it."""
    found: list[tuple[str, list[str]]] = []
    for line in LINE_END.split(text.replace("\0", "")):
        begun = FIELD.fullmatch(line) if line[:1] not in (" ", "\t") else None
        if begun:
            found.append((begun[1], [begun[2].strip()]))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    return [(name, " ".join(pieces)) for name, pieces in found]


def _missing(given: Fields, post: _Post, policy: TakenApart) -> Fields:
    """The headers the head lacks, from the fields that hold them."""
    present = {name.lower() for name, _ in given}
    texts = [(name, _filled(text, post)) for name, text in policy.missing.items() if name.lower() not in present]
    return [(name, text) for name, text in texts if text]


def _filled(text: str, post: _Post) -> str:
    """The text with its paths filled in, "" where none of them leads anywhere.

    What is filled in between quotes or angle brackets cannot end them: a name is no second address.
    """
    reached = False

    def fill(match: re.Match[str]) -> str:
        nonlocal reached
        name, value = _led(match[0], post.payload)
        reached = reached or value is not None
        said, before = post.text(name, value), text[: match.start()]
        if before.endswith('"'):
            return re.sub(r'["\\]', "'", said)
        return re.sub(r"[<>\s]", "", said) if before.endswith("<") else said

    filled = webhook.PATH.sub(fill, text)
    return BREAK.sub(" ", filled).strip() if reached else ""


def _body(path: str, post: _Post) -> Body:
    name, value = _led(path, post.payload)
    if isinstance(value, bytes):
        return Body(content=value, charset=str(post.labels.get(name, "utf-8")))
    return Body(content=_text(value).encode("utf-8", "replace"))


def _files(post: _Post, policy: TakenApart) -> list[File]:
    """The files in the order they had in the mail."""
    if "{" in policy.files:
        given = _led(policy.files, post.payload)[1]
        return [_listed(one, policy) for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    if not policy.files:
        return []
    named = _object(_led(policy.content_ids, post.payload)[1])
    ids = {str(answers): str(content_id) for content_id, answers in named.items()}
    numbered = re.compile(re.escape(policy.files) + r"\d{1,4}")
    # A part without a file name is posted as a field, and its type is lost.
    plain = [
        posted.File(answers=name, name="", type="", content=value)
        for name, value in post.payload.items()
        if numbered.fullmatch(name)
    ]
    found = [one for one in post.files if one.answers.startswith(policy.files)] + plain
    return [
        File(name=one.name, type=rebuilt.file_type(one.type), content=one.content, content_id=ids.get(one.answers, ""))
        for one in sorted(found, key=lambda one: int((NUMBER.search(one.answers) or ["0"])[0]))
    ]


def _listed(one: Mapping[str, Any], policy: TakenApart) -> File:
    keys = policy.file
    name, type_, content, content_id = (
        _text(_led(path, one)[1]) for path in (keys.name, keys.type, keys.content, keys.content_id)
    )
    given = content.encode("utf-8", "replace")
    try:
        decoded, damaged = base64.b64decode(given, validate=True), False
    except binascii.Error:
        # It stays as it came: who reads mail makes the best of it, and the stored mail has all of it.
        decoded, damaged = given, True
    return File(name=name, type=rebuilt.file_type(type_), content=decoded, content_id=content_id, damaged=damaged)


def _led(text: str, payload: Mapping[str, Any]) -> tuple[str, Any]:
    """The field and the value of the first of a text's paths that leads to something, else to anything."""
    found: tuple[str, Any] = ("", None)
    for path in _paths(text):
        name, value = path.partition(".")[0], webhook.reached(path, payload)
        if value not in (None, "", b"", []):
            return name, value
        found = (name, value) if found[1] is None else found
    return found


def _paths(text: str) -> Iterator[str]:
    for match in webhook.PATH.finditer(text):
        yield from match[1].split("|")


def _object(value: Any) -> Mapping[str, Any]:
    given = webhook.opened(value) if isinstance(value, str | bytes) else value
    return given if isinstance(given, Mapping) else {}


def _text(value: Any, label: str = "") -> str:
    """A value as text; of a list its texts, of what is neither text nor number nothing."""
    if isinstance(value, bytes):
        return charsets.decode(value, label)
    if isinstance(value, list):
        return ", ".join(one for one in value if isinstance(one, str))
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
