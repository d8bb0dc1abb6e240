"""For what can be measured only while the machine lets its processes run."""

from __future__ import annotations

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
    """Measures, beside something else, how long the machine keeps a thread waiting. Use it in a `with`."""

    longest = 0.0
    """Seconds."""

    def __enter__(self) -> Stalls:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
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
