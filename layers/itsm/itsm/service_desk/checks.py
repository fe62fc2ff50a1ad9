"""Checks: what can be wrong in the service desk's policy, said by key; the build asks, no door does."""

from collections.abc import Collection, Mapping

from itsm.core import rules
from itsm.core.organisation import ITEM_FACTS
from itsm.service_desk import on_behalf
from itsm.service_desk.hook_checks import mail_problems
from itsm.service_desk.policy import (
    AlarmSource,
    Attachments,
    Form,
    Forms,
    MailSource,
    Maintenance,
    Question,
    Routing,
    Sources,
    Verification,
    WebhookSource,
)
from itsm.service_desk.sources.form import TOKEN, TRAP
from itsm.service_desk.submission import ALARM, FORM, MAIL

PRACTICES = ("incident", "request", "change", "problem")
SCHEMES = ("hmac", "token", "sns", "ecdsa", "form", "none")
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
QUESTION_TYPES = ("text", "email", "long", "choice", "instant", "file")
LEVELS = ("1", "2", "3", "4", "5")
BESIDE = ("service.criticality", "service.group", *ITEM_FACTS)
"""What routing may ask of a record's service and configuration item, beside the record's own facts."""
KEPT = frozenset(
    {"source_key", "message_id", "trust", "raw", "related", "fingerprint", "opened_by", "auto", "attachments", "tasks",
     "sent_as_html", "refused_files", "files_left_out", "protection", "delivery", "undeliverable", "merged_into",
     "parent", "people_left_out", "held_files", "successor", "followed_by", "ended_at", "storm", "alarms", "approval",
     "approval_needed", "until", "close_seconds", "hold_reason", "blocked", "blocked_at",
     "unanswered"}
)  # fmt: skip
"""Details the desk itself writes and acts by: what a stranger answers or posts must not stand in their place."""

type Problems = list[tuple[str, str]]


def sources_problems(sources: Sources) -> Problems:
    """What is wrong in sources.toml, as (key path, reason)."""
    services = sources.services.services
    found = _mail_problems(sources.mail, services) + _attachment_problems(sources.attachments)
    found += _alarm_problems(sources.alarm, services) + on_behalf.problems(sources.on_behalf)
    for number, window in enumerate(sources.maintenance):
        found += _window_problems(f"maintenance.{number}", window, services)
    for name, webhook in sources.webhook.items():
        if name in (MAIL, ALARM) or name.startswith(f"{FORM}-"):
            found.append((f"webhook.{name}", "is what tickets of the desk's own are kept under: take another name"))
        if webhook.verify.scheme == "none" and (webhook.raw or webhook.mail):
            found.append((f"webhook.{name}.verify.scheme", "anybody could post mail in anybody's name: choose another"))
        found += _webhook_problems(f"webhook.{name}", webhook, services)
    return found


def _mail_problems(mail: MailSource, services: Collection[str]) -> Problems:
    found: Problems = []
    if not mail.addresses:
        found.append(("mail.addresses", "name at least one address, or no mail is ours"))
    found += _one_of("mail.practice", mail.practice, PRACTICES)
    found += _one_of("mail.lists", mail.lists, ("hold", "ticket"))
    found += _levels("mail", mail.impact, mail.urgency)
    found += _one_of("mail.service", mail.service, ("", *services))
    if not 1 <= mail.participants <= 100:
        found.append(("mail.participants", "between 1 and 100 people can take part in a ticket"))
    if not 1 <= mail.suppressed_days <= 3_650:
        found.append(("mail.suppressed_days", "between a day and ten years"))
    caps = {"per_sender": mail.per_sender, "per_thread": mail.per_thread, "same_words": mail.same_words}
    found += [(f"mail.{name}", "at least 4: fewer is what people do") for name, cap in caps.items() if cap < 4]
    return found


def _attachment_problems(files: Attachments) -> Problems:
    names = ("max_bytes", "total_bytes", "most", "archive_entries", "archive_bytes", "archive_ratio")
    found = [(f"attachments.{name}", "at least 1") for name in names if getattr(files, name) < 1]
    return found + [
        (f"attachments.refused_endings.{at}", "an ending without its dot, in lower case")
        for at, ending in enumerate(files.refused_endings)
        if ending != ending.lower().strip(". ") or not ending
    ]


def _alarm_problems(alarm: AlarmSource, services: Collection[str]) -> Problems:
    found = _one_of("alarm.practice", alarm.practice, PRACTICES)
    found += _levels("alarm", alarm.impact, alarm.urgency)
    found += [(f"alarm.{name}", "at least 1") for name in ("storm", "storm_minutes") if getattr(alarm, name) < 1]
    for start, fields in alarm.names.items():
        found += _fields(f"alarm.names.{start}", fields, services)
    return found


