"""Blobs: raw mail, long texts and attachments in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from itsm.core import scan
from itsm.core.errors import NotFoundError, OutsideError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


SCANNED = "GuardDutyMalwareScanStatus"
"""The tag Amazon GuardDuty Malware Protection for S3 puts on what it has scanned."""
MINUTES = 5


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

    def link(self, key: str, name: str, media_type: str = "") -> str:
        """A presigned GET; the name is said as RFC 6266 wants it, and no browser opens the file in our name."""
        shown = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        asked = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": shown}
        asked |= {"ResponseContentType": media_type} if media_type else {}
        return self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=MINUTES * 60)

    def verdict(self, key: str) -> str:
        """The scanner's tag on the object."""
        try:
            tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        except self._client.exceptions.NoSuchKey as error:
            raise NotFoundError(f"nothing is stored under {key!r}") from error
        except (ClientError, BotoCoreError) as error:
            raise OutsideError(f"what the scanner said of {key!r} could not be read; it is tried again") from error
        said = next((tag["Value"] for tag in tags if tag["Key"] == SCANNED), "")
        return scan.verdict(said)
