"""Threads that compute leave the processor to those that answer."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

STEP = 5
"""Of niceness: a third of the share, where both want all of it."""

Result = TypeVar("Result")


def step_back() -> None:
    """This thread, and all that it starts from now on, come after the other ones of this process.

    An engine keeps every core busy. The thread that receives and answers has little to do, but waits for its turn
    behind that; what computes hardly notices.
    """
    if sys.platform == "linux":  # where each thread has a niceness of its own
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + STEP)


def worker() -> ThreadPoolExecutor:
    """A single thread that has stepped back.

    To be kept: OpenCV 4.12 keeps 900 bytes for good of each thread that ever called it.
    """
    return ThreadPoolExecutor(1, initializer=step_back)


def stepped_back(work: Callable[[], Result]) -> Result:
    """What the work returns, done in a thread that has stepped back, while this one waits: its own niceness stays, as
    nobody may take back such a step.
    """
    with worker() as pool:
        return pool.submit(work).result()
