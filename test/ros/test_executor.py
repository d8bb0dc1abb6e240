"""What calls back our nodes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from helpers.graph import Graph
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from depth_perception.nodes.executor import bearable, make_executor
from depth_perception.nodes.log import LimitedLog

MOST_SPINS = 1000


class Lines(list[str]):
    """A logger that keeps what it is given."""

    error = list.append


@pytest.fixture
def node(graph: Graph) -> Iterator[Node]:
    rclpy.init(domain_id=graph.domain)
    node = Node("called")
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def calls_until_received(node: Node, executor: Executor) -> int:
    """Calls of functions in Python that it takes to receive a message that has come."""
    received: list[Any] = []
    publisher = node.create_publisher(String, "called", 1)
    subscription = node.create_subscription(String, "called", received.append, 1)
    executor.add_node(node)
    counts = []
    for _ in range(3):  # the first ones have what happens once
        received.clear()
        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        publisher.publish(String())
        for _ in range(MOST_SPINS):
            sys.setprofile(count)
            executor.spin_once(timeout_sec=0.1)
            sys.setprofile(None)
            if received:
                break
        assert received
        counts.append(calls)
    executor.remove_node(node)
    node.destroy_subscription(subscription)
    return min(counts)


def test_what_a_message_costs_does_not_grow_with_what_the_node_has(node: Node) -> None:
    executor = make_executor()
    few = calls_until_received(node, executor)
    for number in range(20):
        node.create_service(Trigger, f"called{number}", lambda request, response: response)
    assert calls_until_received(node, executor) == few
    executor.shutdown()


@pytest.mark.parametrize("make", [make_executor, SingleThreadedExecutor], ids=["ours", "humble's"])
def test_a_callback_gets_what_it_takes_and_may_raise(node: Node, make: Any, capfd: pytest.CaptureFixture[str]) -> None:
    numbers: list[int] = []
    lines = Lines()

    def numbered(message: String, info: dict[str, Any]) -> None:
        numbers.append(info["publication_sequence_number"])

    def raising(message: String) -> None:
        raise ValueError(message.data)

    log = LimitedLog(lines)
    publisher = node.create_publisher(String, "called", 10)
    for callback in (numbered, raising):
        node.create_subscription(String, "called", bearable(node, lambda: log, callback), 10)
    executor = make()
    executor.add_node(node)
    sent = 0
    for _ in range(MOST_SPINS):
        if sent < 3:
            publisher.publish(String(data="bad"))
            sent += 1
        executor.spin_once(timeout_sec=0.05)
        if len(numbers) >= 3:
            break
    for _ in range(10):
        executor.spin_once(timeout_sec=0.01)
    executor.shutdown()
    assert numbers == [1, 2, 3]
    assert [line.splitlines()[0] for line in lines] == ["ValueError: bad"]
    assert "callback" not in capfd.readouterr().err
