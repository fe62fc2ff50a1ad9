"""Protection: whether a mail is signed or encrypted, told from its form; it is kept, not checked or opened."""

from itsm.service_desk.sources.mime import Mail

SMIME_SIGNED, SMIME_ENCRYPTED = "S/MIME signed", "S/MIME encrypted"
PGP_SIGNED, PGP_ENCRYPTED = "PGP signed", "PGP encrypted"
INLINE = (("-----BEGIN PGP MESSAGE-----", PGP_ENCRYPTED), ("-----BEGIN PGP SIGNED MESSAGE-----", PGP_SIGNED))


def protection(mail: Mail) -> str:
    """How a mail is protected, "" when it is not (RFC 8551 3.2 and 3.5, RFC 3156 4 and 5, RFC 4880 7).

    What is encrypted is for the person who holds the key: it stays whole among the files and in the raw mail.
    """
    protocol = mail.parameters.get("protocol", "").lower()
    if mail.type == "multipart/signed":
        return PGP_SIGNED if "pgp" in protocol else SMIME_SIGNED
    if mail.type == "multipart/encrypted":
        return PGP_ENCRYPTED
    for part in mail.parts:
        if part.type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            signed = part.parameters.get("smime-type", "").lower() in ("signed-data", "certs-only")
            return SMIME_SIGNED if signed else SMIME_ENCRYPTED
        if part.type in ("application/pkcs7-signature", "application/x-pkcs7-signature"):
            return SMIME_SIGNED
        if part.type == "application/pgp-signature":
            return PGP_SIGNED
        if part.type == "application/pgp-encrypted":
            return PGP_ENCRYPTED
        if part.is_body:
            said = part.text[:65_536]
            found = next((kind for mark, kind in INLINE if mark in said), "")
            if found:
                return found
    return ""
