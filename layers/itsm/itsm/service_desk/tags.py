"""Tags: whether a piece of HTML closes all it opens, in order, and holds nothing that a letter must not."""

from html.parser import HTMLParser

VOID = frozenset({"area", "br", "col", "hr", "img", "link", "meta", "wbr"})
NEVER = frozenset({"script", "iframe", "object", "embed", "form", "input", "base"})
"""What mail programs drop or warn of, and what a person must not meet in a mail of ours."""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NEVER or any(name.startswith("on") for name, _ in attrs):
            self.found.append(f"<{tag}> with what runs or asks for input is not for letters")
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.opened and self.opened[-1] == tag:
            self.opened.pop()
        else:
            still = f"<{self.opened[-1]}> is open" if self.opened else "nothing is open"
            self.found.append(f"</{tag}> comes while {still}")


def faults(shown: str) -> list[str]:
    """What is wrong first with the tags of some HTML, what follows from it left out; nothing when all is well."""
    reader = _Tags()
    reader.feed(shown)
    reader.close()
    return (reader.found + [f"<{tag}> is never closed" for tag in reversed(reader.opened)])[:1]
