"""A record store on tables in memory, made the way the templates make them."""

from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from itsm.aws.models import Tables, tables
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from tests.support.units import RECORD_INDEXES, Meter, metered

REGION = "eu-central-1"
NUMERIC = frozenset({"opened", "tdue"})


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
def store(aws_credentials: None) -> Iterator[Store]:
    """Tables and a store, empty."""
    with mock_aws(), metered("records") as meter:
        _create_tables()
        tables.cache_clear()
        bound = tables(records="records", audit="audit", ephemeral="ephemeral", region=REGION)
        yield Store(Records(bound, REGION, Numbers(bound)), bound, meter)


def _create_tables() -> None:
    client = boto3.client("dynamodb", region_name=REGION)
    names = {"pk", "sk", *(key for index in RECORD_INDEXES for key in index.keys)}
    client.create_table(
        TableName="records",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[_attribute(name) for name in sorted(names)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.name,
                "KeySchema": _schema(*index.keys),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.include)}
                if index.include
                else {"ProjectionType": "KEYS_ONLY"},
            }
            for index in RECORD_INDEXES
        ],
    )
    for table, keys in (("audit", ("pk", "sk")), ("ephemeral", ("pk",))):
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=_schema(*keys),
            AttributeDefinitions=[_attribute(key) for key in keys],
        )


def _schema(hash_key: str, range_key: str = "") -> list[dict[str, str]]:
    keys = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*keys, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else keys


def _attribute(name: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": "N" if name in NUMERIC else "S"}
