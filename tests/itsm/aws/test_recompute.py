"""Recompute against a deployment's tables: in pieces, gone on with after a crash, and what happened stays as it was."""

import re
import shutil
from pathlib import Path
from typing import Any

import itsm_policy
import pytest
from itsm.aws.audit import Audit
from itsm.aws.numbers import Numbers
from itsm.aws.records import Records
from itsm.core.errors import OutsideError
from itsm.core.record import Comment, Record
from itsm.runtime import desk, stories
from itsm.runtime.policies import Policies
from itsm.runtime.recompute import Done, main, run

from functions.sla_timers.app import start
from tests.builders import a_comment, an_incident
from tests.fakes import FakePorts
from tests.itsm.aws.conftest import REGION, Store
from tests.itsm.practices.service_level.world import at, shown

OPEN = 5
NOW = at("2026-03-26T11:00")


class Killed(BaseException):
    """The process is gone; nothing of it can be caught."""


class Failing(Records):
    """The store, until so many saves are done."""

    def __init__(self, store: Store, saves: int, error: BaseException) -> None:
        super().__init__(store.tables, REGION, Numbers(store.tables))
        self._saves, self._error = saves, error

    def save(self, record: Record, comment: Comment | None = None) -> Record:
        """Save, or fail."""
        if not self._saves:
            raise self._error
        self._saves -= 1
        return super().save(record, comment)


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """The shipped policy, with eight hours for a resolution where it had three business days."""
    folder = tmp_path / "policy"
    shutil.copytree(Path(next(iter(itsm_policy.__path__))), folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "service_level.toml"
    text = file.read_text()
    assert text.count('next_reply = "8h", resolution = "3 business_days"') == 1
    file.write_text(text.replace('next_reply = "8h", resolution = "3 business_days"',
                                 'next_reply = "8h", resolution = "8h"'))  # fmt: skip
    return folder


@pytest.fixture
def deployment(store: Store) -> Store:
    """Five open tickets under their clocks, one that is done, and one nobody put under any."""
    ports = FakePorts(time=at("2026-03-26T09:00"))
    ports.records = store.records  # type: ignore[assignment]  # the real store in place of the fake
    for n in range(OPEN + 2):
        record = store.records.create(an_incident(f"t{n}", group="network", priority=3, at=ports.now())).record
        Audit(store.tables).append(record.id, record.event)
        if n <= OPEN:
            start.on({"step": "clocks", "record": record.id}, ports)
            lived(ports, store, record.id, resolved=n == OPEN)
    return store


def lived(ports: FakePorts, store: Store, record_id: str, *, resolved: bool) -> None:
    """An agent says something, which is the response, and may be done with it; each version is in the trail."""
    audit, record = Audit(store.tables), store.records.get(record_id)
    audit.append(record_id, record.event)
    said = a_comment(record, "said", at=at("2026-03-26T09:20"), by="ada@example.org")
    facts: dict[str, Any] = {"by": said.by, "origin": "records", "at": said.at}
    record = desk.update(ports, record_id, lambda one: one.changed("CommentAdded", comment=said.id, **facts), said)
    audit.append(record_id, record.event)
    if resolved:
        record = desk.update(ports, record_id, lambda one: one.changed("StateChanged", state="resolved", **facts))
        audit.append(record_id, record.event)


def command(*arguments: str) -> int:
    return main(["--region", REGION, "--records", "records", "--audit", "audit", *arguments])


def audited(store: Store) -> None:
    """The stream has been followed: the newest events are in the trail."""
    for record in every(store):
        Audit(store.tables).append(record.id, record.event)


def every(store: Store) -> list[Record]:
    return sorted((one.record for one in stories.deployed(store.tables)), key=lambda record: record.id)


def happened(store: Store) -> list[Any]:
    """All that is on record, row by row, but for the newest state of tickets and what a recompute itself adds."""
    rows = [(row.pk, row.sk, row.ev) for row in store.tables.audit.scan()]
    rows = [row for row in rows if row[2].get("type", row[2].get("t")) != "ClocksRecomputed"]
    entries = [item.attribute_values for item in store.tables.comment.scan() if item.sk.startswith("C#")]
    return [sorted(rows, key=str), sorted(map(str, entries))]


def recomputed(store: Store) -> list[str]:
    return [record.id for record in every(store) if record.event.type == "ClocksRecomputed"]


def test_it_reaches_every_open_ticket_and_rewrites_nothing_that_happened(
    deployment: Store, longer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, past = every(deployment), happened(deployment)
    assert command("--policy", str(longer)) == 0
    assert "6 tickets, 5 with new clocks, 0 saved by somebody meanwhile" in capsys.readouterr().out
    after = every(deployment)
    assert happened(deployment) == past
    for old, new in zip(before, after, strict=True):
        if new.event.type != "ClocksRecomputed":
            assert new == old
            continue
        assert (new.version, new.event.previous, dict(new.event.changes)) == (old.version + 1, old.event.hash, {})
        (due,) = (shown(one.due) for one in new.clocks if one.metric == "resolution")
        assert due == "Thu 26 Mar 17:30:00"
        assert {one.metric for one in new.clocks if one.fired} == {one.metric for one in old.clocks if one.fired}
    assert len(recomputed(deployment)) == OPEN


def test_run_again_it_changes_nothing(deployment: Store, longer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("--policy", str(longer))
    audited(deployment)
    before = every(deployment)
    assert command("--policy", str(longer)) == 0
    assert " 0 with new clocks" in capsys.readouterr().out.splitlines()[-1]
    assert every(deployment) == before


def test_under_the_policy_they_were_made_by_nothing_is_changed(deployment: Store) -> None:
    before = every(deployment)
    assert command() == 0
    assert every(deployment) == before


def test_a_limited_run_tells_where_the_next_one_goes_on(
    deployment: Store, longer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--policy", str(longer), "--limit", "2") == 0
    told = re.search(r"go on with --after (\w+)", capsys.readouterr().out)
    assert told
    assert len(recomputed(deployment)) <= 2
    assert command("--policy", str(longer), "--after", told[1]) == 0
    assert len(recomputed(deployment)) == OPEN
    assert "go on" not in capsys.readouterr().out


@pytest.mark.parametrize("error", [Killed(), OutsideError("the table does not answer")], ids=["killed", "no answer"])
def test_a_run_that_ends_in_the_middle_is_gone_on_with(deployment: Store, longer: Path, error: BaseException) -> None:
    policy, past, done = Policies(longer).service_level, happened(deployment), Done()
    with pytest.raises(type(error)):
        run(stories.open_ids(deployment.tables), Failing(deployment, 2, error), policy, NOW, done, 100)
    assert (done.changed, len(recomputed(deployment)), done.ended) == (2, 2, False)
    audited(deployment)
    assert command("--policy", str(longer), "--after", done.last) == 0
    assert len(recomputed(deployment)) == OPEN
    assert {record.version for record in every(deployment) if record.event.type == "ClocksRecomputed"} == {4}
    assert happened(deployment) == past


def test_one_whose_audit_rows_are_not_written_yet_is_said_and_left(
    deployment: Store, longer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("--policy", str(longer))
    [first, *_] = recomputed(deployment)
    record = deployment.records.get(first)
    deployment.records.save(record.changed("FieldsChanged", by="ada", origin="records", at=NOW, title="other"))
    assert command("--policy", str(longer)) == 0
    assert "1 whose history was not all there yet; run it again" in capsys.readouterr().out
