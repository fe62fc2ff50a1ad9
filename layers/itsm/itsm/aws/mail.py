"""Mail: outgoing mail through SES, once per effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from itsm.core.errors import OutsideError
from itsm.core.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class Claims(Protocol):
    """Who may carry out an effect, and that it was carried out."""

    def claim(self, effect: str) -> bool:
        """True to carry it out now, False if it was. Raises OutsideError while another holds it."""

    def done(self, effect: str) -> None:
        """It was carried out."""


class Mail:
    """The `Mail` port. A crash between sending and noting it sends again, under the same Message-ID."""

    def __init__(self, client: SESV2Client, claims: Claims, to_mime: Callable[[Message], bytes]) -> None:
        self._client, self._claims, self._to_mime = client, claims, to_mime

    def send(self, message: Message) -> None:
        """SendEmail with the raw message, unless this effect was carried out already."""
        if not self._claims.claim(message.effect):
            return
        try:
            self._client.send_email(
                Destination={"ToAddresses": list(message.to)}, Content={"Raw": {"Data": self._to_mime(message)}}
            )
        except (ClientError, BotoCoreError) as error:
            raise OutsideError("a mail could not be handed over; it is tried again") from error
        self._claims.done(message.effect)
