"""Runs nodes as a process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence

import cv2
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as rcl
from rclpy.logging import get_logger

from depth_perception.errors import DepthPerceptionError, one_line
from depth_perception.nodes import memory
from depth_perception.nodes.executor import make_executor, spin
from depth_perception.nodes.guard import guard
from depth_perception.nodes.log import log_warnings
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.shared import Shared

SWITCH_INTERVAL = 0.0005
"""Seconds the thread that receives may hold Python's lock while the one that works waits for it; the default is ten
times as long, which is noticed in the latency under overload."""
REFUSED = (rcl.RCLError, rcl.UnknownROSArgsError)
"""How rcl says that it does not begin so: ROS arguments that cannot be read, keys that cannot be used."""


def run(kinds: Mapping[str, Callable[[Shared], PerceptionNode]], arguments: Sequence[str] | None = None) -> int:
    """Spins nodes of these kinds, by name, until they are told to stop, and returns the exit code of the process.

    One executor serves them all, and never waits for a model: each node works on its frames in a thread of its own.

    A node that cannot be made (an unknown parameter, an impossible value, ROS arguments that cannot be read) is one
    fatal line and exit code 1. One that cannot be configured lives on: /diagnostics says why, and it can be configured
    again. So does one that was sent something that a callback cannot bear.
    """
    memory.share_arenas()
    sys.setswitchinterval(SWITCH_INTERVAL)
    cv2.setLogLevel(0)  # it would write a line of its own about every damaged picture
    name = next(iter(kinds))
    try:
        rclpy.init(args=None if arguments is None else list(arguments))
    except REFUSED as error:
        return _fatal(name, error)
    executor = make_executor()
    shared = Shared()
    nodes: dict[str, PerceptionNode] = {}
    try:
        for name, kind in kinds.items():
            nodes[name] = kind(shared)
            guard(nodes[name])
            executor.add_node(nodes[name])
        first = next(iter(nodes.values()))
        log_warnings(first.log)
        for node in nodes.values():
            node.start()
        gc.collect()
        gc.freeze()  # what was imported is not looked through again
        first.create_timer(memory.PERIOD, memory.tidy, clock=Clock(clock_type=ClockType.STEADY_TIME))
        spin(executor, first.log)
    except DepthPerceptionError as error:
        return _fatal(name, error)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError as error:
        if rclpy.ok():
            if isinstance(error, REFUSED) and name not in nodes:
                return _fatal(name, error)
            raise  # else it was told to stop while it started, and what it makes then has no context
    finally:
        for node in reversed(nodes.values()):
            node.stop()
        executor.shutdown()
        for node in nodes.values():
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _fatal(name: str, error: Exception) -> int:
    """Says why the node of that name ends, and returns the exit code."""
    text = str(error)
    if isinstance(error, REFUSED):
        text = f"ROS does not start with these arguments and this environment: {one_line(text)}"
    get_logger(name).fatal(text)
    return 1
