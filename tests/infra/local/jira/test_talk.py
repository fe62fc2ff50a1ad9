"""Comments, links and files over REST."""

from __future__ import annotations

import pytest

from tests.infra.local.jira.bench import INTEGRATION, Bench, basic, document

INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]


def test_a_comment_is_public_unless_marked_internal_in_the_same_request(jira: Bench) -> None:
    key = jira.create()
    public = jira.ok("POST", f"issue/{key}/comment", {"body": document("We look at it.")})
    internal = jira.ok("POST", f"issue/{key}/comment", {"body": document("Again!"), "properties": INTERNAL})
    assert public["jsdPublic"] is True
    assert internal["jsdPublic"] is False
    shown = jira.ok("GET", f"issue/{key}/comment/{internal['id']}", query={"expand": "properties"})
    assert shown["properties"] == INTERNAL
    assert shown["author"]["accountId"] == INTEGRATION


def test_properties_of_comments_come_only_when_asked_for(jira: Bench) -> None:
    key = jira.create()
    mark = [{"key": "itsm.sync", "value": {"comment": "c1"}}]
    jira.ok("POST", f"issue/{key}/comment", {"body": document("x"), "properties": mark})
    assert "properties" not in jira.ok("GET", f"issue/{key}/comment")["comments"][0]
    shown = jira.ok("GET", f"issue/{key}/comment", query={"expand": "properties", "orderBy": "-created"})
    assert shown["comments"][0]["properties"] == mark


def test_comments_come_in_order_and_in_pages(jira: Bench) -> None:
    key = jira.create()
    for text in ("one", "two", "three"):
        jira.ok("POST", f"issue/{key}/comment", {"body": document(text)})
        jira.wait(1)
    page = jira.ok("GET", f"issue/{key}/comment", query={"orderBy": "-created", "maxResults": "2"})
    assert [comment["body"] for comment in page["comments"]] == [document("three"), document("two")]
    assert page["total"] == 3
    assert jira.refused("GET", f"issue/{key}/comment", query={"maxResults": "many"})["status"] == 400


def test_a_comment_is_changed_and_deleted(jira: Bench) -> None:
    key = jira.create()
    made = jira.ok("POST", f"issue/{key}/comment", {"body": document("Frist"), "properties": INTERNAL})
    jira.wait(60)
    changed = jira.ok("PUT", f"issue/{key}/comment/{made['id']}", {"body": document("First")})
    assert (changed["created"], changed["updated"]) == ("2026-11-02T09:00:00.000+0000", "2026-11-02T09:01:00.000+0000")
    assert changed["jsdPublic"] is False
    assert jira.call("DELETE", f"issue/{key}/comment/{made['id']}").status == 204
    assert jira.refused("GET", f"issue/{key}/comment/{made['id']}")["status"] == 404


@pytest.mark.parametrize(
    "body", ["plain text", None, {"type": "doc", "version": 1, "content": []}, {"type": "paragraph"}]
)
def test_a_comment_that_is_no_document_or_says_nothing_is_refused(jira: Bench, body: object) -> None:
    key = jira.create()
    refused = jira.refused("POST", f"issue/{key}/comment", {"body": body})
    assert refused["errors"] == {"comment": "Comment body is not valid!"}


def test_a_comment_belongs_to_one_issue(jira: Bench) -> None:
    first, second = jira.create(), jira.create()
    made = jira.ok("POST", f"issue/{first}/comment", {"body": document("x")})
    assert jira.refused("GET", f"issue/{second}/comment/{made['id']}")["status"] == 404


def test_a_remote_link_with_the_same_global_id_is_replaced(jira: Bench) -> None:
    key = jira.create()
    target = {"url": "https://itsm.example.com/1", "title": "INC0000001"}
    link = {"globalId": "itsm:abc", "object": target}
    first = jira.call("POST", f"issue/{key}/remotelink", link)
    again = jira.call("POST", f"issue/{key}/remotelink", {**link, "object": {**target, "title": "INC1"}})
    assert (first.status, again.status) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert [shown["object"]["title"] for shown in jira.ok("GET", f"issue/{key}/remotelink")] == ["INC1"]
    assert jira.ok("GET", f"issue/{key}/remotelink", query={"globalId": "itsm:abc"})["globalId"] == "itsm:abc"
    assert jira.call("DELETE", f"issue/{key}/remotelink", query={"globalId": "itsm:abc"}).status == 204
    assert jira.ok("GET", f"issue/{key}/remotelink") == []


