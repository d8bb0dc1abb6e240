"""What one storage file of a recording gives, whatever its kind, and messages of several parts in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class RecordedMessage(NamedTuple):
    """One message as it lies in the recording; `data` is its CDR serialisation."""

    topic: str
    type_name: str
    log_time: int
    """Nanoseconds, when it was recorded."""
    data: bytes


@dataclass(frozen=True)
class StoredTopic:
    """Messages of one type on one topic.

    Attributes:
        type_name: As ROS 2 spells it, e.g. ``sensor_msgs/msg/Image``; of messages that are not ROS 2's, with their
            serialisation in brackets: ``foxglove.CompressedImage (protobuf)``.
        count: Messages that are there.
    """

    name: str
    type_name: str
    count: int


class Storage(Protocol):
    """One file.

    Attributes:
        topics: What it holds.
        start, end: Log times of the first message and the last, nanoseconds.
        damage: What of it could not be read, in words; empty if all could. May grow while it is read.
    """

    topics: tuple[StoredTopic, ...]
    start: int
    end: int
    damage: str

    def messages(self, topics: Collection[str], start: int | None, stop: int | None) -> Iterator[RecordedMessage]:
        """Messages of some topics in order of log time, from `start` on and before `stop`; equal times as stored."""

    def close(self) -> None: ...


class Part(NamedTuple):
    """Messages in order of log time, none of them before `start`."""

    start: int
    messages: Iterable[RecordedMessage]


def merged(parts: Iterable[Part]) -> Iterator[RecordedMessage]:
    """The messages of all parts in order of log time, equal times in the order of the parts.

    A part is begun when its time comes and let go at its end, so that those that do not overlap are read one by one.
    """
    waiting = sorted(enumerate(parts), key=lambda item: (item[1].start, item[0]))
    waiting.reverse()
    heads: list[tuple[int, int, RecordedMessage, Iterator[RecordedMessage]]] = []
    while waiting or heads:
        while waiting and (not heads or waiting[-1][1].start <= heads[0][0]):
            order, part = waiting.pop()
            messages = iter(part.messages)
            for message in messages:
                heapq.heappush(heads, (message.log_time, order, message, messages))
                break
        if heads:
            _, order, message, messages = heads[0]
            following = next(messages, None)
            if following is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (following.log_time, order, following, messages))
            yield message
