"""Attachments: what could harm is not kept, and the ticket names it; what is kept is kept byte for byte."""

import io
import zipfile
from typing import Any

import pytest
from itsm.service_desk.attachments import EICAR, refusal, screened, told
from itsm.service_desk.policy import Attachments
from itsm.service_desk.submission import Attachment, attachment, listed

from tests.itsm.service_desk.mails import a_submission

POLICY = Attachments(refused_endings=("exe", "js"), archive_entries=20, archive_depth=2)


def a_file(name: str = "plan.pdf", content: bytes = b"%PDF-1.4", kind: str = "application/pdf") -> Attachment:
    return attachment(name, kind, content)


def archive(method: int = zipfile.ZIP_DEFLATED, /, **files: Any) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as made:
        for name, content in files.items():
            made.writestr(name.replace("_", "."), content)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (a_file(), ""),
        (a_file("invoice.pdf.EXE"), ".exe"),
        (a_file("invoice.exe. "), ".exe"),
        (a_file("invoice.pdf", b"MZ\x90\x00"), "Windows program"),
        (a_file("run", b"#!/bin/sh\n", "application/octet-stream"), "script"),
        (a_file("notes.txt", b"#!/bin/sh\n", "text/plain"), ""),
        (a_file("x.txt", EICAR, "text/plain"), "test virus"),
        (a_file("ok.zip", archive(a_txt=b"x" * 2_000)), ""),
        (a_file("bad.zip", archive(a_js=b"x")), "a file ending in .js"),
        (a_file("deep.zip", archive(b_zip=archive(c_zip=archive(d_txt=b"x")))), "2 deep"),
        (a_file("two.zip", archive(b_zip=archive(c_txt=b"x"))), ""),
        (a_file("hidden.zip", archive(b_zip=archive(c_exe=b"x"))), "a file ending in .exe"),
        (a_file("bomb.zip", archive(a_txt=b"\0" * 20_000_000)), "far too much"),
        (a_file("inner.zip", archive(b_zip=archive(a_txt=b"\0" * 20_000_000))), "far too much"),
        (a_file("many.zip", archive(**{f"f{n}": b"" for n in range(21)})), "more than 20 files"),
        (a_file("broken.zip", archive(a_txt=b"x")[:40]), ""),
    ],
)
def test_a_file_is_judged_by_its_name_its_bytes_and_what_it_unpacks_to(file: Attachment, why: str) -> None:
    found = refusal(file, POLICY)
    assert (why in found) if why else not found


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_in_an_archive_is_no_error_and_hides_nothing_beside_it(method: int) -> None:
    whole = bytearray(archive(method, a_zip=bytes(range(256)) * 200, b_exe=b"x"))
    whole[45:75] = bytes(255 - byte for byte in whole[45:75])
    assert "a file ending in .exe" in refusal(a_file("a.zip", bytes(whole)), POLICY)


def test_files_beyond_number_or_size_are_named_and_the_rest_kept() -> None:
    files = tuple(a_file(f"f{n}.pdf", b"%PDF" + bytes(n)) for n in range(5))
    few = screened(a_submission(attachments=files), Attachments(most=3))
    assert [one.refused for one in few.attachments] == ["", "", "", "more than 3 files", "more than 3 files"]
    small = screened(a_submission(attachments=files), Attachments(total_bytes=9, max_bytes=7))
    assert [bool(one.refused) for one in small.attachments] == [False, False, True, True, True]
    assert [line.split("|")[1] for line in listed(small.attachments, "r")] == ["f0.pdf", "f1.pdf"]
    assert "f4.pdf (larger than" in told(small.attachments)


def test_limits_do_not_change_what_was_said() -> None:
    mail = a_submission(attachments=(a_file("a.exe"),))
    assert screened(mail, POLICY).digest == mail.digest
