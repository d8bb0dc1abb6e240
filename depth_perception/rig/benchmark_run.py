"""The benchmark itself: starts the processes, reads what the node says of itself in /diagnostics."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from depth_perception.engines.settings import EngineSettings
from depth_perception.evaluation.table import table
from depth_perception.model_file import read_description
from depth_perception.node_status import NodeStatus
from depth_perception.percentiles import Percentiles
from depth_perception.progress import ProgressBar
from depth_perception.rig.errors import RigError
from depth_perception.rig.process import Process, ros_arguments
from depth_perception.rig.processes import Processes, TerminationInterrupts
from depth_perception.rig.ros_environment import ros_environment

LARGEST_SHARE, LARGEST_OVERHEAD = 0.10, 5e-3
"""What the node may cost: this share of the engine's time or this many seconds, whichever is larger."""
LARGEST_LATENCY = 2.0
"""Engine times that depth may take from receipt to publication under overload."""
OVERLOAD = 4.0
"""Times the engine's rate."""
DEADLINE = 180.0
"""Seconds for the processes to find each other, and for the last frame."""
STAGE_FRAMES = 50
"""Images whose stages are timed one by one, at most."""
PATIENCE = 5
"""Diagnostics without news after which a frame that is missing is given up."""


@dataclass(frozen=True)
class Settings:
    """What to measure."""

    model: Path
    engine: EngineSettings = EngineSettings()
    width: int = 1248
    height: int = 384
    frames: int = 200
    overload_frames: int = 500


@dataclass(frozen=True)
class Measurement:
    """One run: what the node said of itself at the end, and of that the times in seconds."""

    camera_rate: float
    sent: int
    status: NodeStatus
    engine: Percentiles
    overhead: Percentiles
    from_receipt: Percentiles
    from_stamp: Percentiles


@dataclass(frozen=True)
class BenchmarkResult:
    """The stages one by one, as `depth_perception.nodes.stages` writes them, and both runs."""

    settings: Settings
    stages: Mapping[str, Any]
    paced: Measurement
    overload: Measurement

    @property
    def overhead_limit(self) -> float:
        """Seconds."""
        return max(LARGEST_SHARE * self.paced.engine.p50, LARGEST_OVERHEAD)

    @property
    def cost_passed(self) -> bool:
        return self.paced.overhead.p50 <= self.overhead_limit

    @property
    def latency_in_engine_times(self) -> float:
        """The largest under overload."""
        return self.overload.from_receipt.largest / self.overload.engine.p50

    @property
    def overload_passed(self) -> bool:
        status = self.overload.status
        counted = 0 < status.dropped == status.received - status.processed - status.skipped
        return counted and self.latency_in_engine_times <= LARGEST_LATENCY

    @property
    def passed(self) -> bool:
        return self.cost_passed and self.overload_passed


def run_benchmark(settings: Settings) -> BenchmarkResult:
    """Measures, with a camera and depth_node as processes in a ROS domain of their own.

    Raises: `DepthPerceptionError` if a process fails.
    """
    read_description(settings.model, "depth")
    environment = ros_environment(None)
    os.environ.update(environment)  # before rclpy is initialised
    with TerminationInterrupts(), tempfile.TemporaryDirectory() as folder:
        stages = _stages(settings, environment, Path(folder))
        calibration = _measure(settings, environment, Path(folder) / "calibration", 5.0, 15)
        rate = 1 / calibration.engine.p50
        paced = _measure(settings, environment, Path(folder) / "paced", 0.5 * rate, settings.frames)
        rate = 1 / paced.engine.p50
        overload = _measure(settings, environment, Path(folder) / "overload", OVERLOAD * rate, settings.overload_frames)
    return BenchmarkResult(settings, stages, paced, overload)


def show(result: BenchmarkResult) -> None:
    """Prints the figures and whether they meet the bars."""
    paced, overload, settings = result.paced, result.overload, result.settings
    status = paced.status
    print(f"depth_node with {status.model} on {status.backend} ({status.precision}, {status.device})")
    print(f"camera {settings.width}x{settings.height} rgb8, reliable, in a process of its own")
    _show_stages(result.stages)
    for title, run in (("leisurely", paced), (f"overload, {OVERLOAD:g} times the engine's rate", overload)):
        print(f"\n{title}: {run.sent} images at {run.camera_rate:.1f} Hz, times in ms")
        rows = [["", "p50", "p95", "p99", "max"]]
        for name, took in (
            ("engine", run.engine),
            ("overhead", run.overhead),
            ("latency from receipt", run.from_receipt),
            ("latency from stamp", run.from_stamp),
        ):
            times = (took.p50, took.p95, took.p99, took.largest)
            rows.append([name, *(f"{seconds * 1e3:.1f}" for seconds in times)])
        print(table(rows))
        counts = ("lost", "received", "processed", "dropped", "failed", "skipped")
        print(f"  {', '.join(f'{getattr(run.status, name)} {name}' for name in counts)}")
    share = paced.overhead.p50 / paced.engine.p50
    print(
        f"\nnode cost: {paced.overhead.p50 * 1e3:.1f} ms (p95 {paced.overhead.p95 * 1e3:.1f} ms), {share:.0%} of the"
        f" engine's time; the bar is {result.overhead_limit * 1e3:.1f} ms: {_verdict(result.cost_passed)}"
    )
    print(
        f"overload: at most {result.latency_in_engine_times:.2f} engine times from receipt to publication; the bar is"
        f" {LARGEST_LATENCY:g}, with every one processed or counted as dropped: {_verdict(result.overload_passed)}"
    )


