"""Posted: the fields and files of a web form's POST, URL-encoded or multipart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from itsm.core.errors import MalformedError
from itsm.service_desk.sources import charsets, headers

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_FIELDS, OF_A_MACHINE = 200, 2_000
"""Fields of one form of a person, and of a machine: Mailgun posts each header of a mail as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a form: which field it answers, its own name and type, and its bytes."""

    answers: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was posted: the first value of each field as text and as bytes, and the files."""

    fields: dict[str, str]
    files: tuple[File, ...] = ()
    raw: dict[str, bytes] = field(default_factory=dict, repr=False)


def is_form(content_type: str) -> bool:
    """Whether a content type is one of a web form's two."""
    return headers.parameters(content_type)[0] in (URLENCODED, MULTIPART)


def read(body: bytes, content_type: str, most: int = MAX_FIELDS) -> Posted:
    """The fields and files (HTML, URL-encoded form data; RFC 7578), at most so many. Raises MalformedError."""
    kind, parameters = headers.parameters(content_type)
    if kind == URLENCODED or not kind:
        try:
            pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=most)
        except ValueError as error:
            raise MalformedError("the form has too many fields") from error
        return _posted([(name.decode("utf-8", "replace"), value) for name, value in pairs])
    if kind == MULTIPART and parameters.get("boundary"):
        parts = list(_parts(body, headers.raw_bytes(parameters["boundary"]), most))
        fields = [(part.answers, part.content) for part in parts if part.type == ""]
        return _posted(fields, tuple(part for part in parts if part.type and (part.name or part.content)))
    raise MalformedError(f"a form is sent as {URLENCODED} or {MULTIPART}")


def _posted(pairs: list[tuple[str, bytes]], files: tuple[File, ...] = ()) -> Posted:
    raw: dict[str, bytes] = {}
    for name, value in pairs:
        raw.setdefault(charsets.clean(name), value)
    fields = {name: charsets.clean(value.decode("utf-8", "replace")) for name, value in raw.items()}
    return Posted(fields=fields, files=files, raw=raw)


def _parts(body: bytes, boundary: bytes, most: int) -> Iterator[File]:
    """Each part; one without a file name has the type "": it is a field."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]
    if len(pieces) > most + 1:  # the last one is what closes the form
        raise MalformedError("the form has too many fields")
    for piece in pieces:
        head, _, content = piece.partition(b"\r\n\r\n")
        shown = re.search(rb"content-disposition:\s*form-data\s*;([^\r\n]*)", head, re.IGNORECASE)
        if shown:
            _, named = headers.parameters("form-data;" + shown[1].decode("utf-8", "surrogateescape"))
            type_ = ""
            if "filename" in named:
                said = re.search(rb"content-type:\s*([\w.+/-]+)", head, re.IGNORECASE)
                type_ = said[1].decode("ascii").lower() if said else "application/octet-stream"
            name = charsets.clean(named.get("filename", ""))
            if named.get("name"):
                yield File(answers=charsets.clean(named["name"]), name=name, type=type_, content=content)
