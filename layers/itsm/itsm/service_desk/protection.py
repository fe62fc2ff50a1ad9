"""Protection: whether a mail is signed or encrypted, told from its form; it is kept, not checked or opened."""

import re

from itsm.service_desk.sources.mime import Mail, Part

SMIME_SIGNED, SMIME_ENCRYPTED = "S/MIME signed", "S/MIME encrypted"
PGP_SIGNED, PGP_ENCRYPTED = "PGP signed", "PGP encrypted"
INLINE = re.compile(r"^-----BEGIN PGP (SIGNED )?MESSAGE-----", re.MULTILINE)
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
"""The object identifier a CMS message begins with when it is signed and not encrypted (RFC 5652 5.1)."""
MESSAGE, SIGNATURE = ("", "smime.p7m"), ("", "smime.p7s")
"""What the protection of a mail itself is called; any other name is a file somebody sent that happens to be signed."""


def protection(mail: Mail) -> str:
    """How a mail is protected, "" when it is not (RFC 8551 3.2 and 3.5, RFC 3156 4 and 5, RFC 4880 7).

    What is encrypted is for the person who holds the key: it stays whole among the files and in the raw mail.
    """
    protocol = mail.parameters.get("protocol", "").lower()
    if mail.type == "multipart/signed":
        return PGP_SIGNED if "pgp" in protocol else SMIME_SIGNED
    if mail.type == "multipart/encrypted":
        return PGP_ENCRYPTED
    return next(filter(None, map(_of, mail.parts)), "")


def _of(part: Part) -> str:
    kind, name = part.type.replace("application/x-pkcs7", "application/pkcs7"), part.name.lower()
    # a gateway that does not know the type leaves the name (RFC 8551 3.2.1)
    unknown = kind == "application/octet-stream"
    if (kind == "application/pkcs7-mime" and (name in MESSAGE or not part.parent)) or (unknown and name == MESSAGE[1]):
        said = part.parameters.get("smime-type", "").lower()
        signed = said in ("signed-data", "certs-only") or (not said and SIGNED_DATA in part.content[:64])
        return SMIME_SIGNED if signed else SMIME_ENCRYPTED
    is_around = part.parent == "multipart/signed"
    if (kind == "application/pkcs7-signature" and (name in SIGNATURE or is_around)) or (
        unknown and name == SIGNATURE[1]
    ):
        return SMIME_SIGNED
    if kind == "application/pgp-signature":
        return PGP_SIGNED
    if kind == "application/pgp-encrypted":
        return PGP_ENCRYPTED
    found = INLINE.search(part.text[:65_536]) if part.is_body else None
    return "" if found is None else PGP_SIGNED if found[1] else PGP_ENCRYPTED
