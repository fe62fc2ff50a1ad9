"""Table: each figure with its bar, the best a peer was measured at, and ours."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.corpus import cost, facts, hooks, joining, mutants, shelf
from tests.corpus.facts import Fact
from tests.corpus.reading import read
from tests.corpus.shelf import MAIL, Item

NOTHING = "not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line: figure, bar, best peer, ours, whether the bar is met (None: nothing to measure), and the misses."""

    figure: str
    bar: str
    peer: str
    ours: str
    met: bool | None
    missed: tuple[str, ...] = ()


def rows(root: Path, count: int, seed: int) -> list[Row]:
    """Every row; what is not in the folder is not measured and counts neither way."""
    items, vectors = list(shelf.items(root)), shelf.vectors(root)
    found = list(_unread_rows(root))
    if items:
        found += _mail_rows(items)
    if cases := shelf.header_cases(root):
        told = [fact for number, case in enumerate(cases, 1) for fact in facts.headed(number, case)]
        found.append(_share("header-only mails told as automatic or not, as asserted", told, None, "-"))
    if count:
        hunt = mutants.run(items, vectors, count, seed)
        said = f"{len(hunt.raised)} of {hunt.mutants}, slowest {hunt.worst * 1000:.0f} ms"
        met, missed = not hunt.raised, tuple(hunt.raised)
        found.insert(
            min(1, len(found)),
            Row(figure="exceptions over mutants", bar="0", peer="-", ours=said, met=met, missed=missed),
        )
    found.append(_vector_row(list(hooks.judged(vectors))))
    if items:
        found += _cost_rows(cost.measured(root))
    return found


def _unread_rows(root: Path) -> Iterator[Row]:
    """There only where there are any: a corpus that shrinks must not look like a whole one."""
    if gone := tuple(shelf.gone(root)):
        yield Row(figure="mails listed whose file is not there", bar="-", peer="-", ours=str(len(gone)), met=None)
    if bad := tuple(shelf.faults(root)):
        yield Row(figure="files and rows not understood", bar="0", peer="-", ours=str(len(bad)), met=False, missed=bad)


def _mail_rows(items: list[Item]) -> list[Row]:
    raised, parsed, bounces, returned, replies = _facts(items)
    found = [
        Row(
            figure=f"exceptions over {len(items)} mails and texts",
            bar="0",
            peer="1",
            ours=str(len(raised)),
            met=not raised,
            missed=tuple(raised),
        ),
        _share("asserted parse facts met (sender, subject, body, attachments)", parsed, 0.98, "84-94 %"),
        _share("asserted bounces found", _named(bounces, "bounce"), 0.98, "85.5 %"),
        _share("asserted non-bounces kept", _named(bounces, "no bounce"), 0.95, "87 %"),
        _share(
            "asserted feedback reports and automatic mail told",
            _named(bounces, "feedback report", "automatic"),
            None,
            "-",
        ),
        _share("addresses a bounce gives up found", returned, None, "-"),
        _share("replies stripped exactly as asserted", replies, 0.70, "67 %"),
    ]
    outcomes = joining.run(items)
    joins = f"{len(outcomes.wrong)} of {outcomes.joined} joins; {outcomes.attempts} strangers tried"
    lost = f"{len(outcomes.lost)} of {outcomes.mails + outcomes.attempts}"
    return [
        *found,
        Row(
            figure="joins without token, reference or participant",
            bar="0",
            peer="0-26",
            ours=joins,
            met=not outcomes.wrong,
            missed=tuple(outcomes.wrong),
        ),
        Row(
            figure="mails without exactly one recorded outcome",
            bar="0",
            peer="17-228",
            ours=lost,
            met=not outcomes.lost,
            missed=tuple(outcomes.lost),
        ),
    ]


def _facts(items: list[Item]) -> tuple[list[str], list[Fact], list[Fact], list[Fact], list[Fact]]:
    raised: list[str] = []
    parsed: list[Fact] = []
    bounces: list[Fact] = []
    returned: list[Fact] = []
    replies: list[Fact] = []
    for item in items:
        try:
            if item.kind == MAIL:
                mail = read(item.raw)
                parsed += facts.parsed(item, mail)
                bounces += facts.bounce(item, mail)
                returned += facts.returned(item, mail)
            parsed += facts.unwrapped(item)
            replies += facts.reply(item)
        except Exception as error:  # whatever is raised is told as a fault of that mail, and fails the run
            raised.append(f"{item.id}: {type(error).__name__}: {error}"[:200])
    return raised, parsed, bounces, returned, replies


def _named(found: Iterable[Fact], *names: str) -> list[Fact]:
    return [fact for fact in found if fact.name in names]


def _share(figure: str, asked: list[Fact], bar: float | None, peer: str) -> Row:
    said = f">= {bar:.0%}" if bar else "-"
    if not asked:
        return Row(figure=figure, bar=said, peer=peer, ours=NOTHING, met=None)
    met = sum(fact.met for fact in asked)
    missed = tuple(
        f"{f.item}: {f.name}: asserted {f.asserted!r:.150}, read {f.read!r:.150}" for f in asked if not f.met
    )
    ours = f"{met / len(asked):.1%} ({met} of {len(asked)})"
    return Row(
        figure=figure, bar=said, peer=peer, ours=ours, met=met / len(asked) >= bar if bar else None, missed=missed
    )


def _vector_row(judged: list[tuple[str, bool]]) -> Row:
    right = sum(ok for _, ok in judged)
    missed = tuple(name for name, ok in judged if not ok)
    ours = f"{right} of {len(judged)}" if judged else NOTHING
    return Row(
        figure="webhook vectors right",
        bar="all",
        peer="-",
        ours=ours,
        met=not missed if judged else None,
        missed=missed,
    )


def _cost_rows(spent: cost.Cost) -> list[Row]:
    median = f"{spent.median * 1000:.2f} ms, worst {spent.worst * 1000:.0f} ms ({spent.worst_is})"
    return [
        Row(
            figure="CPU per mail, parse to decision, median and worst",
            bar="<= 2 ms, worst <= 1 s",
            peer="12.4 ms; one never ended",
            ours=median,
            met=spent.median <= 0.002 and spent.worst <= 1,
        ),
        Row(
            figure="peak memory over the corpus and the killers",
            bar="<= 128 MB",
            peer="218 MB",
            ours=f"{spent.megabytes:.0f} MB over {spent.mails} mails",
            met=spent.megabytes <= 128,
        ),
    ]


def lines(found: list[Row], *, show: bool) -> Iterator[str]:
    """The table as text, the misses where they are wanted or a bar is not met, and the last line."""
    heads = Row(figure="figure", bar="bar", peer="best peer measured", ours="here", met=None)
    wide = {name: max(len(getattr(row, name)) for row in (heads, *found)) for name in ("figure", "bar", "peer")}
    for row in (heads, *found):
        mark = "" if row is heads or row.met is None else ("ok    " if row.met else "FAIL  ")
        yield f"{mark:6}" + "  ".join(f"{getattr(row, n):{w}}" for n, w in wide.items()) + f"  {row.ours}"
    for row in found:
        if row.missed and (show or row.met is False):
            yield from ("", f"{row.figure}: not met by", *(f"  {one}" for one in row.missed))
    counted = Counter(row.met for row in found)
    yield ""
    yield f"{counted[True]} passed, {counted[False]} failed"
