"""What calls back a node, and goes on whatever a callback raises."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from depth_perception.nodes.log import LimitedLog

try:
    from rclpy.experimental import EventsExecutor
except ImportError:  # Humble has none
    EventsExecutor = SingleThreadedExecutor

WAIT = 1.0
"""Seconds until it is looked again whether the process was told to stop: a signal in the wrong moment wakes nobody."""
PAUSE = 0.01
"""Seconds of rest after a callback that raised, lest one that always does takes a core."""


def make_executor() -> Executor:
    """rclpy's executor of events, where it has one. It is told what has come; the other one asks everything that each
    node has, in Python, after each callback: three times the work, while an engine keeps every core busy.
    """
    return EventsExecutor()


def spin(executor: Executor, log: LimitedLog) -> None:
    """Spins until the process is told to stop. What is raised is logged.

    Raises: `ExternalShutdownException` at the end.
    """
    while True:
        try:
            executor.spin_once(timeout_sec=WAIT)
        except ExternalShutdownException:
            raise
        except Exception as error:
            if not executor.context.ok():
                raise
            log.exception(error)
            time.sleep(PAUSE)


def bearable(node: Node, log: Callable[[], LimitedLog], callback: Callable[..., Any]) -> Callable[..., Any]:
    """The callback of a timer or a subscription: what it raises is logged, and costs that call alone. By itself the
    executor of events would write every one to the log, on many lines.
    """

    @wraps(callback)  # rclpy finds in its signature whether it takes what is known of a message as well
    def call(*received: Any) -> None:
        if len(received) == 1 and isinstance(received[0], tuple):
            (received,) = received  # the executor of events hands over both as one
        try:
            callback(*received)
        except Exception as error:
            if not node.context.ok():
                raise
            log().exception(error)
            time.sleep(PAUSE)

    return call
