"""What Jira's answers mean: waits are kept, unknown fates stay unknown, bodies stay out of messages (fault 33, 36)."""

import pytest
from itsm.core.errors import (
    AmbiguousError,
    ForbiddenError,
    InvalidInputError,
    ItsmError,
    NotFoundError,
    OutsideError,
    PolicyError,
    StaleVersionError,
    ThrottledError,
    TooLargeError,
    UnauthenticatedError,
)
from itsm.jira.address import allowed
from itsm.jira.answers import checked, refused_field, wait

NOW = 1_764_000_000
JSON = {"Content-Type": "application/json;charset=UTF-8"}
SECRET_BODY = b'{"errorMessages":["secret word"],"errors":{"priority":"secret word"}}'


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1847"}, 1847),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "99999999"}, 6 * 3600),
        ({"retry-after": "Mon, 24 Nov 2025 16:02:00 GMT"}, 120),
        ({"retry-after": "Mon, 24 Nov 2025 16:02:00 GMT", "date": "Mon, 24 Nov 2025 16:01:30 GMT"}, 30),
        ({"retry-after": "Mon, 24 Nov 2025 15:00:00 GMT"}, 1),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "²"}, 60),
        ({"x-ratelimit-reset": "2025-11-24T16:10Z"}, 600),
        ({"x-ratelimit-reset": "later"}, 60),
        ({}, 60),
    ],
)
def test_fault_33_a_throttle_is_waited_out(headers: dict[str, str], seconds: int) -> None:
    assert wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "once", "error"),
    [
        (400, JSON, True, InvalidInputError),
        (422, JSON, True, InvalidInputError),
        (401, {}, False, UnauthenticatedError),
        (403, {"Content-Type": "text/html"}, False, ForbiddenError),
        (404, JSON, False, NotFoundError),
        (409, JSON, True, StaleVersionError),
        (413, JSON, True, TooLargeError),
        (429, {"Retry-After": "3"}, True, ThrottledError),
        (429, {"RateLimit-Reason": "jira-burst-based"}, True, ThrottledError),
        (429, {}, True, AmbiguousError),
        (429, {}, False, ThrottledError),
        (503, {"Retry-After": "3"}, False, ThrottledError),
        (503, {"Retry-After": "3"}, True, AmbiguousError),
        (500, {}, True, AmbiguousError),
        (502, {}, False, OutsideError),
        (302, {"Location": "http://169.254.169.254/"}, False, OutsideError),
        (200, {"Content-Type": "text/html"}, True, AmbiguousError),
        (200, {"Content-Type": "text/html"}, False, OutsideError),
    ],
)
def test_fault_36_each_answer_has_one_meaning(
    status: int, headers: dict[str, str], once: bool, error: type[ItsmError]
) -> None:
    with pytest.raises(ItsmError) as caught:
        checked(status, headers, SECRET_BODY, once=once, now=NOW)

    assert type(caught.value) is error
    assert "secret word" not in str(caught.value)


def test_fault_36_half_an_answer_to_a_write_leaves_its_fate_unknown() -> None:
    with pytest.raises(AmbiguousError):
        checked(201, JSON, b'{"id": "100', once=True, now=NOW)


def test_no_content_is_an_answer() -> None:
    assert checked(204, {}, b"", once=True, now=NOW) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"errors":{"duedate":"no"}}', "due"),
        (b'{"errors":{"customfield_1":"no","priority":"no"}}', "priority"),
        (b'{"errors":{"customfield_1":"no"}}', "customfield_1"),
        (b'{"errors":{}}', "request"),
        (b'{"errors":"no"}', "request"),
        (b"3", "request"),
        (b"null", "request"),
        (b"<html>", "request"),
        (b"\xff\xfe", "request"),
    ],
)
def test_a_refusal_names_the_field_whatever_its_body_is(body: bytes, field: str) -> None:
    assert refused_field(body) == field


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.atlassian.net/",
        "https://api.atlassian.com/ex/jira/abc",
        "http://127.0.0.1:8090",
        "https://jira.acme.example",
    ],
)
def test_the_token_goes_to_atlassian_to_listed_hosts_and_to_this_machine(url: str) -> None:
    assert allowed(url, ["jira.acme.example"]) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.atlassian.net",
        "https://atlassian.net.evil.example",
        "https://evilatlassian.net",
        "https://127.0.0.1",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "https://user:word@acme.atlassian.net",
        "https://acme.atlassian.net?x=1",
        "ftp://acme.atlassian.net",
        "acme.atlassian.net",
        "",
    ],
)
def test_the_token_goes_nowhere_else(url: str) -> None:
    with pytest.raises(PolicyError):
        allowed(url)
