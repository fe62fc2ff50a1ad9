"""Create: exactly one issue per record, though Jira has no idempotency key: intent first, look before asking again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from itsm.core.errors import (
    AmbiguousError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OutsideError,
    StaleVersionError,
    ThrottledError,
    TooLargeError,
    UnauthenticatedError,
)
from itsm.core.events import Json
from itsm.core.ports import Link
from itsm.jira import adf
from itsm.jira.exchange import Shelf
from itsm.jira.issues import Draft, Issue, Issues
from itsm.jira.merge import JIRA, OURS, is_mark, label_of
from itsm.jira.outcome import LATER, OUTAGE, Outcome, again, parked
from itsm.jira.policy import DESCRIPTION

PENDING, CREATING, LINKED, ATTENTION = "pending", "creating", "linked", "needs_attention"
LOOKS = (20, 60, 180, 600)
"""Seconds after an ambiguous answer at which to look for the issue; search lags "seconds to minutes" (Atlassian)."""
ENOUGH_LOOKS = 3
MAX_ASKS = 3
ASK_AGAIN_AFTER = 3600
"""Seconds after which a nudge may ask once more when Jira left every one of `MAX_ASKS` unanswered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What it takes to give a record its issue."""

    records: Shelf
    issues: Issues
    now: int
    draft: Callable[[], Draft]


def issue_for(creation: Creation, link: Link, hint: str) -> Link | Outcome:
    """The link with its issue, or what to do until there is one. `hint` is an issue that a webhook named.

    A request whose answer is unknown is repeated only after three searches found nothing and ten minutes have passed.
    """
    if link.issue:
        return link
    if hint and (found := _proven(creation, link, (hint,))):
        return _adopted(creation, link, found)
    if link.state != CREATING:
        return _asked(creation, link)
    elapsed, looks = creation.now - link.asked_at, _looks(link)
    if elapsed < LOOKS[min(looks, len(LOOKS) - 1)]:
        return again(LOOKS[min(looks, len(LOOKS) - 1)] - elapsed, "Jira has not said whether it made the issue")
    ids = tuple(found.id for found in creation.issues.labelled(label_of(link.record)))
    if found := _proven(creation, link, ids):
        return _adopted(creation, link, found)
    looks += 1
    enough = looks >= ENOUGH_LOOKS and elapsed >= LOOKS[-1]
    if enough and (link.attempts < MAX_ASKS or elapsed >= ASK_AGAIN_AFTER):
        return _asked(creation, link)
    reason = "Jira left every request for an issue unanswered, and none is found" if enough else ""
    creation.records.save_link(replace(link, base={**(link.base or {}), "looks": looks}, reason=reason))
    if enough:
        return parked(reason)
    return again(max(LOOKS[min(looks, len(LOOKS) - 1)] - elapsed, LOOKS[0]), "the issue is not found yet")


def _looks(link: Link) -> int:
    looks = (link.base or {}).get("looks", 0)
    return int(looks) if isinstance(looks, int | float) else 0


def _asked(creation: Creation, link: Link) -> Link | Outcome:
    """Save the intent, ask, and save the answer; when it dies in between, the next nudge looks first."""
    draft = creation.draft()
    asked = _agreed(draft)
    intent = replace(
        link,
        state=CREATING,
        label=label_of(link.record),
        asked_at=creation.now,
        attempts=link.attempts + 1,
        base=asked,
        reason="",
    )
    intent = creation.records.save_link(intent)
    not_made = replace(intent, state=PENDING, attempts=link.attempts)
    try:
        issue, refused = _created(creation, draft)
    except AmbiguousError:
        return again(LOOKS[0], "Jira has not said whether it made the issue")
    except (InvalidInputError, TooLargeError, ForbiddenError, NotFoundError) as error:
        reason = f"Jira does not take the issue: {error}"
        creation.records.save_link(replace(not_made, state=ATTENTION, reason=reason))
        return parked(reason)
    except UnauthenticatedError as error:
        creation.records.save_link(not_made)
        return again(OUTAGE, str(error))
    except OutsideError as error:
        creation.records.save_link(not_made)
        return again(error.retry_after if isinstance(error, ThrottledError) else LATER, str(error))
    flags: Mapping[str, Json] = dict.fromkeys(refused, "Jira refused the value")
    made = replace(intent, state=LINKED, issue=issue, asked_at=0, attempts=0, base={**asked, "flags": flags})
    return creation.records.save_link(made)


def _agreed(draft: Draft) -> dict[str, dict[str, Json]]:
    """What we ask for is what both sides agree on once it is made, however late we learn of it."""
    ours: dict[str, Json] = {
        "labels": [one for one in draft.labels if not is_mark(one) and one not in draft.marks],
        **({"marks": [*draft.marks]} if draft.marks else {}),
    }
    jira: dict[str, Json] = {"labels": [*draft.labels]}
    if draft.clocks:
        ours["clocks"], jira["clocks"] = draft.clocks.standing, draft.clocks.seen
    return {OURS: ours, JIRA: jira}


def _created(creation: Creation, draft: Draft) -> tuple[str, tuple[str, ...]]:
    """The id, and the optional fields that had to be left out; a refusal (4xx) is certain, so asking again is safe."""
    refused: tuple[str, ...] = ()
    while True:
        try:
            return creation.issues.create(draft), refused
        except InvalidInputError as error:
            if draft.clocks and error.field == draft.clocks.place != DESCRIPTION:
                refused, draft = (*refused, "clocks"), replace(draft, clocks=replace(draft.clocks, place=""))
                continue
            if error.field not in draft.optional:
                raise
            refused = (*refused, error.field)
            rest = {name: value for name, value in draft.optional.items() if name != error.field}
            draft = replace(draft, optional=rest)


def _proven(creation: Creation, link: Link, ids: tuple[str, ...]) -> tuple[Issue, ...]:
    found = []
    for issue_id in sorted(ids, key=lambda each: (len(each), each)):
        try:
            issue = creation.issues.get(issue_id)
        except (NotFoundError, ForbiddenError):
            continue
        if issue.record == link.record:
            found.append(issue)
    return tuple(found)


def _adopted(creation: Creation, link: Link, found: tuple[Issue, ...]) -> Link:
    """Take the oldest; twins lose our label and are told, never deleted, for people may have written there already."""
    first, *twins = found
    taken = replace(link, state=LINKED, issue=first.id, key=first.key, label=label_of(link.record), reason="")
    base = {name: value for name, value in (link.base or {}).items() if name != "looks"}
    saved = creation.records.save_link(replace(taken, asked_at=0, attempts=0, base=base))
    for twin in twins:
        note = adf.to_document(f"This issue is a duplicate of {first.key}, which the ticket goes on with.")
        try:
            creation.issues.comment(twin.id, note, f"twin-{twin.id}", public=False)
            creation.issues.edit(twin.id, {}, remove=(label_of(link.record),))
        except (InvalidInputError, StaleVersionError, ForbiddenError, NotFoundError):
            continue
    return saved
