"""Secrets: values from Secrets Manager, read again after five minutes so that a rotation takes hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from itsm.core.errors import NotFoundError, OutsideError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT = 300


class Secrets:
    """The `Secrets` port; `arns` maps the names the product uses to the secrets of this deployment."""

    def __init__(self, client: SecretsManagerClient, arns: Mapping[str, str], now: Callable[[], int]) -> None:
        self._client, self._arns, self._now = client, arns, now
        self._read: dict[str, tuple[int, Mapping[str, str]]] = {}

    def get(self, name: str) -> Mapping[str, str]:
        """All values of a secret by key."""
        read_at, values = self._read.get(name, (0, {}))
        if values and self._now() - read_at < KEPT:
            return values
        if not self._arns.get(name):
            raise NotFoundError(f"this deployment has no secret called {name!r}; see the parameters in infra/README.md")
        try:
            answer = self._client.get_secret_value(SecretId=self._arns[name])
        except (ClientError, BotoCoreError) as error:
            raise OutsideError(f"the secret {name!r} could not be read; it is tried again") from error
        fresh: Mapping[str, str] = json.loads(answer["SecretString"])
        self._read[name] = (self._now(), fresh)
        return fresh
