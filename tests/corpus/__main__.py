"""Run the corpus and print its table; the exit code says whether every bar that could be measured is met."""

import argparse
import os
import sys
from pathlib import Path

from tests.corpus import shelf, table

SHARED = Path(os.environ.get("ITSM_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))

parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
parser.add_argument("--mutants", type=int, default=20_000, help="how many mutants to try (default 20000)")
parser.add_argument("--seed", type=int, default=4, help="the seed of the mutants")
parser.add_argument("--show", action="store_true", help="show each fact that was not met")
options = parser.parse_args()
if not any((SHARED / one).exists() for one in (shelf.MANIFEST, shelf.CASES, shelf.VECTORS)):
    print(f"There is no mail and no webhook in {SHARED} (ITSM_SHARED): nothing but mutants of our own is tried.")
rows = table.rows(SHARED, options.mutants, options.seed)
print("\n".join(table.lines(rows, show=options.show)))
sys.exit(any(row.met is False for row in rows))
