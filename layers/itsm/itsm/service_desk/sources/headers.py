"""Headers: decoded words, addresses and parameters out of header lines that keep to no standard."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes

from itsm.core.addresses import folded
from itsm.service_desk.sources import charsets

MAX_VALUE = 32_768
"""Characters of one header value that are looked at; the rest of a longer one is not."""
MAX_ADDRESS = 320
"""Characters of an address: 64 before the @ and 255 behind it (RFC 5321 4.5.3.1)."""

WORD = re.compile(r"=\?([^?*\s\"<>]{1,60})(?:\*[^?]{0,20})?\?([bBqQ])\?([^?]*|[^?]*\?[^=?][^?]*)\?=")
BETWEEN = re.compile(r"[ \t\r\n]*")
ATOM = r"[^\s<>\"',;:()\[\]@\\]"
ADDRESS = re.compile(rf"(?<!{ATOM})(?<!\w'){ATOM}++(?:(?<=\w)'(?=\w){ATOM}++)*+@(?:{ATOM}+|\[[^\]\s]{{1,60}}\])")
"""One is looked for where a word begins, and not at each of its letters: that would take the square of its length. An
apostrophe between two letters is part of a name (RFC 5321 4.1.2), any other a quotation mark."""
QUOTED_LOCAL = re.compile(r"\"([^\"@<>]{1,64})\"\s*@([^\s<>\"',;:()\[\]@\\]+)")
ONLY = re.compile(r"[^<>]*<([^<>]*)>[\s,;]*|[\s,;]*([^\s,;<>]+)[\s,;]*")
"""A mailbox in brackets or bare, and nothing glued to it."""
MESSAGE_ID = re.compile(r"<([^<>\s]{1,250})>")
BASE64 = re.compile(rb"[A-Za-z0-9+/]+")
NO_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
TOKEN = re.compile(r"\s*([^\s=;\"*]+)(?:\*(\d+))?(\*)?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))\s*(?:;|$)", re.DOTALL)


def raw_bytes(value: str) -> bytes:
    """The bytes a header value stood for on the wire."""
    return value.encode("utf-8", "surrogateescape")


def text(value: str, charset: str = "") -> str:
    """A header value as words to read: unfolded, encoded words joined before they are decoded (RFC 2047, and its usual
    breaches)."""
    value = re.sub(r"[\r\n]+[ \t]*", " ", value[:MAX_VALUE])
    if "=?" not in value:
        return charsets.clean(_eight_bit(value, charset)).strip()
    pieces: list[str] = []
    pending, label, at = b"", "", 0
    for found in WORD.finditer(value):
        between = value[at : found.start()]
        if between and not BETWEEN.fullmatch(between):
            pieces += [charsets.decode(pending, label), _eight_bit(between, charset)]
            pending = b""
        elif at == 0 and between:
            pieces.append(between)
        if pending and found[1].lower() != label:
            pieces.append(charsets.decode(pending, label))
            pending = b""
        label = found[1].lower()
        pending += _word(found[2], found[3])
        at = found.end()
    pieces += [charsets.decode(pending, label), _eight_bit(value[at:], charset)]
    return charsets.clean("".join(pieces)).replace("\n", " ").replace("\t", " ").strip()


def _eight_bit(value: str, charset: str) -> str:
    return value if value.isascii() else charsets.decode(raw_bytes(value), charset)


def _word(encoding: str, body: str) -> bytes:
    if encoding in "bB":
        return base64_bytes(raw_bytes(body))
    return binascii.a2b_qp(raw_bytes(body.replace(" ", "_")), header=True)


def base64_bytes(raw: bytes) -> bytes:
    """Base64 although it holds rubbish, lacks its padding or was glued from several pieces (RFC 4648 3.3 lets us
    ignore)."""
    done = bytearray()
    for found in BASE64.finditer(raw.translate(None, NO_BASE64)):
        whole = found[0][: len(found[0]) - 1] if len(found[0]) % 4 == 1 else found[0]
        done += base64.b64decode(whole + b"=" * (-len(whole) % 4))
    return bytes(done)


def addresses(value: str, charset: str = "", limit: int = 100) -> list[tuple[str, str]]:
    """(name, address) of each mailbox, address in lower case; groups are flattened, what holds none is left out.

    So is an address longer than any can be: it could be neither stored nor written to.
    """
    found = list(islice(_named(value[:MAX_VALUE], charset), limit))
    return found or (list(islice(_named(text(value, charset), ""), limit)) if "=?" in value else [])


def _named(value: str, charset: str) -> Iterator[tuple[str, str]]:
    mailboxes = (_mailbox(piece, charset) for piece in _mailboxes(value))
    return (one for one in mailboxes if 0 < len(one[1]) <= MAX_ADDRESS)


def _mailboxes(value: str) -> list[str]:
    """Split at commas and semicolons outside quotes, brackets and comments; a group's name falls away."""
    pieces: list[str] = []
    current: list[str] = []
    quoted, angle, has_at, depth = False, False, False, 0
    for char in value:
        if char == '"' and not depth and (not current or current[-1] != "\\"):
            quoted = not quoted
        elif not quoted and char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        elif not quoted and not depth and char in "<>":
            angle = char == "<"
        if char in ",;" and not quoted and not depth and not angle:
            pieces.append("".join(current))
            current, has_at = [], False
        elif char == ":" and not (quoted or depth or angle or has_at):
            current = []
        else:
            current.append(char)
            has_at = has_at or char == "@"
    pieces.append("".join(current))
    if quoted or depth:
        # An unclosed quote or comment swallowed the rest; every separator counts then.
        pieces = re.split(r"[,;]", value)
    return pieces