def _window_problems(path: str, window: Maintenance, services: Collection[str]) -> Problems:
    found: Problems = []
    if window.begins.tzinfo is None or window.ends.tzinfo is None:
        found.append((f"{path}.begins", "write both instants with their offset, like 2026-03-01T22:00:00+01:00"))
    elif window.begins >= window.ends:
        found.append((f"{path}.ends", "is not after it begins"))
    if not window.services and not window.alarms:
        found.append((f"{path}.services", "name services or the starts of alarms' names"))
    for service in window.services:
        found += _one_of(f"{path}.services", service, services)
    return found


def _webhook_problems(path: str, webhook: WebhookSource, services: Collection[str]) -> Problems:
    found = _verification_problems(f"{path}.verify", webhook.verify) + mail_problems(f"{path}.mail", webhook.mail)
    found += _one_of(f"{path}.practice", webhook.practice, PRACTICES)
    found += _one_of(f"{path}.kind", webhook.kind, ("ticket", "event"))
    if webhook.kind == "event" and not webhook.recovered:
        found.append((f"{path}.recovered", "a source of events must say when a fault is over"))
    found += _fields(f"{path}.defaults", webhook.defaults, services)
    if "{" not in webhook.key:
        found.append((f"{path}.key", "without a {path} every delivery would be the same ticket"))
    for name in webhook.required:
        if name not in webhook.map and name not in webhook.defaults:
            found.append((f"{path}.required", f"{name} is required but neither mapped nor given a default"))
    for name in sorted(KEPT & {*webhook.map, *webhook.defaults}):
        found.append((f"{path}.map.{name}", "is a word of the desk's own: take another"))
    for name in webhook.values:
        if name not in webhook.map:
            found.append((f"{path}.values.{name}", "translates a field that is not mapped"))
    texts = {
        "key": webhook.key,
        "delivery": webhook.delivery,
        **{f"map.{name}": text for name, text in webhook.map.items()},
    }
    found += [
        (f"{path}.{name}", "braces do not pair") for name, text in texts.items() if text.count("{") != text.count("}")
    ]
    if not 1 <= webhook.max_bytes <= 6_291_456:
        found.append((f"{path}.max_bytes", "between 1 and 6291456 bytes reach a function"))
    return found


def _verification_problems(path: str, verify: Verification) -> Problems:
    found = _one_of(f"{path}.scheme", verify.scheme, SCHEMES)
    found += _one_of(f"{path}.algorithm", verify.algorithm, ALGORITHMS)
    found += _one_of(f"{path}.encoding", verify.encoding, ("hex", "base64"))
    if verify.scheme in ("hmac", "token", "ecdsa") and not verify.header:
        found.append((f"{path}.header", f"scheme {verify.scheme} needs the header it reads"))
    if verify.scheme == "sns" and not (verify.topics and all(one.startswith("arn:") for one in verify.topics)):
        found.append((f"{path}.topics", "scheme sns needs the ARNs of the topics it listens to"))
    if verify.scheme in ("hmac", "ecdsa") and "{body}" not in verify.template:
        found.append((f"{path}.template", "the body must be signed: put {body} into the template"))
    if "{ts}" in verify.template and not (verify.timestamp_header or verify.timestamp_field):
        found.append((f"{path}.template", "{ts} needs timestamp_header or timestamp_field"))
    if verify.scheme in ("hmac", "ecdsa") and verify.timestamp_header and "{ts}" not in verify.template:
        found.append((f"{path}.template", "a time that is not signed stops no replay: put {ts} into the template"))
    if "{id}" in verify.template and not verify.id_header:
        found.append((f"{path}.template", "{id} needs id_header"))
    if verify.timestamp_field and not verify.separator:
        found.append((f"{path}.timestamp_field", "is found between separators: set separator"))
    if not 1 <= verify.tolerance <= 3_600:
        found.append((f"{path}.tolerance", "between 1 and 3600 seconds"))
    return found


def forms_problems(forms: Forms) -> Problems:
    """What is wrong in forms.toml, as (key path, reason)."""
    services = forms.services.services
    found: Problems = []
    for name, form in forms.form.items():
        path = f"form.{name}"
        found += _one_of(f"{path}.practice", form.practice, PRACTICES)
        found += _fields(f"{path}.defaults", form.defaults, services)
        names = [one.name for one in form.question]
        found += [
            (f"{path}.question", f"{twice} is asked twice")
            for twice in sorted({n for n in names if names.count(n) > 1})
        ]
        if not {"sender", "subject"} <= {*names, *form.defaults}:
            found.append((f"{path}.question", "a ticket needs a sender and a subject: ask for both or give defaults"))
        found += _translation_problems(path, form)
        for number, one in enumerate(form.question):
            if one.name in _taken(form):
                found.append(
                    (f"{path}.question.{number}.name", f"{one.name} is a word of the desk's own: take another")
                )
            found += _condition_problems(f"{path}.question.{number}.when", one, form)
            found += _question_problems(f"{path}.question.{number}", one, services)
    return found


