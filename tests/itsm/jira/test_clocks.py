"""What an issue says of its ticket's clocks: when their state changes, only then, and never over a person's words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from itsm.core.events import Json
from itsm.core.record import Record
from itsm.jira import adf
from itsm.jira.clocks import standing
from itsm.jira.issues import Document
from itsm.jira.outcome import DONE, PARKED
from itsm.jira.policy import FieldRules
from itsm.practices.service_level import rules as service_level

from tests.builders import NOON
from tests.itsm.jira.fake_jira import ADA, BEN
from tests.itsm.jira.world import World, a_policy
from tests.itsm.practices.service_level.world import HOUR, LIFECYCLE, MINUTE, policy

LEVELS = policy()
TEXT = "Since this morning every mail takes a minute."


class Desk(World):
    """A ticket under the real engine of service levels; `changes` counts how often the state of a clock did."""

    def __init__(self, where: str = "description", **record: Any) -> None:
        facts: dict[str, Any] = {"group": "new-york", "priority": 1, **record}
        super().__init__(a_policy(fields=FieldRules(clocks=where)), **facts)
        self.records.journal[self.id] = [*self.records.comments(self.id)]

    def saves(self, kind: str = "Changed", by: str = "ada", **new: Any) -> None:
        """A change on our side, with what it does to the clocks."""
        before = self.record
        after = before.changed(kind, by=by, origin="test", at=self.time, **new)
        clocks = new.get("clocks") or service_level.measured(before, after, None, LIFECYCLE, LEVELS)
        self.records.save(replace(after, clocks=clocks))

    def starts(self) -> None:
        """The clocks begin."""
        self.saves("ClocksStarted", clocks=service_level.started(self.record, self.time, LEVELS, LIFECYCLE))

    def fires(self) -> bool:
        """The timers of this instant; whether one was due."""
        clocks, fired = service_level.fire(self.record.clocks, self.time, LEVELS)
        if fired:
            self.saves("ClockWarned", clocks=clocks)
        return bool(fired)

    def edits(self) -> int:
        """How often the issue was written to."""
        return self.jira.writes["edit"]

    def panel(self) -> str:
        """What the issue says of the clocks."""
        return next((adf.to_text({"content": [node]}) for node in self.nodes() if node["type"] == "panel"), "")

    def nodes(self) -> list[Any]:
        """The description, block by block."""
        content = (self.jira.only().description or {}).get("content")
        assert isinstance(content, list)
        return [dict(node) for node in content if isinstance(node, Mapping)]

    def words(self) -> str:
        """The description without the panel."""
        return adf.to_text({"content": [node for node in self.nodes() if node["type"] != "panel"]})


def paragraph(text: str, **marks: Any) -> Json:
    """A paragraph as a person writes it in Jira."""
    return {"type": "paragraph", "content": [{"type": "text", "text": text, **marks}]}


def document(*nodes: Json) -> Document:
    """A description."""
    return {"type": "doc", "version": 1, "content": [*nodes]}


@pytest.fixture
def world() -> Desk:
    """A ticket whose clocks run, and its issue."""
    desk = Desk()
    desk.starts()
    assert desk.settle().state == DONE
    return desk


def test_an_issue_says_from_the_first_how_its_clocks_stand(world: Desk) -> None:
    assert world.panel().split("\n") == [
        f"Service level · {world.record.number}",
        "",
        "- First response [Running] due 2025-11-24 16:15 UTC, 15 min of service time left from 2025-11-24 16:00 UTC",
        "- Next reply [Running] due 2025-11-24 16:30 UTC, 30 min of service time left from 2025-11-24 16:00 UTC",
        "- Resolution [Running] due 2025-11-24 20:00 UTC, 4 h 00 min of service time left from 2025-11-24 16:00 UTC",
    ]
    assert TEXT in world.words()
    assert (world.jira.writes["create"], world.edits()) == (1, 0)
    assert world.quiet()


def test_clocks_that_start_later_are_added_above_what_stands_there() -> None:
    world = Desk()
    world.settle()
    before = world.nodes()
    world.starts()
    world.settle()
    assert world.nodes()[1:] == before
    assert world.nodes()[0]["type"] == "panel"
    assert world.edits() == 1
    assert world.quiet()


def test_the_same_is_there_for_machines(world: Desk) -> None:
    facts = world.jira.properties[world.jira.only().id]
    assert facts["record"] == world.record.number
    clocks = facts["clocks"]
    assert isinstance(clocks, list)
    assert clocks[2] == {
        "metric": "resolution",
        "agreement": "standard",
        "state": "running",
        "target": 4 * HOUR,
        "remaining": 4 * HOUR,
        "as_of": "2025-11-24T16:00:00Z",
        "due": "2025-11-24T20:00:00Z",
    }


def test_a_target_that_ran_out_has_nothing_left_for_machines(world: Desk) -> None:
    world.time = NOON + HOUR
    world.fires()
    world.settle()
    clocks = world.jira.properties[world.jira.only().id]["clocks"]
    assert isinstance(clocks, list)
    response = clocks[0]
    assert isinstance(response, Mapping)
    assert (response["state"], response["remaining"]) == ("breached", 0)
    assert response["as_of"] == response["due"] == response["breached_at"] == "2025-11-24T16:15:00Z"


def test_nothing_is_sent_because_time_passes(world: Desk) -> None:
    for _ in range(14):
        world.time += MINUTE
        world.fires()
        world.nudged(cause="sweep")
    assert world.record.clocks[0].fired == 1, "a level was reached, which is no other state of the clock"
    assert world.edits() == 0


def test_one_update_per_change_of_state_whatever_nudges(world: Desk) -> None:
    told: list[tuple[str, int]] = []

    def after(what: str) -> None:
        before = world.edits()
        for _ in range(5):
            world.settle()
            world.time += MINUTE
        assert world.quiet()
        told.append((what, world.edits() - before))

    world.saves(state="on_hold")
    after("paused")
    assert "Resolution [Paused] paused since 2025-11-24 16:00 UTC, 4 h 00 min of service time left" in world.panel()
    world.time = NOON + HOUR
    world.fires()
    after("breached")
    assert "First response [Breached] breached 2025-11-24 16:15 UTC" in world.panel()
    world.saves(state="in_progress")
    after("answered and resumed")
    assert "First response [Missed] breached 2025-11-24 16:15 UTC, done 2025-11-24 17:05 UTC" in world.panel()
    assert "Resolution [Running] due 2025-11-24 21:05 UTC" in world.panel()
    world.saves(title="Another title")
    after("a title")
    world.saves(group="berlin")
    after("due moved: other service hours")
    assert "Resolution [Running] due 2025-11-25 11:50 UTC, 3 h 50 min of service time left" in world.panel()
    world.saves(state="resolved")
    after("met")
    assert "Resolution [Met] met 2025-11-24 17:20 UTC" in world.panel()
    assert told == [
        ("paused", 1),
        ("breached", 1),
        ("answered and resumed", 1),
        ("a title", 1),
        ("due moved: other service hours", 1),
        ("met", 1),
    ]


def test_a_change_that_is_none_of_the_clocks_leaves_the_description_alone(world: Desk) -> None:
    before, properties = world.jira.only().description, dict(world.jira.properties)
    world.saves(title="Another title", assignee="ada")
    world.settle()
    assert (world.jira.only().description, world.jira.properties) == (before, properties)
    assert not any(edit.field == "description" for edit in world.jira.only().edits)


def test_the_echo_of_our_own_words_changes_nothing(world: Desk) -> None:
    world.saves(state="on_hold")
    world.settle()
    versions, edits = world.record.version, world.edits()
    hooks, world.jira.webhooks = world.jira.webhooks, []
    assert hooks
    for payload in hooks:
        world.webhook(payload)
    assert (world.record.version, world.edits()) == (versions, edits)


def test_what_people_write_around_the_panel_is_kept_as_they_wrote_it(world: Desk) -> None:
    panel = world.nodes()[0]
    theirs = [
        paragraph("Ada: it is the disk.", marks=[{"type": "strong"}]),
        {"type": "codeBlock", "attrs": {"language": "bash"}, "content": [{"type": "text", "text": "df -h"}]},
        panel,
        {"type": "panel", "attrs": {"panelType": "note"}, "content": [paragraph("Service level · of someone else")]},
        paragraph("Below the panel."),
    ]
    world.jira.human_writes(document(*theirs))
    assert world.settle().state == DONE
    assert world.edits() == 0, "an edit of theirs is none of the clocks'"

    world.saves(state="on_hold")
    world.settle()
    after = world.nodes()
    assert [*after[:2], *after[3:]] == [*theirs[:2], *theirs[3:]]
    assert "Paused" in adf.to_text({"content": [after[2]]})
    assert world.record.title == "The mail server is slow"
    assert world.quiet()


@pytest.mark.parametrize("theirs", [document(paragraph("All new.")), document(), None])
def test_a_panel_that_was_taken_away_is_put_back_once_above_the_new_words(world: Desk, theirs: Document | None) -> None:
    world.jira.human_writes(theirs or {})
    world.settle()
    assert world.nodes()[0]["type"] == "panel"
    assert (theirs is None or not theirs["content"]) or "All new." in world.words()
    assert world.edits() == 1
    assert world.quiet()


def test_an_old_panel_that_came_back_from_an_open_editor_is_brought_up_to_date(world: Desk) -> None:
    old = world.nodes()
    world.saves(state="on_hold")
    world.settle()
    world.jira.human_writes(document(*old, paragraph("Written meanwhile.")))
    world.settle()
    assert "Paused" in world.panel()
    assert "Written meanwhile." in world.words()
    assert world.quiet()


def test_words_written_just_before_our_look_are_in_what_we_send(world: Desk) -> None:
    """Between the pass's first look at the issue and the moment of writing, a person saves their text."""
    mine = document(*world.nodes(), paragraph("Just now."))
    world.jira.meanwhile["comments"] = lambda: world.jira.human_writes(mine)
    world.saves(state="on_hold")
    world.settle()
    assert "Just now." in world.words()
    assert "Paused" in world.panel()
    assert world.quiet()


