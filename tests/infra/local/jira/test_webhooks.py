"""Webhooks: which events, signed how, retried when."""

from __future__ import annotations

import pytest
from sandbox.jira import Hook, signature

from tests.infra.local.jira.bench import HOOK, INTEGRATION, Bench, Sent, document


def test_the_signature_is_the_one_atlassian_publishes() -> None:
    """Jira Cloud developer guide, "Webhooks", section on secure admin webhooks: its test vector."""
    expected = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert signature("It's a Secret to Everybody", b"Hello World!") == expected


def test_a_webhook_without_a_secret_is_not_registered() -> None:
    with pytest.raises(ValueError, match="has no secret"):
        Hook(url="http://127.0.0.1/hook", secret="")


def test_a_created_issue_is_told_of_with_signature_and_headers(jira: Bench) -> None:
    key = jira.create("Fire", description=document("It burns."))
    assert jira.site.webhooks.drain() == 1
    (sent,) = jira.sent
    assert sent.url == HOOK.url
    assert sent.headers["X-Hub-Signature"] == signature(HOOK.secret, sent.body)
    assert sent.headers["X-Atlassian-Webhook-Flow"] == "Primary"
    assert "X-Atlassian-Webhook-Retry" not in sent.headers
    payload = sent.payload
    assert payload["webhookEvent"] == "jira:issue_created"
    assert payload["issue_event_type_name"] == "issue_created"
    assert payload["timestamp"] == int(jira.now.timestamp() * 1000)
    assert payload["user"]["accountId"] == INTEGRATION
    assert payload["issue"]["key"] == key
    assert payload["issue"]["fields"]["description"] == "It burns."


def test_no_one_in_a_payload_has_an_e_mail_address(jira: Bench) -> None:
    key = jira.create()
    jira.ok("POST", f"issue/{key}/comment", {"body": document("x")})
    jira.site.webhooks.drain()
    assert all(b"emailAddress" not in sent.body for sent in jira.sent)


def test_a_change_is_told_of_with_its_changelog(jira: Bench) -> None:
    key = jira.create()
    jira.move(key, "11")
    jira.site.webhooks.drain()
    payload = jira.sent[-1].payload
    assert payload["webhookEvent"] == "jira:issue_updated"
    assert payload["changelog"]["items"] == [
        {
            "field": "status",
            "fieldtype": "jira",
            "fieldId": "status",
            "from": "10000",
            "fromString": "To Do",
            "to": "10001",
            "toString": "In Progress",
        }
    ]


def test_a_comment_raises_its_own_event_and_the_issues(jira: Bench) -> None:
    key = jira.create()
    made = jira.ok("POST", f"issue/{key}/comment", {"body": document("Hello")})
    jira.ok("PUT", f"issue/{key}/comment/{made['id']}", {"body": document("Hello!")})
    jira.ok("DELETE", f"issue/{key}/comment/{made['id']}")
    jira.site.webhooks.drain()
    assert [sent.event for sent in jira.sent[1:]] == [
        "comment_created",
        "jira:issue_updated",
        "comment_updated",
        "jira:issue_updated",
        "comment_deleted",
        "jira:issue_updated",
    ]
    assert jira.sent[1].payload["comment"]["body"] == "Hello"


def test_the_payload_calls_an_internal_note_public_as_in_the_field(jira: Bench) -> None:
    key = jira.create()
    mark = [{"key": "sd.public.comment", "value": {"internal": True}}]
    made = jira.ok("POST", f"issue/{key}/comment", {"body": document("secret"), "properties": mark})
    jira.site.webhooks.drain()
    assert jira.sent[1].payload["comment"]["jsdPublic"] is True
    assert jira.ok("GET", f"issue/{key}/comment/{made['id']}")["jsdPublic"] is False


def test_a_deleted_issue_is_primary_and_its_comments_are_secondary(jira: Bench) -> None:
    key = jira.create()
    jira.ok("POST", f"issue/{key}/comment", {"body": document("x")})
    jira.site.webhooks.drain()
    jira.sent.clear()
    jira.ok("DELETE", f"issue/{key}")
    jira.site.webhooks.drain()
    flows = [(sent.event, sent.headers["X-Atlassian-Webhook-Flow"]) for sent in jira.sent]
    assert flows == [("jira:issue_deleted", "Primary"), ("comment_deleted", "Secondary")]


def test_a_refused_change_raises_nothing(jira: Bench) -> None:
    jira.refused("POST", "issue", {"fields": {}})
    assert jira.site.webhooks.drain() == 0


