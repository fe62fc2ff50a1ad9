"""An engine on real time: one thread drives it, a pool makes its calls."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sandbox.states.engine import Engine
from sandbox.states.errors import StepCrashedError

log = logging.getLogger(__name__)

# A waiting execution holds no thread; this bounds only the task calls that run at the same moment.
CALLS_AT_ONCE = 64
# A system clock may be set while the driver sleeps; it looks again at least this often, in seconds.
LONGEST_SLEEP = 5.0
YIELD_EVERY = 50  # steps


class Runner:
    """Drives an engine in a thread until it is closed.

    `make` builds the engine with the workers that it is given: `Runner(lambda workers: Engine(..., workers=workers))`.
    The engine answers its API at once; it works from `start` on, when its resources can be called.
    """

    def __init__(self, make: Callable[[Callable[[Callable[[], None]], None]], Engine]) -> None:
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="states-call")
        self._closing = False
        self._early: list[Callable[[], None]] | None = []
        self.engine = make(self._submit)
        self._thread = threading.Thread(target=self._drive, name="states", daemon=True)

    def start(self) -> None:
        """Begin to work: what was in flight when the last process ended is called again now."""
        with self.engine.kernel.lock:
            early, self._early = self._early or [], None
        for work in early:
            self._submit(work)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step at hand. Calls under way end, but their answers are lost and will be asked for again."""
        kernel = self.engine.kernel
        with kernel.lock:
            self._closing = True
            kernel.woken.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.engine.close()

    def _submit(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            if self._closing:
                return
            try:
                work()
            except StepCrashedError as crash:
                self._condemn(crash)
            except Exception:  # nobody waits for this future: say it here, or it is lost
                log.exception("A call outside failed")

        if self._early is not None:
            self._early.append(work)
        elif not self._closing:
            self._pool.submit(guarded)

    def _drive(self) -> None:
        kernel = self.engine.kernel
        for turn in itertools.count(1):
            if turn % YIELD_EVERY == 0:
                # The lock is not fair: without a pause a busy driver would keep every caller of the API out.
                time.sleep(0.0005)
            with kernel.lock:
                if self._closing:
                    return
                if self._work():
                    continue
                deadline = kernel.next_deadline()
                pause = LONGEST_SLEEP if deadline is None else deadline - self.engine.clock.now()
                kernel.woken.wait(timeout=min(max(pause, 0.0), LONGEST_SLEEP))

    def _work(self) -> bool:
        try:
            return self.engine.step()
        except StepCrashedError as crash:
            self._condemn(crash)
            return True

    def _condemn(self, crash: StepCrashedError) -> None:
        """One execution shows a fault of the interpreter; the others go on."""
        log.error("The interpreter failed at %s", crash.arn, exc_info=crash)
        self.engine.condemn(crash.arn, repr(crash.__cause__))
