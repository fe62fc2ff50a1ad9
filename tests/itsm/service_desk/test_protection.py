"""Protection: a signed or encrypted mail is told, kept whole, and its words are still read where they stand open."""

import base64

import pytest
from itsm.service_desk.filters import Own
from itsm.service_desk.sources import email

from tests.itsm.service_desk.mails import a_mail

SIGNATURE = '--B\nContent-Type: {}; name="{}"\nContent-Disposition: attachment\n\nx\n--B--\n'
WORDS = "--B\nContent-Type: text/plain\n\nIt is slow.\n"


def signed(kind: str, name: str, protocol: str) -> bytes:
    head = f'multipart/signed; protocol="{protocol}"; boundary="B"'
    return a_mail(WORDS + SIGNATURE.format(kind, name), Content_Type=head)


@pytest.mark.parametrize(
    ("raw", "told", "text"),
    [
        (a_mail(), "", "It is slow."),
        (
            signed("application/pkcs7-signature", "smime.p7s", "application/pkcs7-signature"),
            "S/MIME signed",
            "It is slow.",
        ),
        (signed("application/pgp-signature", "s.asc", "application/pgp-signature"), "PGP signed", "It is slow."),
        (
            a_mail("x\n", Content_Type='application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'),
            "S/MIME encrypted",
            "",
        ),
        (a_mail("x\n", Content_Type="application/x-pkcs7-mime; smime-type=signed-data"), "S/MIME signed", ""),
        (
            a_mail(
                "--B\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--B\n"
                'Content-Type: application/octet-stream; name="encrypted.asc"\n\nx\n--B--\n',
                Content_Type='multipart/encrypted; protocol="application/pgp-encrypted"; boundary="B"',
            ),
            "PGP encrypted",
            "",
        ),
        (a_mail("x\n", Content_Type='application/octet-stream; name="smime.p7m"'), "S/MIME encrypted", ""),
        (
            a_mail(
                base64.b64encode(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0").decode(),
                Content_Type='application/pkcs7-mime; name="smime.p7m"',
                Content_Transfer_Encoding="base64",
            ),
            "S/MIME signed",
            "",
        ),
        (
            a_mail(
                WORDS + '--B\nContent-Type: application/pkcs7-mime; name="invoice.pdf.p7m"\n\nx\n--B--\n',
                Content_Type='multipart/mixed; boundary="B"',
            ),
            "",
            "It is slow.",
        ),
        (
            a_mail(
                WORDS + SIGNATURE.format("application/pkcs7-signature", "contract.pdf.p7s"),
                Content_Type='multipart/mixed; boundary="B"',
            ),
            "",
            "It is slow.",
        ),
        (a_mail("-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n"), "PGP signed", "-----BEGIN PGP SIGNED MESSAGE-----\n\nx"),
        (a_mail("Look:\n> -----BEGIN PGP MESSAGE-----\n"), "", "Look:\n> -----BEGIN PGP MESSAGE-----"),
        (a_mail("-----BEGIN PGP MESSAGE-----\n\nx\n"), "PGP encrypted", "-----BEGIN PGP MESSAGE-----\n\nx"),
    ],
)
def test_how_a_mail_is_protected_is_told_and_nothing_of_it_is_lost(raw: bytes, told: str, text: str, own: Own) -> None:
    mail = email.parse(raw, received_at=0, own=own)
    assert (mail.fields.get("protection", ""), mail.text) == (told, text)
    assert mail.attachments or text
