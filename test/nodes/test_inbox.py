from __future__ import annotations

import os
import threading

from depth_perception.nodes.inbox import Inbox
from depth_perception.nodes.priority import STEP

DEADLINE = 60.0


class Slow:
    """Work that waits to be let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.done: list[int] = []

    def __call__(self, item: int) -> None:
        self.begun.release()
        assert self.go.acquire(timeout=DEADLINE)
        self.done.append(item)


def test_the_newest_wins_and_the_others_are_told() -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    for item in (2, 3, 4):
        inbox.put(item)
    work.go.release(2)
    assert work.begun.acquire(timeout=DEADLINE)
    inbox.close()
    assert work.done == [1, 4]
    assert dropped == [2, 3]


def test_close_waits_for_the_work_in_progress_and_leaves_the_rest() -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    inbox.put(2)
    closing = threading.Thread(target=inbox.close)
    closing.start()
    work.go.release()
    closing.join(DEADLINE)
    assert not closing.is_alive()
    assert work.done == [1]
    assert dropped == []


def test_stop_does_not_wait_and_what_comes_after_does() -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    inbox.put(2)
    inbox.stop()  # would hang here: nobody lets the work go
    after = Inbox(work, dropped.append, after=inbox)
    after.put(3)
    assert not work.begun.acquire(timeout=0.1)
    work.go.release(2)
    assert work.begun.acquire(timeout=DEADLINE)
    after.close()
    assert work.done == [1, 3]


def test_its_work_comes_after_what_else_the_process_does() -> None:
    """By the niceness of the thread, and of those that it starts."""
    found: list[int] = []

    def look() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def work(item: int) -> None:
        look()
        pool = threading.Thread(target=look)
        pool.start()
        pool.join()
        done.set()

    done, own = threading.Event(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    inbox = Inbox(work, lambda item: None)
    inbox.put(1)
    assert done.wait(DEADLINE)
    inbox.close()
    assert found == [own + STEP] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
