"""Blobs: what a scanner's tag says, and a link that only downloads."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from itsm.aws.blobs import SCANNED, Blobs
from itsm.core.errors import NotFoundError
from moto import mock_aws

BUCKET, KEY = "blobs", "attachments/abc"


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blobs]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        found = Blobs(client, BUCKET)
        found.put(KEY, b"%PDF", "application/octet-stream")
        yield found


def tagged(value: str) -> None:
    """What the scanner would do."""
    tags = {"TagSet": [{"Key": SCANNED, "Value": value}]}
    boto3.client("s3", region_name="us-east-1").put_object_tagging(Bucket=BUCKET, Key=KEY, Tagging=tags)  # type: ignore[arg-type]  # as the API wants it


@pytest.mark.parametrize(
    ("tag", "verdict"), [("NO_THREATS_FOUND", "clean"), ("THREATS_FOUND", "infected"), ("UNSUPPORTED", "locked")]
)
def test_the_tag_of_the_scanner_is_its_verdict(blobs: Blobs, tag: str, verdict: str) -> None:
    tagged(tag)
    assert blobs.verdict(KEY) == verdict


def test_what_was_not_scanned_yet_is_pending_and_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    assert blobs.verdict(KEY) == "pending"
    with pytest.raises(NotFoundError):
        blobs.verdict("attachments/none")


def test_a_link_downloads_under_the_files_own_name_and_expires(blobs: Blobs) -> None:
    asked = parse_qs(urlsplit(blobs.link(KEY, 'Pläne "1".pdf')).query)
    assert asked["response-content-disposition"] == ["attachment; filename*=UTF-8''Pl%C3%A4ne%20%221%22.pdf"]
    assert {"Expires", "X-Amz-Expires"} & asked.keys()
