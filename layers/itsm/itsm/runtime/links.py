"""Links: what a signed link was made for, whichever of our live secrets made it."""

from itsm.core.errors import UnauthenticatedError
from itsm.core.signing import verify
from itsm.runtime.ports import Ports


def payload(purpose: str, token: str, ports: Ports) -> str:
    """The payload of a link; the secret before a rotation opens it for as long as it is kept.

    Raises UnauthenticatedError for a link none of them made, GoneError for an expired one.
    """
    refused = UnauthenticatedError("this deployment has no secret to sign links with")
    for secret in ports.secrets.get("link").values():
        try:
            return verify(secret.encode(), purpose, token, now=ports.now())
        except UnauthenticatedError as error:
            refused = error
    raise refused
