"""Every error the product raises, as one tree.

ItsmError
 ├── NotFoundError            no such record, form, source or group            HTTP 404
 ├── IllegalMoveError         the lifecycle does not allow that move           HTTP 409, with the legal moves
 ├── StaleVersionError        somebody saved the record first                  HTTP 409, read again
 ├── InvalidInputError        a field is missing or wrong                      HTTP 422, with the field
 ├── MalformedError           the body cannot be read at all                   HTTP 422 (quarantine for mail)
 ├── TooLargeError            more than the door takes                         HTTP 413
 ├── UnauthenticatedError     signature, token or link missing or wrong        HTTP 401
 ├── ForbiddenError           known, but not allowed to do this                HTTP 403
 ├── GoneError                link used up, expired, or its subject changed    HTTP 410
 ├── PolicyError              the organisation's policy contradicts itself     build fails; HTTP 500
 └── OutsideError             a service outside did not do its part            retried, then the dead-letter queue
      ├── ThrottledError      it asked to wait: `retry_after` in seconds
      └── AmbiguousError      it may or may not have acted; look before asking again
"""

from collections.abc import Iterable


class ItsmError(Exception):
    """Root of the tree; the message says what was wrong, where, and what to do."""


class NotFoundError(ItsmError):
    """No such record, form, source or group."""


class IllegalMoveError(ItsmError):
    """The lifecycle does not allow the move; `legal` holds the states that are allowed."""

    def __init__(self, number: str, state: str, to: str, legal: Iterable[str]) -> None:
        self.state, self.to, self.legal = state, to, tuple(sorted(legal))
        allowed = ", ".join(self.legal) or "none"
        super().__init__(f"{number} is {state} and cannot become {to}; legal moves: {allowed}")


class StaleVersionError(ItsmError):
    """The record has a newer version than the one that was changed; read it again."""


class InvalidInputError(ItsmError):
    """One field is missing or wrong; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class MalformedError(ItsmError):
    """The body cannot be read at all (not JSON, not a mail)."""


class TooLargeError(ItsmError):
    """More bytes, parts or levels than the door takes."""


class UnauthenticatedError(ItsmError):
    """A signature, token or link is missing, wrong or too old."""


class ForbiddenError(ItsmError):
    """The caller is known but may not do this."""


class GoneError(ItsmError):
    """A link is used up or expired, or what it was issued for has changed."""


class PolicyError(ItsmError):
    """The organisation's policy is wrong; the message names file, line and key."""


class OutsideError(ItsmError):
    """A service outside did not do its part; worth another try later."""


class ThrottledError(OutsideError):
    """The other side asked to wait `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class AmbiguousError(OutsideError):
    """The other side may or may not have acted; look before asking again."""
