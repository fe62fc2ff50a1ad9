"""Form: a web form out of policy, as HTML that needs no script, and what a person sent with it as a submission."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from itsm.core.addresses import folded
from itsm.core.errors import InvalidInputError, ItsmError, MalformedError, TooLargeError
from itsm.service_desk import answers as answered
from itsm.service_desk import ordering
from itsm.service_desk.pages import frame, switch
from itsm.service_desk.policy import Form, Question, Translation
from itsm.service_desk.sources import posted
from itsm.service_desk.sources.mime import file_name
from itsm.service_desk.sources.posted import File, Posted
from itsm.service_desk.submission import FORM, Submission, attachment
from itsm.service_desk.words import ENGLISH

TOKEN = "token"  # noqa: S105  # the name of a field, no secret
TRAP = "website"
MOST = {"text": 300, "email": 254, "long": 20_000, "choice": 100, "instant": 32, "file": 0}
"""Characters an answer may have unless the form says otherwise (an address: RFC 5321 4.5.3.1)."""
MAX_BYTES = 5_242_880
GOOD_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
EMAIL = re.compile(r"[^\s@<>\"',;:()\[\]\\]+@[^\s@<>\"',;:()\[\]\\]+\.[^\s@<>\"',;:()\[\]\\.]+")


class WrongAnswersError(InvalidInputError):
    """Answers are missing or wrong; `errors` has them all in the form's order, the first is the `field`."""

    def __init__(self, errors: Sequence[InvalidInputError], answers: Mapping[str, str]) -> None:
        self.errors, self.answers = tuple(errors), dict(answers)
        super().__init__(errors[0].field, errors[0].reason)


class TrappedError(ItsmError):
    """The field no person sees was filled in: by a robot, or by a browser that fills in too much. Nothing is made."""


def answers(body: bytes, content_type: str) -> Mapping[str, str]:
    """The fields of a POST, the first value of each. Raises MalformedError, TooLargeError."""
    return received(body, content_type).fields


def received(body: bytes, content_type: str) -> Posted:
    """The fields and files of a POST. Raises MalformedError, TooLargeError."""
    if len(body) > MAX_BYTES:
        raise TooLargeError(f"the form has {len(body)} bytes; {MAX_BYTES} are taken")
    if not posted.is_form(content_type):
        raise MalformedError("a form is sent as application/x-www-form-urlencoded or multipart/form-data")
    return posted.read(body, content_type)


def spoken(form: Form, language: str) -> Form:
    """The form in a language it is translated into, else as it is."""
    words = form.translation.get(language)
    if words is None:
        return form
    return replace(
        form,
        language=language,
        title=words.title or form.title,
        intro=words.intro or form.intro,
        button=words.button or form.button,
        defaults={**form.defaults, **({"subject": words.subject} if words.subject else {})},
        question=tuple(_spoken(one, words) for one in form.question),
        translation={**form.translation, form.language: Translation()},
    )


def _spoken(one: Question, words: Translation) -> Question:
    choices = tuple(
        replace(choice, label=words.choices.get(f"{one.name}.{choice.value}", choice.label)) for choice in one.choices
    )
    label, hint = words.labels.get(one.name, one.label), words.hints.get(one.name, one.hint)
    return replace(one, label=label, hint=hint, choices=choices)


def parse(
    name: str, form: Form, given: Mapping[str, str], *, received_at: int, files: Sequence[File] = ()
) -> Submission:
    """The submission of a form's answers; its key is the page's token, so pressing twice makes one ticket.

    Raises WrongAnswersError with every answer that is missing or wrong, TrappedError for a robot.
    """
    if given.get(TRAP, "").strip():
        raise TrappedError("the hidden field was filled in")
    errors: list[InvalidInputError] = []
    said: dict[str, str] = {}
    if not GOOD_TOKEN.fullmatch(given.get(TOKEN, "")):
        errors.append(InvalidInputError(TOKEN, form.say("page_old")))
    for question in form.question:
        if question.type == "file" or not question.asked(given):
            continue
        try:
            answer = _answer(question, given.get(question.name, "").strip(), form)
        except InvalidInputError as error:
            errors.append(error)
        else:
            if answer:
                said[question.name] = answer
    came, missing = _files(form, given, files)
    errors += [*_window(said, form), *missing]
    if errors:
        raise WrongAnswersError(errors, given)
    facts = {**form.defaults, **said, **ordering.cost(form, said)}
    return Submission(
        source=f"form-{name}",
        key=given[TOKEN],
        kind=FORM,
        received_at=received_at,
        sender=folded(facts.pop("sender", "")),
        sender_name=facts.pop("sender_name", ""),
        subject=facts.pop("subject", ""),
        text=answered.with_text(form, said, facts.pop("text", "")),
        fields={"practice": form.practice, **_language(form), **facts},
        attachments=tuple(attachment(file_name(one.name) or "file", one.type, one.content) for one in came),
    )


