"""Run the benchmarks and print their tables."""

from tests.benchmarks import imports, intake, service_time, timers

for benchmark in (intake, imports, service_time, timers):
    print("\n".join(benchmark.run()), end="\n\n")
