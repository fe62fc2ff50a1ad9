"""Pages: the frame every page for people shares; plain HTML, no script, one small style sheet inside."""

from collections.abc import Iterable
from html import escape

from itsm.service_desk.words import Languages, Words

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}"
    "main{max-width:42rem;margin:0 auto;padding:1.5rem}h1{font-size:1.5rem;line-height:1.25}h1 "
    "small{color:#57606a;font-weight:400}"
    "label,legend{display:block;font-weight:600;margin-top:1.25rem}fieldset{border:0;margin:0;padding:0}"
    "fieldset label{font-weight:400;margin-top:.25rem}.hint{color:#57606a;margin:.1rem 0}"
    ".wrong{color:#a40e26;margin:.1rem 0;font-weight:600}"
    "input:not([type=radio]),textarea,select{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px "
    "solid #57606a;border-radius:4px}"
    "[aria-invalid=true]{border:2px solid #a40e26}textarea{min-height:9rem}"
    "button{font:inherit;font-weight:600;margin:1.5rem .5rem 0 0;padding:.6rem "
    "1.4rem;border:0;border-radius:4px;background:#0b5cad;color:#fff;cursor:pointer}"
    ":focus-visible{outline:3px solid #f2a900;outline-offset:2px}.errors{border:2px solid #a40e26;padding:.5rem "
    "1rem;border-radius:4px}"
    ".trap{position:absolute;left:-99rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}"
    "dt{color:#57606a}dd{margin:0}"
    "img{max-width:100%;height:auto}"
    ".journal{list-style:none;padding:0}.journal li{border-top:1px solid #d0d7de;padding:.5rem 0}"
    ".who{color:#57606a;margin:0}"
    "nav{border-top:1px solid #d0d7de;margin-top:2rem;padding-top:.5rem}nav a{margin-right:1rem}"
)


def frame(title: str, body: str, language: str = "en") -> str:
    """A whole page around `body`, which is HTML already; `title` is text."""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def switch(words: Words, languages: Languages, tags: Iterable[str] = (), keep: str = "") -> str:
    """Links to the same page in the other languages (`tags`, else all we speak), each in its own name; `keep` is the
    rest of its query."""
    rest = f"&amp;{escape(keep)}" if keep else ""
    others = [languages.of(tag) for tag in tags or languages.spoken if tag != words.language and tag in languages.words]
    links = " ".join(
        f'<a href="?lang={escape(one.language)}{rest}" hreflang="{escape(one.language)}" lang="{escape(one.language)}">'
        f"{escape(one.name)}</a>"
        for one in others
    )
    return f'<nav aria-label="{escape(words.say("languages"))}">{links}</nav>' if links else ""
