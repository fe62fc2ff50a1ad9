"""Intake, mail: what SES has stored becomes a ticket, an entry on one, or a held submission; never nothing."""

from collections.abc import Mapping
from typing import Any

from itsm.runtime import intake
from itsm.runtime.door import queue_door
from itsm.runtime.ports import Ports


@queue_door
def handler(message: Mapping[str, Any], ports: Ports) -> None:
    """One message of the mail queue; a mail that fails is delivered again and never blocks another."""
    intake.take_mail(message, ports)