def _files(
    form: Form, given: Mapping[str, str], files: Sequence[File]
) -> tuple[tuple[File, ...], list[InvalidInputError]]:
    """The files that answer questions that are asked, and what is wrong where one is missing."""
    asked = [one for one in form.question if one.type == "file" and one.asked(given)]
    came = tuple(file for one in asked for file in files if file.answers == one.name and file.content)
    missing = [one for one in asked if one.required and not any(file.answers == one.name for file in came)]
    return came, [InvalidInputError(one.name, form.say("fill_in")) for one in missing]


def _language(form: Form) -> Mapping[str, str]:
    return {} if form.language == ENGLISH else {"language": form.language}


def _answer(question: Question, given: str, form: Form) -> str:
    """The answer as the submission keeps it. Raises InvalidInputError."""
    if not given:
        if question.required:
            raise InvalidInputError(question.name, form.say("choose_one" if question.choices else "fill_in"))
        return ""
    most = question.most or MOST[question.type]
    if len(given) > most:
        raise InvalidInputError(question.name, form.say("too_long", most=most, given=len(given)))
    if question.type == "email" and not EMAIL.fullmatch(given):
        raise InvalidInputError(question.name, form.say("no_address"))
    if question.domains and given.rpartition("@")[2].casefold() not in question.domains:
        raise InvalidInputError(question.name, form.say("no_domain", domains=", ".join(question.domains)))
    if question.type == "choice" and given not in {choice.value for choice in question.choices}:
        raise InvalidInputError(question.name, form.say("choose_given"))
    if question.type == "instant":
        return _epoch(question, given, form)
    return given if question.type == "long" else re.sub(r"\s+", " ", given)


def _window(said: Mapping[str, str], form: Form) -> list[InvalidInputError]:
    """What is wrong with a planned window: it needs both ends, in order."""
    start, end = said.get("planned_start", ""), said.get("planned_end", "")
    if bool(start) != bool(end):
        return [InvalidInputError("planned_end" if start else "planned_start", form.say("both_ends"))]
    if start and end and int(end) <= int(start):
        return [InvalidInputError("planned_end", form.say("end_after_start"))]
    return []


def _epoch(question: Question, given: str, form: Form) -> str:
    try:
        local = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidInputError(question.name, form.say("no_instant")) from error
    return str(int((local if local.tzinfo else local.replace(tzinfo=ZoneInfo(form.zone))).timestamp()))


def page(name: str, form: Form, token: str, wrong: WrongAnswersError | None = None, keep: str = "") -> str:
    """The form's page. `token` is new for each page; after a wrong answer the page says what and keeps what was
    written. `keep` is the part of its query that goes with it into another language."""
    given = wrong.answers if wrong else {}
    if wrong and GOOD_TOKEN.fullmatch(given.get(TOKEN, "")):
        token = given[TOKEN]
    errors = {error.field: error.reason for error in wrong.errors} if wrong else {}
    questions = "\n".join(
        _question(one, given.get(one.name, ""), errors.get(one.name, ""), form) for one in form.question
    )
    intro = f"<p>{escape(form.intro)}</p>" if form.intro else ""
    others = "" if wrong else switch(form.words.of(form.language), form.words, form.languages, keep)
    return frame(
        f"{form.say('correct')}: {form.title}" if wrong else form.title,
        f"<h1>{escape(form.title)}</h1>{intro}{_summary(form, errors)}\n"
        f'{_style(form)}<form method="post" action="" accept-charset="utf-8"{_enctype(form)}>\n'
        f'<input type="hidden" name="{TOKEN}" value="{escape(token)}">\n'
        f'<p class="trap" aria-hidden="true"><label for="{TRAP}">{escape(form.say("leave_empty"))}</label>'
        f'<input id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></p>\n'
        f'{questions}\n<button type="submit">{escape(form.button)}</button>\n</form>{others}',
        form.language,
    )


def _enctype(form: Form) -> str:
    return ' enctype="multipart/form-data"' if any(one.type == "file" for one in form.question) else ""