def test_a_remote_link_needs_a_title_and_an_address(jira: Bench) -> None:
    key = jira.create()
    refused = jira.refused("POST", f"issue/{key}/remotelink", {"object": {"title": ""}})
    assert set(refused["errors"]) == {"title", "url"}


def test_a_link_reads_differently_from_each_end_and_is_made_once(jira: Bench) -> None:
    first, second = jira.create(), jira.create()
    body = {"type": {"name": "Blocks"}, "inwardIssue": {"key": first}, "outwardIssue": {"key": second}}
    assert jira.call("POST", "issueLink", body).status == 201
    assert jira.call("POST", "issueLink", body).status == 201
    (from_first,) = jira.fields(first)["issuelinks"]
    (from_second,) = jira.fields(second)["issuelinks"]
    assert (from_first["type"]["outward"], from_first["outwardIssue"]["key"]) == ("blocks", second)
    assert (from_second["type"]["inward"], from_second["inwardIssue"]["key"]) == ("is blocked by", first)
    assert jira.ok("GET", f"issueLink/{from_first['id']}")["inwardIssue"]["key"] == first
    assert jira.call("DELETE", f"issueLink/{from_first['id']}").status == 204
    assert jira.fields(second)["issuelinks"] == []


def test_a_link_of_an_unknown_type_or_end_is_refused(jira: Bench) -> None:
    key = jira.create()
    ends = {"inwardIssue": {"key": key}, "outwardIssue": {"key": "OPS-99"}}
    assert jira.refused("POST", "issueLink", {"type": {"name": "Blocks"}, **ends})["status"] == 404
    ends = {"inwardIssue": {"key": key}, "outwardIssue": {"key": key}}
    assert jira.refused("POST", "issueLink", {"type": {"name": "Hates"}, **ends})["status"] == 404


def upload(jira: Bench, key: str, content: bytes, filename: str = "log.bin", **headers: str) -> int:
    """Put a file on an issue as a browser or `requests` would; returns the answer's status."""
    body = (
        b'--sep\r\nContent-Disposition: form-data; name="file"; filename="' + filename.encode() + b'"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--sep--\r\n"
    )
    told = {**basic(), "Content-Type": "multipart/form-data; boundary=sep", **headers}
    return jira.site.handle("POST", f"/rest/api/3/issue/{key}/attachments", "", told, body).status


def test_a_file_comes_back_byte_by_byte(jira: Bench) -> None:
    key = jira.create()
    content = bytes(range(256)) + b"\r\n--sepia\r\n\r\n"
    assert upload(jira, key, content, "Grüße.bin", **{"X-Atlassian-Token": "no-check"}) == 200
    (shown,) = jira.fields(key)["attachment"]
    assert (shown["filename"], shown["size"]) == ("Grüße.bin", len(content))
    told = jira.ok("GET", f"attachment/{shown['id']}")
    assert told["id"] == int(shown["id"])
    moved = jira.call("GET", f"attachment/content/{shown['id']}")
    assert moved.status == 303
    assert jira.call("GET", f"attachment/content/{shown['id']}", query={"redirect": "false"}).body == content
    assert jira.call("DELETE", f"attachment/{shown['id']}").status == 204
    assert jira.fields(key)["attachment"] == []


def test_a_file_without_the_token_header_is_refused(jira: Bench) -> None:
    assert upload(jira, jira.create(), b"x") == 403


def test_a_file_over_the_limit_is_refused(jira: Bench) -> None:
    assert upload(jira, jira.create(), b"x" * 10_000_001, **{"X-Atlassian-Token": "no-check"}) == 413
