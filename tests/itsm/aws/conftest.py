"""A record store on tables in memory, made the way the templates make them."""

from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from itsm.aws.models import Tables, tables
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from moto import mock_aws

from tests.support.cloud import make_tables
from tests.support.units import Meter, metered

REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Store:
    """The store under test, its tables and the meter on its calls."""

    records: Records
    tables: Tables
    meter: Meter

    def another(self) -> Records:
        """A second environment of the same deployment, with a number block of its own."""
        return Records(self.tables, REGION, Numbers(self.tables))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Tables and a store, empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws(), metered("records") as meter:
        make_tables(boto3.client("dynamodb", region_name=REGION))
        tables.cache_clear()
        bound = tables(records="records", audit="audit", ephemeral="ephemeral", region=REGION)
        yield Store(Records(bound, REGION, Numbers(bound)), bound, meter)
