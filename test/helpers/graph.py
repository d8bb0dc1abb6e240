"""A real ROS 2 graph for tests: nodes in their own processes, and one node in the test's process that talks to them."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from depth_perception.rig import process as rig

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = ROOT / "test" / "helpers" / "fastdds_loopback.xml"
SHARED_MEMORY = ROOT / "config" / "fastdds_shared_memory.xml"
DEADLINE = 180.0
"""Seconds that anything may take on the slowest machine; no test that passes waits for it."""


@contextmanager
def claimed_domain() -> Iterator[int]:
    """A ROS domain that nothing on this machine uses, and that no other test run takes until the end of the block."""
    start = os.getpid() % 90
    for domain in (1 + (start + step) % 90 for step in range(90)):
        port = 7400 + 250 * domain
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    claim.bind(("127.0.0.1", port + 2))  # RTPS has no use for this one
                    probe.bind(("127.0.0.1", port + 10))  # unicast discovery port of the domain's first participant
                except OSError:
                    continue
            yield domain
            return
    raise RuntimeError("no free ROS domain")


def environment(domain: int, profile: Path | None = LOOPBACK) -> dict[str, str]:
    """What every process of the graph is started with: its own domain, this machine only, messages checked.

    Args:
        profile: For Fast DDS; None leaves it to its own settings.
    """
    variables = {
        "ROS_DOMAIN_ID": str(domain),
        # LOOPBACK keeps to this machine by itself; rmw's way of doing so would add shared memory.
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET" if profile == LOOPBACK else "LOCALHOST",
        "ROS_PYTHON_CHECK_FIELDS": "1",
        "RCUTILS_LOGGING_BUFFERED_STREAM": "0",
        "PYTHONFAULTHANDLER": "1",  # what is aborted says where it was
    }
    if profile is not None:
        variables["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(profile)
    return variables


class Process(rig.Process):
    """A process of the graph."""

    def wait_for_output(self, text: str, timeout: float = DEADLINE) -> str:
        """The first line with the text."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for line in self.output.splitlines():
                if text in line:
                    return line
            if not self.alive:
                break
            time.sleep(0.02)
        raise AssertionError(f"'{text}' did not come; the output was:\n{self.output}")

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """It gets no processor time within the block, as on a machine that is busy with something else."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def terminate(self) -> int:
        """Ends it as its parent's death does; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(DEADLINE)

    def shared_memory(self) -> set[Path]:
        """What it has of its own in /dev/shm: the segments that Fast DDS puts its messages in."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        return {Path(name) for name in re.findall(r"/dev/shm/fastrtps_[0-9a-f]{16}\b", maps)}

    def stop(self) -> int | None:
        """Ends it as launch does, or hard if that does not help, and then says where it hung; the exit code."""
        lived = self.alive
        rig.end([self], ((signal.SIGINT, DEADLINE), (signal.SIGABRT, 10.0), (signal.SIGKILL, DEADLINE)))
        if lived and self.code in (-signal.SIGABRT, -signal.SIGKILL):
            warnings.warn(f"a process did not end when told to:\n{self.output[-8000:]}", stacklevel=2)
        return self.code


class Graph:
    """One domain with a node of the test in it."""

    def __init__(self, folder: Path, domain: int) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.domain = domain
        self.epoch = 0
        self._folder = folder
        self._environment = mock.patch.dict(os.environ, environment(domain))
        self._environment.start()
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("tester", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._started = 0

    def close(self) -> None:
        import rclpy

        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
        self._environment.stop()

    @contextmanager
    def run(self, arguments: list[str], *, profile: Path | None = LOOPBACK) -> Iterator[Process]:
        """A Python process in this graph, ended with the block."""
        self._started += 1
        log = self._folder / f"process{self._started}.log"
        kept = {key: text for key, text in os.environ.items() if not key.startswith(("ROS_DOMAIN", "FASTRTPS"))}
        process = Process(arguments, log, kept | environment(self.domain, profile))
        with ExitStack() as stack:
            stack.callback(process.stop)
            yield process

    def node_process(
        self,
        module: str,
        *,
        name: str | None = None,
        remap: dict[str, str] | None = None,
        profile: Path | None = LOOPBACK,
        **parameters: Any,
    ) -> Any:
        """One of our nodes, e.g. ``depth_node``, with parameters."""
        arguments = ["-m", f"depth_perception.nodes.{module}", *rig.ros_arguments(parameters)]
        if name:
            arguments += ["-r", f"__node:={name}"]
        for key, target in (remap or {}).items():
            arguments += ["-r", f"{key}:={target}"]
        return self.run(arguments, profile=profile)

    def until(self, condition: Callable[[], Any], what: str, timeout: float = DEADLINE) -> Any:
        """Spins until the condition holds; its value."""
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {timeout:.0f} s")
            self._executor.spin_once(timeout_sec=0.02)
        return value

    def spin(self, seconds: float) -> None:
        """Spins that long: for what must not happen, and to keep a pace."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def listen(self, message: type, topic: str, *, reliable: bool = True, latched: bool = False) -> Listener:
        """A list that fills with the messages of a topic as long as the graph spins.

        Args:
            latched: What was published before counts as well, if the publisher keeps it for those who come late.
        """
        return Listener(self, message, topic, reliable, latched)

    def call(self, service: type, name: str, request: Any, timeout: float = DEADLINE) -> Any:
        """The answer of a service. It is asked again if none comes: a server drops the answer to a client that it has
        not discovered yet."""
        client = self.node.create_client(service, name)
        deadline = time.monotonic() + timeout
        try:
            self.until(client.service_is_ready, f"service {name}", timeout)
            while time.monotonic() < deadline:
                future = client.call_async(request)
                with suppress(AssertionError):
                    self.until(future.done, f"answer of {name}", timeout / 6)
                    return future.result()
            raise AssertionError(f"no answer of {name} within {timeout:.0f} s")
        finally:
            self.node.destroy_client(client)


class Listener(list[Any]):
    """The messages of one topic, in order; `close` it, or use it in a `with`, to stop listening."""

    def __init__(self, graph: Graph, message: type, topic: str, reliable: bool, latched: bool) -> None:
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

        super().__init__()
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        self._graph = graph
        self._topic = topic
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        profile = QoSProfile(depth=100, reliability=policy, durability=durability)
        self._subscription = graph.node.create_subscription(message, topic, self._on_message, profile)

    def _on_message(self, message: Any) -> None:
        self.append(message)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._graph.node.destroy_subscription(self._subscription)

    def wait_for_publisher(self) -> Listener:
        """Itself, once somebody publishes the topic."""
        name = self._graph.node.resolve_topic_name(self._topic)
        self._graph.until(lambda: self._graph.node.count_publishers(name), f"publisher of {name}")
        return self

    def of(self, stamp: Any, timeout: float = DEADLINE) -> Any:
        """The message with this stamp."""

        def found() -> Any:
            return next((message for message in self if message.header.stamp == stamp), None)

        return self._graph.until(found, f"{self._topic} of {stamp}", timeout)

    def has(self, stamp: Any) -> bool:
        """Whether the message with this stamp has come."""
        return any(message.header.stamp == stamp for message in self)

    def next(self, timeout: float = DEADLINE) -> Any:
        """The next message that comes."""
        count = len(self)
        self._graph.until(lambda: len(self) > count, f"a message on {self._topic}", timeout)
        return self[count]