def _style(form: Form) -> str:
    """Without a script, a question that is not asked is hidden by what is chosen; the server decides in any case."""
    rules = [
        f"form:not(:has({','.join(_chosen(name, value) for value in values)})) #{one.name}-q{{display:none}}"
        for one in form.question
        for name, values in one.when.items()
    ]
    return f"<style>{''.join(rules)}</style>\n" if rules else ""


def _chosen(name: str, value: str) -> str:
    return f'[name="{escape(name)}"][value="{escape(value)}"]:checked'


def _only_if(one: Question, form: Form) -> str:
    """When a question is asked, in words, for whoever sees it all the same."""
    said = []
    for name, values in one.when.items():
        other = next((each for each in form.question if each.name == name), None)
        labels = {choice.value: choice.label for choice in other.choices} if other else {}
        answers = ", ".join(labels.get(value, value) for value in values)
        said.append(form.say("only_if", question=other.label if other else name, answers=answers))
    return " ".join(said)


def _summary(form: Form, errors: Mapping[str, str]) -> str:
    if not errors:
        return ""
    labels = {one.name: one.label for one in form.question}
    points = "".join(
        f'<li><a href="#{escape(field)}">{escape(labels[field])}</a>: {escape(reason)}</li>'
        if field in labels
        else f"<li>{escape(reason)}</li>"
        for field, reason in errors.items()
    )
    head = escape(form.say("not_sent"))
    return f'<div class="errors" role="alert" tabindex="-1"><h2>{head}</h2><ul>{points}</ul></div>'


def _question(one: Question, value: str, error: str, form: Form) -> str:
    shown = _asked(one, value, error, form)
    return f'<div id="{escape(one.name)}-q">{shown}</div>' if one.when else shown


def _asked(one: Question, value: str, error: str, form: Form) -> str:
    name = escape(one.name)
    zone = f"{form.say('zone')}: {form.zone}." if one.type == "instant" else ""
    hint = " ".join(part for part in (one.hint, zone, _only_if(one, form)) if part)
    needed = one.required and not one.when
    told = [f"{name}-hint"] * bool(hint) + [f"{name}-wrong"] * bool(error)
    below = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    below += f'<p class="wrong" id="{name}-wrong">{escape(error)}</p>' if error else ""
    said = escape(one.label) + ("" if one.required else f" ({escape(form.say('optional'))})")
    extra = f' aria-describedby="{" ".join(told)}"' if told else ""
    extra += ' aria-invalid="true"' if error else ""
    if one.type == "choice":
        return f'<fieldset id="{name}"{extra}><legend>{said}</legend>{below}\n{_choices(one, value)}</fieldset>'
    extra += " required" if needed else ""
    extra += f' autocomplete="{escape(one.autocomplete)}"' if one.autocomplete else ""
    start = f'<label for="{name}">{said}</label>{below}'
    if one.type == "file":
        return f'{start}<input id="{name}" name="{name}" type="file" multiple{extra}>'
    if one.type == "long":
        most = one.most or MOST["long"]
        return f'{start}<textarea id="{name}" name="{name}" maxlength="{most}"{extra}>\n{escape(value)}</textarea>'
    kind = {"email": "email", "instant": "datetime-local"}.get(one.type, "text")
    extra += f' maxlength="{one.most or MOST[one.type]}"' if kind != "datetime-local" else ""
    return f'{start}<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}"{extra}>'


def _choices(one: Question, value: str) -> str:
    # a browser never sends a form that lacks an answer it hides: what depends on another answer is checked when it came
    needed = " required" if one.required and not one.when else ""
    return "\n".join(
        f'<label><input type="radio" name="{escape(one.name)}" value="{escape(choice.value)}"'
        f"{' checked' if choice.value == value else ''}{needed}> {escape(choice.label)}"
        f"</label>"
        for choice in one.choices
    )


def confirmation(form: Form, number: str, link: str, sender: str) -> str:
    """The page after sending: the number to quote, and where to see how it goes."""
    language = form.language
    place = f'<p><a href="{escape(link)}">{escape(form.say("look"))}</a></p>' if link else ""
    mail = f"<p>{escape(form.say('mailed', address=sender))}</p>" if sender else ""
    thanks, yours = escape(form.say("thanks")), escape(form.say("number"))
    return frame(
        form.say("received", number=number),
        f"<h1>{thanks}</h1><p>{yours} <strong>{escape(number)}</strong>.</p>{mail}{place}",
        language,
    )
