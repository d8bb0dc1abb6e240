from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from depth_perception.nodes.inbox import Inbox
from depth_perception.nodes.priority import STEP, worker

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


@pytest.fixture
def single() -> Iterator[ThreadPoolExecutor]:
    with worker() as single:
        yield single


def test_the_newest_wins_and_the_others_are_told(single: ThreadPoolExecutor) -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(single, work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    for item in (2, 3, 4):
        inbox.put(item)
    work.go.release(2)
    assert work.begun.acquire(timeout=DEADLINE)
    single.submit(int).result(DEADLINE)
    assert work.done == [1, 4]
    assert dropped == [2, 3]


def test_stop_leaves_what_waits_and_what_comes(single: ThreadPoolExecutor) -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(single, work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    inbox.put(2)
    inbox.stop()  # would hang here if it waited: nobody lets the work go
    inbox.put(3)
    work.go.release(3)
    single.submit(int).result(DEADLINE)
    assert work.done == [1]
    assert dropped == []


def test_what_comes_after_begins_when_the_work_in_progress_has_ended(single: ThreadPoolExecutor) -> None:
    work, dropped = Slow(), list[int]()
    inbox = Inbox(single, work, dropped.append)
    inbox.put(1)
    assert work.begun.acquire(timeout=DEADLINE)
    inbox.put(2)
    inbox.stop()
    Inbox(single, work, dropped.append).put(3)
    assert not work.begun.acquire(timeout=0.1)
    work.go.release(2)
    assert work.begun.acquire(timeout=DEADLINE)
    single.submit(int).result(DEADLINE)
    assert work.done == [1, 3]


def test_its_work_comes_after_what_else_the_process_does(single: ThreadPoolExecutor) -> None:
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
    Inbox(single, work, lambda item: None).put(1)
    assert done.wait(DEADLINE)
    assert found == [own + STEP] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
