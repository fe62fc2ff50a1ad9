"""Run the benchmarks and print their tables."""

from tests.benchmarks import imports, intake

for benchmark in (intake, imports):
    print("\n".join(benchmark.run()), end="\n\n")