def _show_stages(stages: Mapping[str, Any]) -> None:
    width, height = stages["view"]
    print(f"\none image at a time, without DDS, the network at {width}x{height}; times in ms, on {stages['processor']}")
    rows = [("", "p50", "p95", "p99")]
    for name, took in stages["stages"].items():
        rows.append((name, *(f"{took[figure] * 1e3:.2f}" for figure in ("p50", "p95", "p99"))))
    print(table(rows))
    roofline = stages["roofline"]
    print(
        f"  {2 * stages['multiply_adds'] / 1e9:.1f} billion operations, {roofline['seconds'] * 1e3:.1f} ms at the"
        f" {roofline['operations'] / 1e9:.0f} billion a second of large matrices or a convolution, and the"
        f" {roofline['bandwidth'] / 1e9:.1f} GB/s of a copy: the engine reaches {roofline['share']:.0%} of the roofline"
    )


def _verdict(passed: bool) -> str:
    return "met" if passed else "MISSED"


def _stages(settings: Settings, environment: Mapping[str, str], folder: Path) -> dict[str, Any]:
    output = folder / "stages.json"
    arguments = ["--model", str(settings.model.resolve()), "--engine", json.dumps(settings.engine.changed())]
    arguments += ["--width", str(settings.width), "--height", str(settings.height), "--output", str(output)]
    arguments += ["--frames", str(min(settings.frames, STAGE_FRAMES))]
    with Processes(folder / "stages", environment) as processes:
        process = processes.start("stages", "depth_perception.nodes.stages", arguments)
        while process.alive:
            time.sleep(0.05)
        processes.check()
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def _measure(settings: Settings, environment: Mapping[str, str], logs: Path, rate: float, frames: int) -> Measurement:
    camera_arguments = ["--width", str(settings.width), "--height", str(settings.height)]
    camera_arguments += ["--rate", str(rate), "--frames", str(frames)]
    node_arguments = ros_arguments({"model": settings.model.resolve(), **settings.engine.changed()})
    with Processes(logs, environment) as processes:
        processes.start("depth_node", "depth_perception.nodes.depth_node", node_arguments)
        camera = processes.start("camera", "depth_perception.rig.benchmark_camera", camera_arguments, talks=True)
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        try:
            listener = _Listener(processes)
            with ProgressBar(f"{rate:.0f} Hz", "images") as progress:
                status = listener.follow(camera, frames, progress)
            listener.close()
        finally:
            rclpy.try_shutdown()
    times = (status.engine, status.overhead, status.latency_from_receipt, status.latency_from_stamp)
    engine, overhead, from_receipt, from_stamp = (took for took in times if took is not None)
    return Measurement(rate, frames, status, engine, overhead, from_receipt, from_stamp)


class _Listener:
    """Subscribes to depth, so that the node has somebody to work for, and to its diagnostics."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._status = NodeStatus()
        self._node = rclpy.create_node("benchmark")
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        self._node.create_subscription(Image, "depth/image_rect", self._on_depth, qos, raw=True)
        self._node.create_subscription(Image, "depth/relative", self._on_depth, qos, raw=True)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)

    def follow(self, camera: Process, frames: int, progress: ProgressBar) -> NodeStatus:
        """Lets the camera begin, waits until the node is done with the last frame, and returns what it says then."""
        self._wait_for_line(camera, "ready")
        deadline = time.monotonic() + DEADLINE
        # It can say so only if it knows this process' subscriptions, of which the one to its diagnostics is the last.
        while not self._status.listening:
            self._next_status(deadline)
        camera.say("go")
        self._wait_for_line(camera, "done", lambda: progress(self._status.received, frames))
        deadline = time.monotonic() + DEADLINE
        unchanged = 0
        while not (self._is_done() and (self._status.received + self._status.lost >= frames or unchanged >= PATIENCE)):
            before = self._next_status(deadline)
            unchanged = unchanged + 1 if before.received == self._status.received else 0
        progress(frames, frames)
        if not self._status.processed:
            raise RigError(f"depth_node made no depth: {self._status.last_error}")
        return self._status

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()

    def _is_done(self) -> bool:
        return self._status.idle and self._status.received > 0

    def _next_status(self, deadline: float) -> NodeStatus:
        """What the node said last, once it has said something newer."""
        before = self._status
        while self._status is before:
            self._spin()
            if time.monotonic() > deadline:
                raise RigError(f"depth_node does not end its work: {self._processes.last_words('depth_node')}")
        return before

    def _wait_for_line(self, camera: Process, word: str, turn: Callable[[], None] | None = None) -> None:
        deadline = time.monotonic() + DEADLINE if turn is None else float("inf")
        while word not in camera.heard():
            self._spin()
            if turn is not None:
                turn()
            if not camera.alive:
                raise RigError(f"the camera ended early: {self._processes.last_words('camera')}")
            if time.monotonic() > deadline:
                raise RigError(f"depth_node is not there: {self._processes.last_words('depth_node')}")

    def _spin(self) -> None:
        self._processes.check()
        self._executor.spin_once(timeout_sec=0.05)

    def _on_depth(self, data: bytes) -> None:
        """Nothing to do: it is enough that somebody listens."""

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "depth_node":
                self._status = NodeStatus.of(status.values)
