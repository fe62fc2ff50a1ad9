"""Hook checks: what can be wrong in how a source posts the mails it has taken apart, said by key."""

import re

from itsm.service_desk.hooks import TakenApart

FORMS = ("block", "objects", "pairs")
"""What a head may be posted as: the lines of the mail, or a list of objects or of pairs."""
PATH = re.compile(r"\{[^{}]+\}")
NAME = re.compile(r"[!-9;-~]{1,100}")
"""The name of a header (RFC 5322 2.2)."""
REBUILT = ("content-", "mime-version")
"""Headers that say how a mail's body is written: it is written anew, and so are they."""

type Problems = list[tuple[str, str]]


def mail_problems(path: str, mail: TakenApart | None) -> Problems:
    """What is wrong in [webhook.<name>.mail], as (key path, reason)."""
    if mail is None:
        return []
    found: Problems = []
    if mail.form not in FORMS:
        found.append((f"{path}.form", f"{mail.form!r} is none of {', '.join(FORMS)}"))
    single = {name: getattr(mail, name) for name in ("head", "text", "html", "charsets", "content_ids")}
    single |= {name: getattr(mail, name) for name in ("name", "value")} if mail.form == "objects" else {}
    if "{" in mail.files:
        single |= {"files": mail.files}
        single |= {f"file.{name}": getattr(mail.file, name) for name in ("name", "type", "content", "content_id")}
    for name, text in single.items():
        if (text or name == "head") and not PATH.fullmatch(text):
            found.append((f"{path}.{name}", "is one path in braces, like {Headers}"))
    if not mail.text and not mail.html:
        found.append((f"{path}.text", "name the field of the text or of the HTML, or every mail would be empty"))
    if mail.content_ids and (not mail.files or "{" in mail.files):
        found.append((f"{path}.content_ids", "names fields of a form: set files to how their names begin"))
    return found + _missing_problems(f"{path}.missing", mail)


def _missing_problems(path: str, mail: TakenApart) -> Problems:
    found: Problems = []
    for name, text in mail.missing.items():
        rest = PATH.sub("", text)
        if not NAME.fullmatch(name) or name.lower().startswith(REBUILT):
            found.append((f"{path}.{name}", "is no header that can be filled in"))
        elif rest == text or "{" in rest or "}" in rest:
            found.append((f"{path}.{name}", "is a text with paths in braces, like <{envelope.from}>"))
    return found
