"""Run the benchmarks and print their tables."""

import sys

from tests.benchmarks import imports, intake, service_time, timers

for benchmark in (intake, imports, service_time):
    print("\n".join(benchmark.run()), end="\n\n")
print("\n".join(timers.run(millions="--millions" in sys.argv)), end="\n\n")