def test_words_written_in_the_moment_of_our_writing_are_said_in_a_comment(world: Desk) -> None:
    mine = document(*world.nodes(), paragraph("In this very moment."))
    world.jira.meanwhile["edit"] = lambda: world.jira.human_writes(mine, by=BEN)
    world.saves(state="on_hold")
    world.settle()
    (said,) = [said for said in world.jira.said[world.jira.only().id] if said.ours.startswith("note-overwritten-")]
    assert said.text.startswith("Our note on service levels went over what Ben Agent had just written here:")
    assert "In this very moment." in said.text
    assert world.quiet()


def test_words_written_just_after_ours_are_left_alone(world: Desk) -> None:
    def writes() -> None:
        world.jira.human_writes(document(*world.nodes(), paragraph("A moment later.")), by=ADA)

    world.saves(state="on_hold")
    world.jira.meanwhile["get"] = lambda: world.jira.meanwhile.update(
        get=lambda: world.jira.meanwhile.update(get=writes)
    )
    world.settle()
    assert "A moment later." in world.words()
    assert "Paused" in world.panel()
    assert world.jira.said[world.jira.only().id] == []
    assert world.quiet()


def test_a_clock_that_is_cancelled_is_shown_no_more_and_without_any_the_panel_goes(world: Desk) -> None:
    world.saves(state="cancelled")
    world.settle()
    assert world.panel() == ""
    assert TEXT in world.words()
    assert world.quiet()


