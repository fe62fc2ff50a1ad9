"""Posted: the fields and files of a web form's POST, URL-encoded or multipart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from itsm.core.errors import MalformedError
from itsm.service_desk.sources import charsets, headers

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_FIELDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a form: which field it answers, its own name and type, and its bytes."""

    field: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was posted: the first value of each field, and the files that hold anything."""

    fields: dict[str, str]
    files: tuple[File, ...] = ()


def is_form(content_type: str) -> bool:
    """Whether a content type is one of a web form's two."""
    return headers.parameters(content_type)[0] in (URLENCODED, MULTIPART)


def read(body: bytes, content_type: str) -> Posted:
    """The fields and files (HTML, URL-encoded form data; RFC 7578). Raises MalformedError."""
    kind, parameters = headers.parameters(content_type)
    if kind == URLENCODED or not kind:
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except ValueError as error:
            raise MalformedError("the form has too many fields") from error
        return Posted(fields=_first(pairs))
    if kind == MULTIPART and parameters.get("boundary"):
        parts = list(_parts(body, headers.raw_bytes(parameters["boundary"])))
        fields = [(part.field, part.content.decode("utf-8", "replace")) for part in parts if part.type == ""]
        return Posted(fields=_first(fields), files=tuple(part for part in parts if part.type and part.content))
    raise MalformedError(f"a form is sent as {URLENCODED} or {MULTIPART}")


def _first(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, charsets.clean(value))
    return found


def _parts(body: bytes, boundary: bytes) -> Iterator[File]:
    """Each part; one without a file name has the type "": it is a field."""
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1 : MAX_FIELDS + 1]:
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
                yield File(field=charsets.clean(named["name"]), name=name, type=type_, content=content)