@pytest.mark.parametrize("answer", [408, 409, 425, 429, 500, 503, TimeoutError(), ConnectionRefusedError()])
def test_these_answers_are_tried_again_under_the_same_identifier(jira: Bench, answer: int | OSError) -> None:
    jira.answers = [answer, answer]
    jira.create()
    assert jira.site.webhooks.drain() == 3
    assert len({sent.identifier for sent in jira.sent}) == 1
    assert [sent.headers.get("X-Atlassian-Webhook-Retry") for sent in jira.sent] == [None, "1", "2"]
    assert len({sent.body for sent in jira.sent}) == 1
    assert jira.site.webhooks.deliveries()[0].state == "delivered"


@pytest.mark.parametrize("answer", [301, 400, 401, 403, 404, 413])
def test_these_answers_lose_the_webhook_for_ever(jira: Bench, answer: int) -> None:
    jira.answers = [answer]
    jira.create()
    assert jira.site.webhooks.drain() == 1
    assert jira.site.webhooks.deliveries()[0].state == "refused"


def test_after_five_retries_the_webhook_is_lost(jira: Bench) -> None:
    jira.answers = [503] * 99
    jira.create()
    assert jira.site.webhooks.drain() == 6
    assert jira.site.webhooks.deliveries()[0].state == "lost"


def test_a_retry_waits_its_time_and_holds_up_no_other(jira: Bench) -> None:
    jira.answers = [503]
    jira.create("First")
    jira.create("Second")
    assert jira.site.webhooks.pump() == 2
    jira.wait(299)
    assert jira.site.webhooks.pump() == 0
    jira.wait(1)
    assert jira.site.webhooks.pump() == 1
    assert [sent.payload["issue"]["key"] for sent in jira.sent] == ["OPS-1", "OPS-2", "OPS-1"]


def test_a_receiver_gets_only_the_events_it_wants() -> None:
    jira = Bench(hooks=[Hook(url="http://127.0.0.1/c", secret="s", events=("comment_*",)), HOOK])
    key = jira.create()
    jira.ok("POST", f"issue/{key}/comment", {"body": document("x")})
    jira.site.webhooks.drain()
    assert [sent.event for sent in jira.sent if sent.url.endswith("/c")] == ["comment_created"]
    assert len([sent for sent in jira.sent if sent.url == HOOK.url]) == 3


def test_a_receiver_may_call_back_while_it_is_told(jira: Bench) -> None:
    def read_back(sent: Sent) -> None:
        if sent.event == "jira:issue_created":
            jira.ok("POST", f"issue/{sent.payload['issue']['id']}/comment", {"body": document("seen")})

    jira.on_webhook = read_back
    jira.create()
    assert jira.site.webhooks.drain() == 3
    assert [sent.event for sent in jira.sent] == ["jira:issue_created", "comment_created", "jira:issue_updated"]


def test_scripted_a_webhook_comes_twice(jira: Bench) -> None:
    jira.fault(kind="duplicate", event="jira:issue_created")
    jira.create()
    jira.site.webhooks.drain()
    assert len(jira.sent) == 2
    assert len({sent.identifier for sent in jira.sent}) == 1


def test_scripted_the_same_content_comes_under_another_identifier(jira: Bench) -> None:
    jira.fault(kind="duplicate", event="*", new_identifier=True)
    jira.create()
    jira.site.webhooks.drain()
    assert len({sent.body for sent in jira.sent}) == 1
    assert len({sent.identifier for sent in jira.sent}) == 2


def test_scripted_a_webhook_is_overtaken(jira: Bench) -> None:
    jira.fault(kind="reorder", event="jira:issue_created")
    key = jira.create()
    jira.move(key, "11")
    jira.site.webhooks.drain()
    assert [sent.event for sent in jira.sent] == ["jira:issue_updated", "jira:issue_created"]


def test_scripted_a_webhook_never_comes(jira: Bench) -> None:
    jira.fault(kind="drop", event="jira:issue_created")
    jira.create()
    assert jira.site.webhooks.drain() == 1
    assert jira.sent == []
    assert jira.site.webhooks.deliveries()[0].state == "dropped"


def test_scripted_a_webhook_comes_late(jira: Bench) -> None:
    jira.fault(kind="delay", event="jira:issue_created", seconds=120)
    jira.create()
    jira.site.webhooks.pump()
    assert jira.sent == []
    jira.wait(120)
    jira.site.webhooks.pump()
    assert [sent.event for sent in jira.sent] == ["jira:issue_created"]
