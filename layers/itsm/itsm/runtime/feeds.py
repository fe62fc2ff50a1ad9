"""Feeds: fetch the holidays that calendars.toml names, keeping the last good copy of each; for `make feeds`."""

import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path

from itsm.core import ical
from itsm.runtime.policies import Policies

LONGEST, SECONDS = 5_000_000, 20
HERE = Path(__file__).resolve().parents[3] / "policy" / "itsm_policy"

type Fetch = Callable[[str], bytes]


def fetched(directory: Path, fetch: Fetch) -> Iterator[tuple[str, bool, str]]:
    """Each feed by name: whether its copy is new, and what is to be said of it.

    What cannot be fetched, is no calendar or names no day leaves the copy as it is: no clock ever sees a broken feed.
    """
    folder = directory / "feeds"
    for name, address in Policies(directory).calendars.feeds.items():
        try:
            raw = fetch(address)
        except (OSError, HTTPException, ValueError) as error:
            yield name, False, f"cannot be fetched, the copy stays: {error}"
            continue
        feed = ical.read(raw.decode("utf-8", "replace"))
        if not feed.days:
            yield name, False, "is no calendar that names a whole day, the copy stays"
            continue
        folder.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new:
            new.write(raw)
        Path(new.name).chmod(0o644)
        Path(new.name).replace(folder / f"{name}.ics")
        left_out = f", {len(feed.skipped)} events left out: {'; '.join(feed.skipped[:3])}" if feed.skipped else ""
        yield name, True, f"{len(feed.days)} days{left_out}"


def download(address: str) -> bytes:
    """The bytes behind an https address, 5 MB at most. Raises OSError, and ValueError for anything else."""
    if not address.startswith("https://"):
        raise ValueError(f"{address!r} is no address of https")
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310  # https alone gets here
        if not answer.url.startswith("https://"):
            raise ValueError(f"leads to {answer.url!r}, which is not https")
        raw: bytes = answer.read(LONGEST + 1)
    if len(raw) > LONGEST:
        raise ValueError("is longer than 5 MB")
    return raw


def main(arguments: Sequence[str], fetch: Fetch = download) -> int:
    """Fetch every feed of the policy in a directory (none given: the one that is deployed); 1 when one was not."""
    found = list(fetched(Path(arguments[0]) if arguments else HERE, fetch))
    for name, new, said in found:
        print(f"{'new ' if new else 'kept'} {name}: {said}")
    if not found:
        print("calendars.toml names no feeds")
    return 0 if all(new for _, new, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
