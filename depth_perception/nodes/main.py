"""Runs nodes as a process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence

import cv2
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.logging import get_logger

from depth_perception.errors import DepthPerceptionError
from depth_perception.nodes import memory
from depth_perception.nodes.executor import make_executor, spin
from depth_perception.nodes.guard import guard
from depth_perception.nodes.log import log_warnings
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.shared import Shared

SWITCH_INTERVAL = 0.0005
"""Seconds the thread that receives may hold Python's lock while the one that works waits for it; the default is ten
times as long, which is noticed in the latency under overload."""


def run(kinds: Mapping[str, Callable[[Shared], PerceptionNode]], arguments: Sequence[str] | None = None) -> int:
    """Spins nodes of these kinds, by name, until they are told to stop, and returns the exit code of the process.

    One executor serves them all, and never waits for a model: each node works on its frames in a thread of its own.

    A node that cannot be made (an unknown parameter, an impossible value) is one fatal line and exit code 1. One that
    cannot be configured lives on: /diagnostics says why, and it can be configured again. So does one that was sent
    something that a callback cannot bear.
    """
    memory.share_arenas()
    sys.setswitchinterval(SWITCH_INTERVAL)
    cv2.setLogLevel(0)  # it would write a line of its own about every damaged picture
    rclpy.init(args=None if arguments is None else list(arguments))
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
        get_logger(name).fatal(str(error))
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:
        if rclpy.ok():
            raise  # else it was told to stop while it started, and what it makes then has no context
    finally:
        for node in reversed(nodes.values()):
            node.stop()
        executor.shutdown()
        for node in nodes.values():
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
