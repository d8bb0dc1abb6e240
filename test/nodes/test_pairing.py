"""Messages find their partners by stamp, however late; what has none gives way."""

from __future__ import annotations

from dataclasses import dataclass

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from depth_perception.nodes.pairing import Pairing


@dataclass
class Message:
    header: Header
    topic: str


def message(second: int, topic: str) -> Message:
    return Message(Header(stamp=Time(sec=second)), topic)


def paired(pairing: Pairing, seconds: range, topic: int) -> None:
    for second in seconds:
        pairing.add(topic, message(second, "ab"[topic]))


def test_partners_come_together_in_the_order_of_their_topics() -> None:
    complete: list[list[Message]] = []
    pairing = Pairing(2, complete.append)
    pairing.add(1, message(3, "b"))
    assert complete == []
    pairing.add(0, message(3, "a"))
    assert [(item.topic, item.header.stamp.sec) for item in complete[0]] == [("a", 3), ("b", 3)]


def test_ten_wait_and_the_one_that_came_first_gives_way() -> None:
    complete: list[list[Message]] = []
    pairing = Pairing(2, complete.append)
    paired(pairing, range(10), 0)
    paired(pairing, range(10), 1)
    assert (len(complete), pairing.unpaired) == (10, 0)
    complete.clear()
    paired(pairing, range(20, 31), 0)
    assert pairing.unpaired == 1
    paired(pairing, range(21, 31), 1)
    assert [items[0].header.stamp.sec for items in complete] == list(range(21, 31))
