"""Progress: what the sandbox says of each step, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

type Say = Callable[[str, float], None]
"""Told of a step and its milliseconds; 0 for a remark that took none."""


@contextmanager
def step(say: Say, name: str) -> Iterator[list[str]]:
    """Say `name`, and what is added to the list that is given, when the step is done."""
    about: list[str] = []
    began = time.perf_counter()
    yield about
    say(" ".join([name, *about]), (time.perf_counter() - began) * 1000)
