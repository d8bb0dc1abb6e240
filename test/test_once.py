"""What several threads need is made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from depth_perception.once import Once


def test_many_threads_get_what_the_first_made() -> None:
    once, thing, made = Once(), object(), []
    start = threading.Barrier(8)

    def make() -> object:
        made.append(threading.get_ident())
        return object()

    def ask() -> object:
        start.wait(30)
        return once.of(thing, "way", make)

    with ThreadPoolExecutor(8) as threads:
        answers = [item.result(30) for item in [threads.submit(ask) for _ in range(8)]]
    assert len(made) == 1
    assert len({id(answer) for answer in answers}) == 1


def test_equal_things_are_not_the_same_thing() -> None:
    once, first, second = Once(), [1], [1]
    assert once.of(first, "way", lambda: "of the first") == "of the first"
    assert once.of(second, "way", lambda: "of the second") == "of the second"
    assert once.of(first, "other way", lambda: "otherwise") == "otherwise"
    assert once.of(first, "way", lambda: "anew") == "of the first"


def test_only_the_latest_are_kept() -> None:
    once, things = Once(kept=2), [object() for _ in range(3)]
    for thing in things:
        once.of(thing, None, lambda: "made")
    assert once.of(things[1], None, lambda: "anew") == "made"
    assert once.of(things[0], None, lambda: "anew") == "anew"


def test_who_asks_for_what_cannot_be_made_is_told_why() -> None:
    once, thing = Once(), object()
    for _ in range(2):
        with pytest.raises(ValueError, match="upside down"):
            once.of(thing, None, lambda: int("upside down"))
