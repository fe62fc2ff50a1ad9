"""Blobs: raw mail, long texts and attachments in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from itsm.core.errors import NotFoundError, OutsideError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Blobs:
    """The `Blobs` port on one bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise NotFoundError(f"nothing is stored under {key!r}") from error
        except (ClientError, BotoCoreError) as error:
            raise OutsideError(f"{key!r} could not be read; it is tried again") from error

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store the bytes; keys are derived, so storing again stores the same."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise OutsideError(f"{key!r} could not be stored; it is tried again") from error
