"""Run the benchmarks and print their tables."""

from tests.benchmarks import imports, intake, timers

for benchmark in (intake, imports, timers):
    print("\n".join(benchmark.run()), end="\n\n")
