"""The newest item wins: one slot between the thread that receives and the thread that works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Has a worker work on the newest item there is; one that came before it and was not begun is dropped.

    So however slow the work is, an item is never older than the work on one other item when its own begins.
    """

    def __init__(self, worker: Executor, work: Callable[[Item], None], dropped: Callable[[Item], None]) -> None:
        """
        Args:
            worker: Of a single thread. What another inbox has it work on ends before this one's work begins.
            work: Called in that thread with one item after the other. Must not raise.
            dropped: Called, in the thread that called `put`, with an item that will not be worked on.
        """
        self._worker = worker
        self._work = work
        self._dropped = dropped
        self._lock = threading.Lock()
        self._slot: list[Item] = []
        self._closed = False

    def put(self, item: Item) -> None:
        """Hands over an item without waiting."""
        with self._lock:
            if self._closed:
                return
            replaced, self._slot = self._slot, [item]
            if not replaced:
                self._worker.submit(self._work_on_newest)
        for old in replaced:
            self._dropped(old)

    def stop(self) -> None:
        """Lets the work in progress end, without waiting for it; what waits in the slot is left undone."""
        with self._lock:
            self._closed = True
            self._slot = []

    def _work_on_newest(self) -> None:
        with self._lock:
            taken, self._slot = self._slot, []
        for item in taken:
            self._work(item)
