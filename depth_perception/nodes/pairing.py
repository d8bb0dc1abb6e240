"""Messages of several topics that belong together because they carry the same stamp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time as Stamp

WAITING = 10
"""Stamps that wait for the rest of their messages; the oldest arrival gives way."""


class Pairing:
    """Calls back with one message of every topic as soon as all of one stamp are there."""

    def __init__(self, topics: int, complete: Callable[[list[Any]], None]) -> None:
        """
        Args:
            complete: Called with the messages, in the order of the topics.
        """
        self._topics = topics
        self._complete = complete
        self._waiting: dict[tuple[int, int], dict[int, Any]] = {}
        self.unpaired = 0
        """Stamps that gave way before all of their messages came."""

    def add(self, topic: int, message: Any) -> None:
        """A message of the topic with this number came."""
        stamp: Stamp = message.header.stamp
        key = (stamp.sec, stamp.nanosec)
        messages = self._waiting.setdefault(key, {})
        messages[topic] = message
        if len(messages) == self._topics:
            del self._waiting[key]
            self._complete([messages[index] for index in range(self._topics)])
        elif len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.unpaired += 1
