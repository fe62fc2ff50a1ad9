"""Charsets: bytes to text although the label is missing, misspelt or wrong."""

import codecs
import re
from functools import lru_cache

ALIASES = {
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8",
    "ascii": "utf-8", "ansi_x3.4-1968": "utf-8", "gb2312": "gb18030", "iso-gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "cp936": "gb18030", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext", "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8",
    "unicode-1-1-utf-7": "utf-7", "utf": "utf-8",
    "utf8mb4": "utf-8", "macintosh": "mac-roman", "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic",
    "windows-874": "cp874", "tis-620": "cp874", "big5": "big5hkscs", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
}  # fmt: skip
"""Labels as senders write them -> the codec that reads what such senders really send (WHATWG Encoding Standard)."""

ALLOWED = re.compile(
    r"utf-(7|8|8-sig|16|16-[bl]e|32|32-[bl]e)|cp(437|737|775|85[0257869]|86\d|874|932|949|950|1006|1125|125[0-8])"
    r"|iso8859-\d+"
    r"|koi8-[rut]|gb18030|big5|big5hkscs|euc_(jp|kr|jis_2004|jisx0213)|iso2022_(jp|kr|jp_\w+)|shift_jis\w*|hz|johab"
    r"|ptcp154|kz1048"
    r"|mac-(roman|cyrillic|latin2|greek|turkish|iceland|croatian|romanian|centeuro)|tis-620"
)
"""Codecs a stranger may name; others (idna, punycode, unicode_escape) are slow or no charsets."""

HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no reader sees but a terminal, a database or a reviewer stumbles over: controls, bidi overrides, lone
surrogates."""

ONE_BYTE = re.compile(r"cp(?:125\d|437|8\d\d)|iso8859-\d+|koi8-.|mac-.*")
STATEFUL = (
    "utf-7",
    "hz",
    "iso2022_jp_ext",
    "iso2022_kr",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "utf-32-be",
    "utf-32-le",
)
"""Charsets whose bytes may look like ASCII and say something else."""

META = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)


@lru_cache(maxsize=256)
def codec(label: str) -> str:
    """The codec for a charset label, "" where there is none a mail may use."""
    name = label.strip().strip("\"'").lower().replace(" ", "")
    try:
        found = codecs.lookup(ALIASES.get(name, name)).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    found = ALIASES.get(found, found)
    return found if ALLOWED.fullmatch(found) else ""


def decode(raw: bytes, label: str = "") -> str:
    """The text of `raw`: by its label, else UTF-8, else a charset it names itself (HTML meta), else Windows-1252. Never
    raises."""
    declared = codec(label) if label else ""
    if raw.isascii() and b"\x1b$" not in raw and declared not in STATEFUL:
        return raw.decode("ascii")
    # Text in a one-byte charset is hardly ever valid UTF-8 by accident; the label is wrong then.
    for name in ("utf-8", declared) if ONE_BYTE.fullmatch(declared) else (declared, "utf-8"):
        try:
            text = raw.decode(name) if name else ""
        except (UnicodeError, ValueError):
            continue
        if name and not (name == "utf-8" and "\x1b$" in text):
            return text
    return _rescued(raw, declared)


def _rescued(raw: bytes, declared: str) -> str:
    if b"\x1b$" in raw:
        return raw.decode("iso2022_jp_ext", "replace")
    meta = META.search(raw, 0, 2048)
    named = codec(meta[1].decode("ascii", "replace")) if meta else ""
    if named and named != declared:
        try:
            return raw.decode(named)
        except (UnicodeError, ValueError):
            pass
    if declared.startswith("iso2022_jp"):
        return raw.decode("cp932", "replace")
    if declared and declared not in ("utf-8", "utf-7"):
        return raw.decode(declared, "replace")
    try:
        text = raw.decode("utf-8", "replace")
        # One damaged character in a long UTF-8 text must not turn the whole of it into Windows-1252.
        if declared == "utf-8" and 0 < text.count("\ufffd") * 20 < sum(byte > 127 for byte in raw):
            return text
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def clean(text: str) -> str:
    """Text without hidden characters, lines ending in `\\n`; always encodable as UTF-8."""
    return HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
