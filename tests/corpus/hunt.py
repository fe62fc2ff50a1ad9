"""Hunt: mutants alone, with a new seed each time, which is printed so that what is found can be shown again."""

import argparse
import os
import secrets
import sys
from pathlib import Path

from tests.corpus import mutants, shelf

SHARED = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))


def main() -> int:
    """Hunt, print what was found, and say by the exit code whether that was nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.hunt", description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000, help="how many to try (default 20000)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="what to begin from")
    options = parser.parse_args()
    hunt = mutants.run(list(shelf.items(SHARED)), shelf.vectors(SHARED), options.mutants, options.seed)
    print(f"{hunt.mutants} mutants of seed {options.seed}: {len(hunt.raised)} exceptions, slowest {hunt.worst:.3f} s")
    print("\n".join(hunt.raised[:50]))
    return 1 if hunt.raised or hunt.worst > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