def _mailbox(piece: str, charset: str) -> tuple[str, str]:
    name, address = _plain_mailbox(piece)
    return text(name, charset).strip(" '\""), folded(charsets.clean(_eight_bit(address, charset)))


def is_only(address: str, value: str) -> bool:
    """Whether a header names this one address whoever reads it: once in brackets, or bare, and no other beside it.

    Two readers of `<a@b.example> (<c@d.example>)` may take it for two writers: who vouched for it may have meant the
    other one. So may two readers of `a@b.example'` or `<a@b.example[x]>`, of whom one knows no such domain and asks
    nobody about it.
    """
    said = re.sub(r"<[^<>]*>", lambda found: "".join(found[0].split()), _without_asides(value[:MAX_VALUE]))
    found = ONLY.fullmatch(said)
    if found is None or folded(_eight_bit(found[1] or found[2], "")) != address:
        return False
    named = [folded(charsets.clean(_eight_bit(one.strip(".'"), ""))) for one in ADDRESS.findall(said)]
    return set(named) == {address} and said.count("@") == len(named) and said.count("<") <= 1


def _without_asides(value: str) -> str:
    """The value with blanks in place of quoted strings and comments (RFC 5322 3.2.2 and 3.2.4), as long as it was; as
    it is where one of them has no end."""
    if '"' not in value and "(" not in value:
        return value
    kept: list[str] = []
    quoted, depth, escaped = False, 0, False
    for char in value:
        aside = quoted or depth > 0
        if escaped or (aside and char == "\\"):
            escaped = not escaped
        elif char == '"' and not depth:
            quoted, aside = not quoted, True
        elif char in "()" and not quoted and (char == "(" or depth):
            depth, aside = depth + (1 if char == "(" else -1), True
        kept.append(" " if aside else char)
    return value if quoted or depth else "".join(kept)


def _plain_mailbox(piece: str) -> tuple[str, str]:
    piece = piece.strip()
    said = _without_asides(piece)
    # What stands in quotes or a comment is an address only where there is no other.
    opened = said.rfind("<") if "@" in said else piece.rfind("<")
    if opened >= 0:
        inner = re.sub(r"\s+", "", piece[opened + 1 :].partition(">")[0]).strip("'\"<>")
        match = ADDRESS.search(inner)
        if match or not inner:
            return _name(piece[:opened]), match[0] if match else ""
    if quoted := QUOTED_LOCAL.search(piece):
        # A quoted local part (RFC 5321 4.1.2) may hold blanks; nobody's mailbox does.
        return _name(piece[: quoted.start()]), f"{''.join(quoted[1].split())}@{quoted[2]}"
    match = ADDRESS.search(said) or ADDRESS.search(piece)
    if not match:
        return "", ""
    rest = piece[: match.start()] + " " + piece[match.end() :]
    comment = re.search(r"\(([^()]*)\)", rest)
    return _name(comment[1] if comment else rest), match[0].strip(".'")


def _name(piece: str) -> str:
    name = piece.strip().strip("<>").strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name.strip()


def message_ids(value: str, limit: int = 50) -> list[str]:
    """Message-IDs without brackets, in order; a References header may hold many, the newest last (RFC 5322 3.6.4)."""
    found = MESSAGE_ID.findall(value[-MAX_VALUE:])
    if not found and "@" in value:
        found = [word for word in value[-MAX_VALUE:].split() if 3 <= len(word) <= 250 and "@" in word]
    return [charsets.clean(_eight_bit(one, "")) for one in found][-limit:]


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A value and its parameters (RFC 2045 5.1), continuations and charsets joined (RFC 2231); names in lower case."""
    value = value[:MAX_VALUE]
    kind, _, rest = value.partition(";")
    plain: dict[str, dict[int, tuple[bool, str]]] = {}
    parts: dict[str, dict[int, tuple[bool, str]]] = {}
    at = 0
    for _ in range(200):
        match = TOKEN.match(rest, at)
        if not match:
            skip = rest.find(";", at)
            if skip < 0:
                break
            at = skip + 1
            continue
        body = re.sub(r"\\(.)", r"\1", match[4]) if match[4] is not None else (match[5] or "").strip()
        held = plain if match[2] is None and not match[3] else parts
        held.setdefault(match[1].lower(), {}).setdefault(int(match[2] or 0) % 1000, (bool(match[3]), body))
        at = match.end()
    # Who writes both ways writes the short one for readers that do not know the other (RFC 6266 4.3 says so of it).
    return kind.strip().lower(), {name: _joined(pieces) for name, pieces in (plain | parts).items()}


def _joined(pieces: dict[int, tuple[bool, str]]) -> str:
    if not any(extended for extended, _ in pieces.values()):
        return "".join(body for _, (_, body) in sorted(pieces.items()))
    label, whole = "", b""
    for number, (extended, body) in sorted(pieces.items()):
        if extended and number == min(pieces) and body.count("'") >= 2:
            label, _, body = body.split("'", 2)
        whole += unquote_to_bytes(raw_bytes(body)) if extended else raw_bytes(body)
    return charsets.decode(whole, label)
