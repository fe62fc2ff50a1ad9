"""Feeds: fetch the holidays calendars.toml names, at build (`make feeds`) and each day; the last good copy holds."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from itsm.core import ical, service_time
from itsm.core.calendar import Calendars, build
from itsm.core.errors import ItsmError, MalformedError, OutsideError
from itsm.runtime.door import logger
from itsm.runtime.metrics import count
from itsm.runtime.policies import Policies
from itsm.runtime.ports import Ports

HERE = Path(__file__).resolve().parents[3] / "policy" / "itsm_policy"
MOST_A_YEAR = 200
"""Closed days of a year; a feed that names more is no calendar of holidays, whatever else it is."""
YEAR = 366 * service_time.DAY
EPOCH = date(1970, 1, 1).toordinal()
BROKEN, CHANGED = "FeedBroken", "FeedChanged"
"""Metrics: a feed that could not be kept, and one whose days ahead are others; infra/aws/calendars.yaml has alarms."""

type Fetch = Callable[[str], bytes]


def refresh(ports: Ports) -> None:
    """Fetch every feed and keep what it says, where that is another than before; the others stay as they are.

    Raises OutsideError, after all were tried, when one could not be had: it is tried again, and then an alarm rings.
    """
    calendars, failed = ports.policies.calendars, []
    for name, address in calendars.feeds.items():
        try:
            _keep(name, sound(ports.feed(address), name, calendars, ports.now()).days, ports)
        except (ItsmError, ValueError) as error:
            logger().warning("feed was not kept", extra={"feed": name, "why": str(error)})
            count(BROKEN)
            failed.append(name)
    if failed:
        raise OutsideError(f"of the feeds {', '.join(failed)} the last good copy holds; they are fetched again")


def _keep(name: str, days: frozenset[int], ports: Ports) -> None:
    try:
        before = ports.holidays.get(name)
    except MalformedError:
        before = None  # what cannot be read is written anew
    if days == before:
        return
    ports.holidays.put(name, days)
    known = ports.policies.copies.days(name) if before is None else before
    ahead = [day for day in days ^ known if day >= EPOCH + ports.now() // service_time.DAY]
    logger().info("feed changed", extra={"feed": name, "days_ahead": len(ahead)})
    if ahead:
        count(CHANGED)


def sound(raw: bytes, name: str, calendars: Calendars, now: int) -> ical.Feed:
    """What a feed says. Raises ValueError when it is no calendar, or would close whoever goes by it for good."""
    feed = ical.read(raw.decode("utf-8", "replace"))
    if not feed.days:
        raise ValueError("is no calendar that names a whole day")
    years = Counter(date.fromordinal(day).year for day in feed.days)
    year, most = years.most_common(1)[0]
    if most > MOST_A_YEAR:
        raise ValueError(f"closes {most} days of {year}, more than {MOST_A_YEAR}: that is no calendar of holidays")
    for calendar, policy in calendars.calendars.items():
        if policy.ical == name and not service_time.elapsed(build(calendar, policy, feed.days), now, now + YEAR):
            raise ValueError(f"leaves the calendar {calendar!r} no open hour in a year to come")
    return feed


def fetched(directory: Path, fetch: Fetch, now: int) -> Iterator[tuple[str, bool, str]]:
    """Each feed by name: whether its copy is new, and what is to be said of it.

    What cannot be fetched, is no calendar or names no day leaves the copy as it is: no clock ever sees a broken feed.
    """
    folder = directory / "feeds"
    calendars = Policies(directory).calendars
    for name, address in calendars.feeds.items():
        try:
            raw = fetch(address)
            feed = sound(raw, name, calendars, now)
        except (OutsideError, ValueError) as error:
            yield name, False, f"the copy stays: {error}"
            continue
        folder.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new:
            new.write(raw)
        Path(new.name).chmod(0o644)
        Path(new.name).replace(folder / f"{name}.ics")
        left_out = f", {len(feed.skipped)} events left out: {'; '.join(feed.skipped[:3])}" if feed.skipped else ""
        yield name, True, f"{len(feed.days)} days{left_out}"


def download(address: str) -> bytes:
    """What a feed says at its address, over https from the public network. Raises OutsideError."""
    from itsm.runtime.download import public

    return public(address)


def main(arguments: Sequence[str], fetch: Fetch = download) -> int:
    """Fetch every feed of the policy in a directory (none given: the one that is deployed); 1 when one was not."""
    found = list(fetched(Path(arguments[0]) if arguments else HERE, fetch, int(time.time())))
    for name, new, said in found:
        print(f"{'new ' if new else 'kept'} {name}: {said}")
    if not found:
        print("calendars.toml names no feeds")
    return 0 if all(new for _, new, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
