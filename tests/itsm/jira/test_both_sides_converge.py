"""Whatever people do on both sides, and however nudges come: one issue, nothing twice, then silence."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsm.core.practice import load
from itsm.jira import adf, merge, status

from tests.itsm.jira.fake_jira import BEN, FakeJira, Fault, reset, throttled
from tests.itsm.jira.world import Killed, World

TEXTS = st.sampled_from(["Mail is slow", "Mail is down", "  Mail  is\tup ", "x" * 300])
STATES = st.sampled_from(["in_progress", "on_hold", "resolved", "closed", "cancelled"])
METHODS = ["create", "get", "comments", "edit", "transition", "transitions", "comment", "labelled"]
ACTS = st.one_of(
    st.tuples(st.just("our_title"), TEXTS),
    st.tuples(st.just("our_priority"), st.integers(1, 5)),
    st.tuples(st.just("our_state"), STATES),
    st.tuples(st.just("our_comment"), st.booleans()),
    st.tuples(st.just("our_labels"), st.sets(st.sampled_from(["vpn", "vip", "disk"]))),
    st.tuples(st.just("their_title"), st.sampled_from(["Slow", "Down", "Up"])),
    st.tuples(st.just("their_priority"), st.sampled_from(["Highest", "High", "Low"])),
    st.tuples(st.just("their_move"), st.sampled_from(["In Progress", "Resolved", "Done", "Closed", "Cancelled"])),
    st.tuples(st.just("their_comment"), st.booleans()),
    st.tuples(st.just("their_label"), st.sampled_from(["vpn", "vip", "disk", "lan"])),
    st.tuples(st.just("their_unlabel"), st.sampled_from(["vpn", "vip", "disk"])),
    st.tuples(st.just("nudge"), st.integers(0, 3)),
    st.tuples(st.just("webhook"), st.integers(0, 20)),
    st.tuples(st.just("wait"), st.integers(1, 900)),
    st.tuples(st.just("lost"), st.sampled_from(["create", "comment", "edit", "transition", "get"])),
    st.tuples(st.just("never"), st.sampled_from(["create", "comment", "edit", "transition", "comments"])),
    st.tuples(st.just("throttled"), st.sampled_from(["create", "comment", "edit", "labelled"])),
    st.tuples(st.sampled_from(["killed", "second"]), st.sampled_from(METHODS)),
    st.tuples(st.just("meanwhile"), st.sampled_from(["comments", "edit", "transition", "comment"])),
)
type Act = tuple[str, Any]


def act(world: World, kind: str, what: Any, said: list[str]) -> None:
    """Let one thing happen, on our side, in Jira (once there is an issue), or between."""
    world.later(1)
    side, _, verb = kind.partition("_")
    if side == "our":
        we(world, verb, what, said)
    elif side == "their":
        if world.jira.issues:
            they(world.jira, verb, what, said)
    else:
        happen(world, kind, what)


def we(world: World, verb: str, what: Any, said: list[str]) -> None:
    """An agent works on the ticket."""
    match verb:
        case "title":
            world.sets(title=what)
        case "priority":
            world.sets(priority=what)
        case "state" if what in load("incident").lifecycle.moves[world.record.state]:
            world.goes(what)
        case "comment":
            said.append(world.says(f"comment {len(said)}", f"ours {len(said)}", public=what))
        case "labels":
            world.sets(details={"labels": sorted(what)})


def they(jira: FakeJira, verb: str, what: Any, said: list[str]) -> None:
    """Someone works on the issue."""
    match verb:
        case "title":
            jira.human_edits(title=what)
        case "priority":
            jira.human_edits(priority=what)
        case "move":
            jira.human_moves(what)
        case "comment":
            said.append(jira.human_says(f"theirs {len(said)}", BEN, public=what))
        case "label":
            jira.human_labels(add=[what])
        case "unlabel":
            jira.human_labels(remove=[what])


def killed() -> None:
    """End the worker."""
    raise Killed


def happen(world: World, kind: str, what: Any) -> None:
    """Let the worker run, time pass, or something go wrong."""
    match kind:
        case "nudge":
            for _ in range(what):
                world.nudged()
        case "webhook" if world.jira.webhooks:
            world.webhook(world.jira.webhooks[what % len(world.jira.webhooks)])
        case "wait":
            world.later(what)
        case "lost" | "never" | "throttled":
            error = throttled(7) if kind == "throttled" else reset
            world.jira.faults.append(Fault(method=what, error=error, done=kind == "lost"))
        case "killed":
            world.jira.meanwhile[what] = killed
        case "second":
            world.jira.meanwhile[what] = world.nudged
        case "meanwhile":
            world.jira.meanwhile[what] = lambda: they(world.jira, "title", "Meanwhile", [])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(ACTS, max_size=25), lag=st.sampled_from([0, 0, 45, 240]))
def test_both_sides_converge_and_then_are_silent(acts: list[Act], lag: int) -> None:
    world, said = World(), list[str]()
    world.lag(lag)
    for kind, what in acts:
        act(world, kind, what, said)
    for _ in range(4):
        world.settle(80)
        # The sweep nudges what is parked, too.
        world.later(3700)

    issue, record = world.jira.only(), world.record
    texts = [entry.text.split("\n")[-1] for entry in world.jira.said[issue.id] if not entry.ours.startswith("note-")]
    journal = [entry.text for entry in world.records.comments(world.id) if entry.id != "opening"]
    rules = world.policy.practices["incident"]
    assert sorted(texts) == sorted(journal)
    assert len(journal) == len(said)
    assert status.fits(rules.status[record.state], issue.status) or "state" in world.link.reason
    assert issue.summary == adf.summary(record.title)
    assert issue.priority == rules.priority[str(record.priority)]
    assert merge.tagged(record) | {f"itsm-{world.id}"} == set(issue.labels)
    assert world.quiet()
