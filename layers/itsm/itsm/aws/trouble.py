"""Trouble: what DynamoDB answers when it does not do its part, as the product's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from pynamodb.exceptions import DoesNotExist, PynamoDBException

from itsm.aws.models import CONDITION_FAILED
from itsm.core.errors import OutsideError, StaleVersionError, TooLargeError

CONFLICT, INVALID, TOO_LARGE = "TransactionConflictException", "ValidationException", "size"


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Around one call: a failed condition and a missing item are the caller's to judge, anything else is trouble.

    Raises StaleVersionError when a transaction holds the item just now, TooLargeError for an item over 400 KB
    (DynamoDB's limit), OutsideError that says `what` could not be done for all the rest.
    """
    try:
        yield
    except DoesNotExist:
        raise
    except PynamoDBException as error:
        code = error.cause_response_code
        if code == CONDITION_FAILED:
            raise
        if code == CONFLICT:
            raise StaleVersionError("somebody is changing this record just now; read it again") from error
        if is_too_large(error):
            raise TooLargeError(f"{what}: it holds more than the 400 KB a record may have") from error
        raise OutsideError(f"{what}; it is tried again") from error


def is_too_large(error: PynamoDBException) -> bool:
    """Whether DynamoDB refused an item because of its size."""
    return error.cause_response_code == INVALID and TOO_LARGE in (error.cause_response_message or "").lower()
