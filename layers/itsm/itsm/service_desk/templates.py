"""Templates: Jinja in a sandbox that reaches the facts and nothing else; HTML is escaped, and no template undoes it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from itsm.core.errors import PolicyError
from itsm.service_desk.tags import faults

KEPT = ("capitalize", "default", "e", "escape", "first", "join", "last", "length", "lower", "replace", "title", "trim")
"""The filters of Jinja's that a letter may need; none of them makes text into HTML or much out of little."""
MORE = ("truncate", "upper", "wordwrap")
FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class Sandbox(ImmutableSandboxedEnvironment):
    """Facts, conditions, loops over facts; no attribute with a lead, no call into Python, no arithmetic that swells."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse the operators by which a short text becomes an endless one."""
        raise TemplateError(f"{operator} is not for letters")

    def wrap_str_format(self, value: Any) -> None:
        """Let no text be formatted: a width in it makes much out of little."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """A fact is a text; what Python can do with one is not for letters. A loop may say where it is."""
        return type(obj).__name__ == "LoopContext" and not attr.startswith("_")


def lines(text: str) -> Markup:
    """A text in HTML with its lines kept."""
    return Markup("<br>\n").join(str(text).splitlines())  # a constant; join escapes each line


@cache
def _environment(*, as_html: bool) -> Sandbox:
    # Text is no HTML: what is escaped there would be read as &amp; by people.
    made = Sandbox(undefined=StrictUndefined, autoescape=as_html, keep_trailing_newline=True)  # see above
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in (*KEPT, *MORE)} | {"lines": lines if as_html else str}
    return made


@cache
def _compiled(source: str, *, as_html: bool) -> Template:
    made = _environment(as_html=as_html)
    tree = made.parse(source)
    for node in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
        raise TemplateSyntaxError("autoescape is not for letters: in HTML all facts are escaped", node.lineno)
    for reached in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        raise TemplateSyntaxError("a letter is one template; it takes in no other", reached.lineno)
    return made.from_string(source)


def text(source: str, facts: Mapping[str, str]) -> str:
    """A template filled in as plain text. Raises PolicyError, with its line, for one that cannot be."""
    return _rendered(source, facts, as_html=False)


def html(source: str, facts: Mapping[str, str]) -> Markup:
    """A template filled in as HTML, every fact escaped. Raises PolicyError, with its line, for one that cannot be."""
    return Markup(_rendered(source, facts, as_html=True))  # rendered with all its facts escaped


def _rendered(source: str, facts: Mapping[str, str], *, as_html: bool) -> str:
    try:
        return _compiled(source, as_html=as_html).render(**facts)
    except FAILURES as error:
        raise PolicyError(_reason(error)) from error


def _reason(error: Exception) -> str:
    said = (error.message if isinstance(error, TemplateError) else str(error)) or "cannot be filled in"
    line = getattr(error, "lineno", None)
    return f"{said}{f' (in its line {line})' if line else ''}"


def paragraphs(said: str, link: str) -> Markup:
    """A text as HTML: a blank line begins a paragraph, the link can be pressed."""
    pressed = Markup('<a href="{0}">{0}</a>').format(link)
    shown = (pressed if part.strip() == link else lines(part.strip()) for part in said.split("\n\n") if part.strip())
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in shown)


def problems(source: str, known: Mapping[str, str], *, as_html: bool) -> list[str]:
    """What is wrong with a template that may name the `known` facts, tried with them full and with them empty."""
    try:
        named = meta.find_undeclared_variables(_environment(as_html=as_html).parse(source))
    except TemplateError as error:
        return [_reason(error)]
    strange = sorted(named - set(known))
    if strange:
        return [f"there is no {one!r} in this letter; there is {', '.join(sorted(known))}" for one in strange]
    found: list[str] = []
    for facts in (known, dict.fromkeys(known, "")):
        try:
            shown = _rendered(source, facts, as_html=as_html)
        except PolicyError as error:
            return [str(error)]
        found += faults(shown) if as_html else []
    return list(dict.fromkeys(found))