def test_what_groups_and_suppliers_promise_each_other_is_not_shown() -> None:
    world = Desk()
    world.starts()
    sla, *_ = world.record.clocks
    world.saves(clocks=(sla, replace(sla, kind="ola"), replace(sla, kind="uc"), replace(sla, kind="hold")))
    world.settle()
    assert world.panel().count("First response") == 1


def test_a_paragraph_field_of_its_own_keeps_the_description_out_of_it() -> None:
    world = Desk("customfield_10060")
    world.starts()
    world.settle()
    issue = world.jira.only()
    assert world.panel() == ""
    assert "Resolution [Running]" in adf.to_text(world.jira.custom[issue.id, "customfield_10060"])

    world.saves(state="on_hold")
    world.settle()
    assert "Resolution [Paused]" in adf.to_text(world.jira.custom[issue.id, "customfield_10060"])
    assert world.jira.only().description == issue.description
    assert world.edits() == 1
    assert world.quiet()


def test_a_field_that_jira_refuses_is_flagged_once_and_machines_are_told_all_the_same() -> None:
    world = Desk("customfield_10060")
    world.jira.refuses.add("customfield_10060")
    world.settle()
    world.starts()
    assert world.settle().state == PARKED
    assert "clocks: Jira refused the value" in world.link.reason
    assert world.jira.properties
    assert world.quiet()


def test_switched_off_jira_is_told_nothing_of_clocks() -> None:
    world = Desk("off")
    world.starts()
    world.settle()
    world.saves(state="on_hold")
    world.settle()
    assert (world.panel(), world.jira.properties) == ("", {})


def test_an_update_whose_answer_was_lost_is_made_once(world: Desk) -> None:
    from tests.itsm.jira.fake_jira import Fault, reset

    world.saves(state="on_hold")
    world.jira.faults.append(Fault(method="edit", error=reset, done=True))
    world.settle()
    assert len([edit for edit in world.jira.only().edits if edit.field == "description"]) == 1
    assert world.quiet()


def test_the_state_of_clocks_does_not_know_what_time_it_is(world: Desk) -> None:
    def stands(record: Record) -> str:
        return standing(record)

    before = stands(world.record)
    world.time = NOON + 12 * MINUTE
    assert world.fires()
    assert stands(world.record) == before
    world.time = NOON + 15 * MINUTE
    assert world.fires()
    assert stands(world.record) != before
