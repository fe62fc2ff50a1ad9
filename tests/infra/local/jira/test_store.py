"""State: kept over a restart, and all of a request or none of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox.jira import Store
from sandbox.jira.model import Issue, RemoteLink

from tests.infra.local.jira.bench import Bench, document


def broken(store: Store, *, without: str) -> None:
    """Begin to change the state, and fail."""
    with store.transaction():
        store.put(link(str(store.next("remotelink"))))
        for kept in store.all(RemoteLink):
            if kept.id == without:
                store.delete(kept)
        raise ZeroDivisionError


def link(link_id: str) -> RemoteLink:
    """Something to keep."""
    return RemoteLink(id=link_id, issue="1", body={})


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "jira.sqlite"
    store = Store(file)
    before = Bench(store=store)
    key = before.create("Fire", labels=["itsm-1"], description=document("It burns."))
    before.ok("PUT", f"issue/{key}/properties/itsm.sync", {"record": "1"})
    before.ok("POST", f"issue/{key}/comment", {"body": document("Hm.")})
    before.move(key, "11")
    query = {"expand": "changelog", "properties": "*all"}
    shown = before.ok("GET", f"issue/{key}", query=query)
    store.close()

    after = Bench(store=Store(file))
    assert after.ok("GET", f"issue/{key}", query=query) == shown
    assert after.search("labels = itsm-1") == [key]
    assert after.site.webhooks.drain() == 4
    assert after.create() == "OPS-2"


def test_what_raises_leaves_no_trace() -> None:
    store = Store()
    with store.transaction():
        store.put(link("1"))
    with pytest.raises(ZeroDivisionError):
        broken(store, without="1")
    assert [kept.id for kept in store.all(RemoteLink)] == ["1"]
    assert [kept.id for kept in store.of(RemoteLink, "1")] == ["1"]


def test_a_number_once_drawn_is_never_drawn_again() -> None:
    store = Store()
    with pytest.raises(ZeroDivisionError):
        broken(store, without="")
    with store.transaction():
        assert store.next("remotelink") == 10001


def test_nothing_is_written_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        Store().put(link("1"))


def test_only_the_last_deliveries_are_kept(jira: Bench) -> None:
    key = jira.create()
    for number in range(600):
        jira.ok("PUT", f"issue/{key}", {"fields": {"summary": f"No {number}"}})
    jira.site.webhooks.drain()
    assert len(jira.sent) == 601
    assert len(jira.site.webhooks.deliveries()) == 500
    assert len(jira.site.store.all(Issue)) == 1
