"""What-if: a period's events measured by another policy, compliance before and after; for `make what-if`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from itsm.core.errors import ItsmError
from itsm.core.practice import load
from itsm.practices.service_level.attainment import Attainment, attainment
from itsm.practices.service_level.attribution import Result, results
from itsm.practices.service_level.replay import story
from itsm.runtime import stories
from itsm.runtime.policies import PACKAGE, Policies
from itsm.runtime.policy_check import check
from itsm.runtime.verify_audit import add_deployment, table_names
from itsm.runtime.what_if_chart import chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from itsm.practices.service_level.policy import ServiceLevels
    from itsm.runtime.stories import Story

BY = ("service", "priority")
HEAD = ("service", "priority", "targets", "before", "after", "change", "missed before", "missed after")


@dataclass(slots=True)
class Compared:
    """The results of the same records under two policies, and how many records were measured."""

    before: list[Result] = field(default_factory=list)
    after: list[Result] = field(default_factory=list)
    records: int = 0

    def rows(self) -> list[tuple[tuple[str, ...], Attainment, Attainment]]:
        """Attainment by service and priority under each policy, and at the end of it all."""
        before, after = attainment(self.before, BY), attainment(self.after, BY)
        found = [
            (key, before.get(key, Attainment()), after.get(key, Attainment())) for key in sorted({*before, *after})
        ]
        (all_before,) = attainment(self.before, ()).values() or (Attainment(),)
        (all_after,) = attainment(self.after, ()).values() or (Attainment(),)
        return [*found, (("all", ""), all_before, all_after)]


def compared(
    some: Iterable[Story], now: ServiceLevels, proposed: ServiceLevels, begin: int, end: int, until: int
) -> Compared:
    """The records opened from `begin` up to `end`, measured by both policies as of `until`; nothing is written.

    Only the promises to customers count: an OLA is no compliance of its own.
    """
    found = Compared()
    for one in some:
        if not begin <= one.record.opened_at < end or one.record.practice == "submission":
            continue
        found.records += 1
        found.before += _results(one, now, until)
        found.after += _results(one, proposed, until)
    return found


def _results(one: Story, policy: ServiceLevels, until: int) -> Iterator[Result]:
    lifecycle = load(one.record.practice).lifecycle
    moments = story(one.record, one.events, one.comments, lifecycle, policy)
    return (result for result in results(moments, until, policy) if result.kind == "sla")


def table(found: Compared) -> str:
    """The comparison as text, one line for each service and priority."""
    lines = [HEAD]
    for (service, priority), before, after in found.rows():
        change = (after.hundredths - before.hundredths) if before.known and after.known else None
        lines.append((
            service or "(none)", priority, str(after.known), before.percent, after.percent,
            "" if change is None else f"{'-' if change < 0 else '+'}{abs(change) // 100}.{abs(change) % 100:02}",
            str(before.missed), str(after.missed),
        ))  # fmt: skip
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


@contextmanager
def overlaid(directory: Path) -> Iterator[Path]:
    """A whole policy: the deployed one with the files of a directory laid over it."""
    with tempfile.TemporaryDirectory() as folder, resources.as_file(resources.files(PACKAGE)) as deployed:
        whole = Path(folder) / PACKAGE
        shutil.copytree(deployed, whole)
        shutil.copytree(directory, whole, dirs_exist_ok=True)
        yield whole


def no_proposal(directory: Path) -> str:
    """Why a folder proposes nothing: a file that policy does not know would change nothing and be shown as no change.

    "" where it does propose something.
    """
    known = {one.name for one in resources.files(PACKAGE).iterdir() if one.name.endswith(".toml")}
    given = {one.name for one in directory.glob("*.toml")}
    strange = sorted(given - known)
    if strange:
        return f"{directory}: {', '.join(strange)} is no file of the policy; these are {', '.join(sorted(known))}"
    return "" if given or (directory / "feeds").is_dir() else f"{directory} holds no file of the policy"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and draw the chart; 1 when the proposed policy contradicts itself, 2 when nothing can be read."""
    options = _options(arguments)
    if wrong := no_proposal(options.policy):
        print(wrong)
        return 2
    with ExitStack() as stack:
        whole = stack.enter_context(overlaid(options.policy))
        faults = check(whole)
        for fault in faults:
            print(fault)
        if faults:
            return 1
        now, proposed = Policies().service_level, Policies(whole).service_level
        hours = now.hours(now.calendar)
        begin, end = (hours.instant(day.toordinal(), 0) for day in (options.begin, options.end))
        try:
            found = compared(told(options), now, proposed, begin, end, until=int(time.time()))
        except (ItsmError, OSError) as error:
            print(error)
            return 2
    print(f"{found.records} records opened from {options.begin} up to {options.end}, without the latter day")
    print(table(found))
    drawn = [(" ".join(key).strip() or "(none)", before, after) for key, before, after in found.rows()]
    options.svg.write_text(chart(f"Compliance {options.begin} to {options.end}", drawn), encoding="utf-8")
    print(f"drawn in {options.svg}")
    return 0


def told(options: argparse.Namespace) -> Iterable[Story]:
    """The stories of an export or of a deployment. Raises FileNotFoundError where there is neither."""
    if options.events:
        return stories.read(options.events)
    from itsm.aws.models import tables

    names = table_names(options)
    if names is None:
        raise FileNotFoundError(f"no stack {options.stack!r} was found in {options.region}; name --events FILE instead")
    found = stories.deployed(tables(records=names[0], audit=names[1], ephemeral="unused", region=options.region))
    return stories.write(options.export, found) if options.export else found


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="what-if", description=__doc__)
    parser.add_argument("--policy", type=Path, required=True, help="folder with the policy files that would change")
    parser.add_argument("--from", dest="begin", type=date.fromisoformat, required=True, help="first day of opening")
    parser.add_argument("--to", dest="end", type=date.fromisoformat, required=True, help="the day after the last one")
    parser.add_argument("--events", type=Path, help="an export to read instead of a deployment")
    parser.add_argument("--export", type=Path, help="write what was read from the deployment, one record a line")
    parser.add_argument("--svg", type=Path, default=Path("what-if.svg"), help="where the chart is drawn")
    add_deployment(parser)
    options = parser.parse_args(arguments)
    if options.end <= options.begin:
        parser.error("--to is the day after the last one: it comes after --from")
    return options


if __name__ == "__main__":
    sys.exit(main())
