"""Hours of a camera that is not quite sound, for the three nodes in one process: ``python test/soak.py --minutes 20``.

Beside sound images there come, at random, what cameras, drivers and people do: damaged and odd images, calibrations
that change, stamps that jump, requests that cannot be, nodes that are stopped and started again. Prints the process's
memory as it goes, and at the end how it grew after a third of the time: until then histories fill. Ends with status 1
if the nodes died, stopped answering, said more than a line a second and kind, or if their memory certainly grew by more
than 1 MB an hour.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.camera import CAMERA, TestCamera, encoded
from helpers.graph import Graph, claimed_domain
from helpers.models import write_depth_model, write_pose_model

from depth_perception.nodes.camera_info import message_from_camera

MOST_GROWTH = 1.0
"""MB an hour."""
NODES = ("depth_node", "odometry_node", "point_cloud_node")
SIZE = {"width": CAMERA.width, "height": CAMERA.height, "focal_length": CAMERA.fx}


class Faults:
    """What goes wrong, one method each."""

    def __init__(self, graph: Graph, camera: TestCamera, rng: np.random.Generator) -> None:
        self._graph, self._camera, self._rng = graph, camera, rng
        self._compressed = graph.node.create_publisher(CompressedImage, "image/compressed", 1)
        self._picture = rng.integers(0, 256, (CAMERA.height, CAMERA.width, 3), np.uint8)

    def cut_image(self) -> None:
        message = encoded(self._picture, "rgb8")
        message.data = message.data[: int(self._rng.integers(len(message.data)))]
        self._camera.send(message)

    def odd_encoding(self) -> None:
        message = encoded(self._picture, "rgb8")
        message.encoding = "".join(map(chr, self._rng.integers(1, 500, 20))) + "\n" * 1000
        self._camera.send(message)

    def damaged_jpeg(self) -> None:
        data = bytearray(encoded(self._picture, "jpeg").data)
        data[int(self._rng.integers(len(data)))] ^= 0xFF
        self._compressed.publish(CompressedImage(format="jpeg", data=bytes(data)))

    def other_calibration(self) -> None:
        info = message_from_camera(CAMERA, self._camera.header())
        info.k[int(self._rng.integers(9))] = float(self._rng.choice([0.0, 1e9, np.nan, 80.0 + self._rng.random()]))
        self._camera.send(info=info)

    def time_jumps(self) -> None:
        self._camera.now += int(self._rng.integers(-100, 100)) * 1_000_000_000

    def impossible_transition(self) -> None:
        self._change(str(self._rng.choice(NODES)), int(self._rng.choice([0, 1, 2, 3, 99])))

    def stopped_and_started(self) -> None:
        node = str(self._rng.choice(NODES))
        for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE):
            assert self._change(node, transition), f"{node} did not go through transition {transition}"

    def odd_parameter(self) -> None:
        odd = Parameter(name="maximum_range", value=ParameterValue(type=int(self._rng.integers(10, 256))))
        service = f"/{self._rng.choice(NODES)}/set_parameters"
        self._graph.call(SetParameters, service, SetParameters.Request(parameters=[odd]))

    def _change(self, node: str, number: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=number))
        return self._graph.call(ChangeState, f"/{node}/change_state", request).success


def resident(pid: int) -> float:
    """MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def soak(graph: Graph, folder: Path, seconds: float, seed: int, kinds: list[str]) -> bool:
    """Whether all went well."""
    write_depth_model(folder / "depth.onnx", **SIZE)
    write_pose_model(folder / "pose.onnx", **SIZE)
    parameters = {
        "depth_node:model": folder / "depth.onnx",
        "odometry_node:model": folder / "pose.onnx",
        "odometry_node:camera_pose": "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]",
        "odometry_node:path_length": 50,  # or it takes its thousandth pose until it grows no more
    }
    rng = np.random.default_rng(seed)
    done: Counter[str] = Counter()
    memory: list[tuple[float, float]] = []
    with (
        graph.node_process("perception", **parameters) as process,
        graph.listen(Image, "depth/image_rect") as depth,
        graph.listen(PointCloud2, "depth/points") as points,
        TestCamera(graph, CAMERA) as camera,
    ):
        camera.wait_for_listeners()
        faults = Faults(graph, camera, rng)
        start = shown = time.monotonic()
        while (now := time.monotonic()) - start < seconds and process.alive:
            camera.send()
            if kinds and rng.random() < 0.2:
                kind = str(rng.choice(kinds))
                getattr(faults, kind)()
                done[kind] += 1
            graph.spin(0.03)
            depth.clear()
            points.clear()
            if now - shown > 10.0:
                shown = now
                memory.append((now - start, resident(process.pid)))
                print(f"{now - start:6.0f} s  {memory[-1][1]:7.1f} MB  {sum(done.values())} faults", flush=True)
        answered = process.alive and bool(camera.send_until_answered(None, depth, points))
        stamped = [line for line in process.output.splitlines() if re.match(r"\[\w+\] \[\d", line)]
        lines = Counter(re.sub(r"^\[(\w+)\] \[(\d+)\.\d+\]", r"\1 \2", line)[:60] for line in stamped)
        status = process.stop()
    slope, sigma = growth([item for item in memory if item[0] > seconds / 3])
    print(f"{dict(done)}\nmemory after a third of the time: {slope:+.2f} ± {sigma:.2f} MB an hour; status {status}")
    most = max(lines.values(), default=0)
    print(f"{sum(lines.values())} lines of log, at most {most} of a kind in a second")
    return answered and status == 0 and most <= 2 and not slope - 2.0 * sigma > MOST_GROWTH


def growth(memory: list[tuple[float, float]]) -> tuple[float, float]:
    """MB an hour and their standard deviation, of seconds and MB; NaN of too few. What is left beside the line goes on
    for a while, so that there is less to know from than there are values.
    """
    if len(memory) < 20:
        return float("nan"), float("nan")
    seconds, used = np.array(memory).T
    line, covariance = np.polyfit(seconds, used, 1, cov=True)
    left = used - np.polyval(line, seconds)
    goes_on = max(0.0, float(left[1:] @ left[:-1] / (left @ left)))
    return float(line[0]) * 3600, float(np.sqrt(covariance[0, 0] * (1 + goes_on) / (1 - goes_on))) * 3600


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    kinds = [name for name in vars(Faults) if not name.startswith("_")]
    parser.add_argument("--faults", nargs="*", choices=kinds, default=kinds, help="these alone; none is a sound camera")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, claimed_domain() as domain:
        graph = Graph(Path(name), domain)
        try:
            return 0 if soak(graph, Path(name), 60.0 * options.minutes, options.seed, options.faults) else 1
        finally:
            graph.close()


if __name__ == "__main__":
    sys.exit(main())