def _taken(form: Form) -> frozenset[str]:
    """What no question of the form may be called: its page has a token and a trap, a request its plan."""
    return KEPT | {TOKEN, TRAP} | ({"plan"} if form.practice == "request" else set())


def _condition_problems(path: str, one: Question, form: Form) -> Problems:
    found: Problems = []
    offered = {other.name: {choice.value for choice in other.choices} for other in form.question if other.choices}
    for name, values in one.when.items():
        if name == one.name or name not in offered:
            found.append((f"{path}.{name}", "names no other question with choices"))
        else:
            found += [
                (f"{path}.{name}", f"{value!r} is no choice of it") for value in values if value not in offered[name]
            ]
    if one.when and one.name in ("sender", "subject"):
        found.append((path, "a ticket always needs a sender and a subject"))
    return found


def _translation_problems(path: str, form: Form) -> Problems:
    names = {one.name for one in form.question}
    choices = {f"{one.name}.{choice.value}" for one in form.question for choice in one.choices}
    found: Problems = []
    for language, words in form.translation.items():
        here = f"{path}.translation.{language}"
        found += [(here, "is the form's own language")] if language == form.language else []
        if words.subject and "subject" not in form.defaults:
            found.append((f"{here}.subject", "the form asks what it is about; only a default is translated"))
        found += [(f"{here}.labels.{name}", "no question is called so") for name in words.labels if name not in names]
        found += [(f"{here}.hints.{name}", "no question is called so") for name in words.hints if name not in names]
        found += [(f"{here}.choices.{name}", "no choice is called so") for name in words.choices if name not in choices]
    return found


def _question_problems(path: str, one: Question, services: Collection[str]) -> Problems:
    found = _one_of(f"{path}.type", one.type, QUESTION_TYPES)
    if not one.name.replace("_", "").isalnum() or not one.name.isascii():
        found.append((f"{path}.name", "letters, digits and _ only"))
    if (one.type == "choice") != bool(one.choices):
        found.append((f"{path}.choices", "a choice has choices, and nothing else has"))
    if one.type == "long" and one.name != "text" and not 1 <= one.most <= 1_000:
        found.append(
            (f"{path}.most", "a long answer that is kept in the record itself has at most 1000 characters: set most")
        )
    if one.name in ("sender", "on_behalf_of") and one.type != "email":
        found.append((f"{path}.type", f"{one.name} is an e-mail address: type email"))
    if one.name in ("service", "impact", "urgency"):
        for choice in one.choices:
            found += _fields(f"{path}.choices", {one.name: choice.value}, services)
    return found


def routing_problems(routing: Routing) -> Problems:
    """What is wrong in routing.toml, as (key path, reason)."""
    groups = routing.groups.groups
    found = _one_of("default", routing.default, groups)
    for number, rule in enumerate(routing.rule):
        found += _one_of(f"rule.{number}.assign", rule.assign, groups)
        found += [(f"rule.{number}.when.{key}", why) for key, why in rules.problems(rule.when, (*rules.FACTS, *BESIDE))]
        if not rule.when and number + 1 < len(routing.rule):
            found.append((f"rule.{number}.when", "always holds, so no rule after it is ever reached"))
    return found


def _one_of(path: str, value: str, allowed: Collection[str]) -> Problems:
    if value in allowed:
        return []
    return [(path, f"{value!r} is none of {', '.join(sorted(one for one in allowed if one))}")]


def _levels(path: str, impact: int, urgency: int) -> Problems:
    return [
        (f"{path}.{n}", "is 1 (highest) to 5") for n, v in (("impact", impact), ("urgency", urgency)) if not 1 <= v <= 5
    ]


def _fields(path: str, fields: Mapping[str, str], services: Collection[str]) -> Problems:
    found: Problems = []
    for name in ("impact", "urgency"):
        if name in fields:
            found += _one_of(f"{path}.{name}", fields[name], LEVELS)
    if fields.get("service"):
        found += _one_of(f"{path}.service", fields["service"], services)
    if "practice" in fields:
        found += _one_of(f"{path}.practice", fields["practice"], PRACTICES)
    return found
