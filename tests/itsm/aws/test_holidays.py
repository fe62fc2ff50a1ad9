"""The days of feeds in the records table: kept whole, read back as they were; one that makes no sense is said."""

from typing import Any

import boto3
import pytest
from itsm.aws.holidays import Holidays
from itsm.core.errors import MalformedError

from tests.itsm.aws.conftest import REGION, Store

DAYS = frozenset(range(739_000, 739_000 + 15 * 75))
"""Fifteen days a year until the end of the century."""


def test_days_come_back_as_they_were_kept_and_a_newer_list_replaces_the_older(store: Store) -> None:
    holidays = Holidays(store.tables)
    assert holidays.get("germany") is None
    holidays.put("germany", DAYS)
    holidays.put("france", frozenset({739_000}))
    assert (holidays.get("germany"), holidays.get("france")) == (DAYS, frozenset({739_000}))
    holidays.put("germany", frozenset({739_001}))
    assert holidays.get("germany") == frozenset({739_001})


@pytest.mark.parametrize("body", ["[1,", "{}", '["2026-01-05"]', "[true]", "[0]", "[99999999]", "7", "null"])
def test_a_copy_that_is_no_list_of_days_is_not_the_feeds_word(store: Store, body: str) -> None:
    key: dict[str, Any] = {"pk": {"S": "FEED#germany"}, "sk": {"S": "D"}, "days": {"S": body}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="records", Item=key)
    with pytest.raises(MalformedError, match="germany"):
        Holidays(store.tables).get("germany")
