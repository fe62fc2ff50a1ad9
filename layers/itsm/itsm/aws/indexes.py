"""Indexes: a record is found by its number, its people, its group and its next deadline; each holds what it must."""

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection


class NumberIndex(GlobalSecondaryIndex[Any]):
    """From a human number to its record."""

    class Meta:
        """Index settings."""

        index_name = "number"
        projection = KeysOnlyProjection()

    num = UnicodeAttribute(hash_key=True)


class RequesterIndex(GlobalSecondaryIndex[Any]):
    """What a person asked for, by when."""

    class Meta:
        """Index settings."""

        index_name = "requester"
        projection = KeysOnlyProjection()

    req = UnicodeAttribute(hash_key=True)
    opened = NumberAttribute(range_key=True)


class AssigneeIndex(GlobalSecondaryIndex[Any]):
    """The open records a person works on, by when they were opened; sparse."""

    class Meta:
        """Index settings."""

        index_name = "assignee"
        projection = KeysOnlyProjection()

    asg = UnicodeAttribute(hash_key=True)
    opened = NumberAttribute(range_key=True)


class WorklistIndex(GlobalSecondaryIndex[Any]):
    """A group's open records by due, then priority; sparse."""

    class Meta:
        """Index settings."""

        index_name = "worklist"
        projection = IncludeProjection(["num", "practice", "title", "state", "prio", "asg"])

    wl = UnicodeAttribute(hash_key=True)
    wlk = UnicodeAttribute(range_key=True)


class TimersIndex(GlobalSecondaryIndex[Any]):
    """Records whose next deadline is ahead, by shard and instant; sparse."""

    class Meta:
        """Index settings."""

        index_name = "timers"
        projection = KeysOnlyProjection()

    tshard = UnicodeAttribute(hash_key=True)
    tdue = NumberAttribute(range_key=True)
