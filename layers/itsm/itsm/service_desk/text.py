"""Text: HTML made safe and readable, in bounds."""

import re
from html.parser import HTMLParser

from itsm.service_desk.sources import charsets

MAX_HTML = 1_048_576
MAX_TEXT = 1_048_576
MAX_NESTING, MAX_ELEMENTS = 400, 130_000
TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})")
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
IMPLIED = frozenset({"p", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "caption", "colgroup"})
ITEMS = {"li": "li", "dt": "dd", "dd": "dd"}
"""Elements that end where the next begins (HTML 13.1.2.4): many in a row are no nesting, though nothing closes them. An
item of a list does so before another of its sort, and may hold one of the other sort."""
UNSEEN = re.compile(r"<(script|style|title)\b.*?(?:</\1\b[^<>]{0,2000}>|\Z)", re.IGNORECASE | re.DOTALL)
LINE_TAG = re.compile(r"<(?:br|/?(?:p|div|li|tr|h[1-6]|blockquote|table|ul|ol|pre))\b[^<>]{0,2000}>", re.IGNORECASE)
ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
TAGS = frozenset(
    {
        "a", "abbr", "b", "bdi", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd",
        "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
        "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong",
        "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
    }
)  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "blockquote": {"type", "class"},
    "div": {"class", "id"},
    "*": {"dir", "lang"},
}
DROPPED = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math"}
BLOCKS = frozenset(
    {
        "p", "div", "blockquote", "table", "tr", "ul", "ol", "dl", "dt", "dd", "h1", "h2",
        "h3", "h4", "h5", "h6", "pre", "center", "caption", "hr", "li",
    }
)  # fmt: skip
SPACED = frozenset(["p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"])


def sanitised(html: str) -> str:
    """HTML with nothing in it that acts or calls home: an allow list of tags, safe links, images only by `cid:`.

    Hidden characters go as well, which HTML can spell without holding them. At most 1 MiB of it is read. What nests
    absurdly deep, or is hardly more than tags, comes back as bare text, since cleaning and reading it would take too
    long.
    """
    from html import escape

    import nh3

    html = html[:MAX_HTML]
    if html.count("<") - html.count("</") > MAX_ELEMENTS:
        # a tag at each line's end would take as long again
        return f"<pre>{escape(_bare(html))}</pre>"
    if _nesting(html) > MAX_NESTING:
        return escaped(_bare(html))
    clean = nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=DROPPED - {"head", "noscript"},
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return charsets.clean(clean)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and not value.lower().startswith("cid:"):
        return None
    return value


def _bare(html: str) -> str:
    """The words of HTML that is not parsed, on lines where it looks as if it had some."""
    from html import unescape

    said = ANY_TAG.sub(" ", LINE_TAG.sub("\n", UNSEEN.sub(" ", re.sub(r"\s+", " ", html))))
    return re.sub(r" ?\n[ \n]*", "\n", re.sub(r"[ \t\xa0]+", " ", charsets.clean(unescape(said)))).strip()


def _nesting(html: str) -> int:
    """How deep elements may lie in each other at most: what closes one that is not open closes none."""
    deepest = depth = 0
    opened: dict[str, int] = {}
    item = ""
    for closing, tag in TAG.findall(html):
        name = tag.lower()
        kind = ITEMS.get(name)
        if name in VOID or name in IMPLIED or (kind and (closing or kind == item)):
            continue
        item = kind or item
        held = opened.get(name, 0)
        if not closing:
            opened[name] = held + 1
            depth += 1
            deepest = max(deepest, depth)
        elif held:
            opened[name] = held - 1
            depth -= 1
    return deepest


class _Reader(HTMLParser):
    """Lines of text out of HTML; the one being written is kept in pieces, or it would be copied for each of them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.kept = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._new_line()
        elif tag in BLOCKS:
            self._block(tag)
            self.quotes += tag == "blockquote"
            self.kept += tag == "pre"
            if tag == "li":
                self.line = [self._prefix(), "* "]
            elif tag == "hr":
                self.line = [self._prefix(), "-----"]
                self._new_line()
        elif tag in ("td", "th") and self.line:
            self.line.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.quotes = max(0, self.quotes - (tag == "blockquote"))
            self.kept = max(0, self.kept - (tag == "pre"))
            self._block(tag)

    def handle_data(self, data: str) -> None:
        if self.kept:
            for number, line in enumerate(data.split("\n")):
                if number:
                    self._new_line()
                if line:
                    self.line.append(line)
            return
        words = re.sub(r"[ \t\r\n]+", " ", data)
        if not self.line or self.line[-1].endswith(" "):
            words = words.lstrip(" ")
        if words:
            self.line += [words] if self.line else [self._prefix(), words]

    def _prefix(self) -> str:
        return "> " * min(self.quotes, 8)

    def _new_line(self) -> None:
        self.lines.append("".join(self.line))
        self.line = []

    def _block(self, tag: str) -> None:
        if self.line:
            self._new_line()
        if tag in SPACED and self.lines and self.lines[-1].strip():
            self._new_line()

    def close(self) -> None:
        super().close()
        self._new_line()


def readable(clean_html: str) -> str:
    """The text of sanitised HTML: blocks on lines of their own, quotes marked with `> `, blanks folded.

    Give it the output of `sanitised` only: HTMLParser alone takes more than ten seconds for some hostile input.
    """
    reader = _Reader()
    reader.feed(clean_html)
    reader.close()
    lines = [line.replace("\xa0", " ").rstrip() for line in reader.lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MAX_TEXT]


def escaped(text: str) -> str:
    """Plain text as HTML: escaped, line ends kept."""
    import html

    return "<p>" + html.escape(text).replace("\n", "<br>\n") + "</p>"
