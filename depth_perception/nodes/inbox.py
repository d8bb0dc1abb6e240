"""The newest item wins: one slot between the thread that receives and the thread that works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from depth_perception.nodes.priority import step_back

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """A thread that works on the newest item there is; one that came before it and was not begun is dropped.

    So however slow the work is, an item is never older than the work on one other item when its own begins. It comes
    after what the process has to answer.
    """

    def __init__(
        self, work: Callable[[Item], None], dropped: Callable[[Item], None], after: Inbox[Item] | None = None
    ) -> None:
        """
        Args:
            work: Called in the thread with one item after the other. Must not raise.
            dropped: Called, in the thread that called `put`, with an item that will not be worked on.
            after: What was stopped before; work begins when its work has ended.
        """
        self._work = work
        self._dropped = dropped
        self._condition = threading.Condition()
        self._slot: list[Item] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, args=(after,), name="inbox")
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hands over an item without waiting."""
        with self._condition:
            replaced, self._slot = self._slot, [item]
            self._condition.notify()
        for old in replaced:
            self._dropped(old)

    def stop(self) -> None:
        """Lets the work in progress end, without waiting for it; what waits in the slot is left undone."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def close(self) -> None:
        """Waits for the work in progress to end; what waits in the slot is left undone."""
        self.stop()
        self._thread.join()

    def _run(self, after: Inbox[Item] | None) -> None:
        step_back()
        if after is not None:
            after.close()
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._slot or self._closed)
                if self._closed:
                    return
                (item,) = self._slot
                self._slot = []
            self._work(item)
