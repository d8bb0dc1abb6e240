"""For what can be measured only while the machine lets its processes run."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Result = TypeVar("Result")

TRIES = 2
STEP = 0.005
STALL = 0.1
"""Seconds that a thread which wants to run every `STEP` must be kept waiting for the machine to count as unsteady."""


class Stalls:
    """Measures, beside something else, how long the machine keeps a thread waiting. Use it in a `with`.

    One thread on each processor: a virtual machine's are taken away one at a time, and what is measured may need
    another one than who looks on.
    """

    longest = 0.0
    """Seconds."""

    def __enter__(self) -> Stalls:
        self._over = threading.Event()
        processors = os.sched_getaffinity(0) if sys.platform == "linux" else {0}
        self._threads = [threading.Thread(target=self._watch, args=(processor,)) for processor in processors]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, processor: int) -> None:
        if sys.platform == "linux":
            os.sched_setaffinity(0, {processor})  # of this thread alone
        before = time.monotonic()
        while not self._over.wait(STEP):
            now = time.monotonic()
            self.longest = max(self.longest, now - before - STEP)
            before = now


def steadily(measure: Callable[[], Result], is_good: Callable[[Result], bool]) -> Result:
    """What `measure` returns, which has to be good; it is repeated if it is not and the machine stalled meanwhile.

    The test is skipped, and says so, if the machine stalled in every try. What must hold on any machine, `measure`
    asserts itself.
    """
    stalls = []
    for _ in range(TRIES):
        with Stalls() as watch:
            result = measure()
        if is_good(result):
            return result
        assert watch.longest > STALL, f"not good, on a steady machine: {result}"
        stalls.append(f"{watch.longest:.2f} s")
    pytest.skip(f"this machine is too busy to tell: in {TRIES} tries it stalled for {', '.join(stalls)}")
