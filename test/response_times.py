"""How soon nodes answer while images come faster than the model runs: ``python test/response_times.py --seconds 60``.

The three nodes in one process with the models that ship, a camera of 1280x720 at 30 Hz, and somebody who asks for a
parameter and a state ten times a second. Prints how many images a second have depth, and medians and 99th percentiles
of answers in milliseconds; times are the machine's, so nothing here fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import Image

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.camera import TestCamera, encoded
from helpers.graph import SHARED_MEMORY, Graph, claimed_domain

from depth_perception.geometry.camera import Camera
from depth_perception.rig.process import ros_arguments

CAMERA = Camera(1280, 720, 700.0, 700.0, 639.5, 359.5)
NODES = ("depth_node", "odometry_node", "point_cloud_node")
PERIOD = 1.0 / 30.0


def measure(graph: Graph, seconds: float) -> None:
    """Prints as it goes."""
    mount = {"odometry_node:camera_pose": "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]"}
    arguments = ["-m", "depth_perception.nodes.perception", *ros_arguments(mount)]
    coarse = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    message = encoded(np.asarray(cv2.resize(coarse, (CAMERA.width, CAMERA.height)), np.uint8), "jpeg")
    took: dict[str, list[float]] = defaultdict(list)
    with (
        graph.run(arguments, profile=SHARED_MEMORY),
        graph.listen(Image, "depth/image_rect") as depth,
        TestCamera(graph, CAMERA, compressed=True) as camera,
    ):
        camera.wait_for_listeners()
        camera.send_until_answered(message, depth)
        clients = [
            (name, graph.node.create_client(kind, f"/{node}/{name}"), request)
            for node in NODES
            for name, kind, request in ASKED
        ]
        change = graph.node.create_client(ChangeState, "/depth_node/change_state")
        for client in (change, *(client for _, client, _ in clients)):
            graph.until(client.service_is_ready, "services")
        sent, images = time.monotonic(), 0

        def play(until: Callable[[], bool]) -> None:
            nonlocal sent
            while not until():
                if time.monotonic() - sent > PERIOD:
                    sent = time.monotonic()
                    camera.send(message)
                graph.spin(0.001)

        def rest(pause: float) -> None:
            nonlocal images
            end = time.monotonic() + pause
            play(lambda: time.monotonic() > end)
            images += len(depth)
            depth.clear()

        def ask(name: str, client: Any, request: Any) -> None:
            start = time.monotonic()
            play(client.call_async(request).done)
            took[name].append(time.monotonic() - start)

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for client in clients:
                ask(*client)
                rest(0.03)
        print(f"depth: {images / seconds:.2f} images a second")
        for _ in range(10):
            for name, transition in TRANSITIONS.items():
                ask(name, change, ChangeState.Request(transition=Transition(id=transition)))
                rest(0.5)
    for name, times in took.items():
        median, late = np.percentile(np.array(times) * 1e3, [50, 99])
        print(f"{name}: median {median:.1f} ms, p99 {late:.1f} ms, longest {max(times) * 1e3:.1f} ms of {len(times)}")


ASKED = (
    ("get_parameters", GetParameters, GetParameters.Request(names=["autostart"])),
    ("get_state", GetState, GetState.Request()),
)

TRANSITIONS = {"deactivate": Transition.TRANSITION_DEACTIVATE, "activate": Transition.TRANSITION_ACTIVATE}


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, claimed_domain() as domain:
        graph = Graph(Path(name), domain)
        try:
            measure(graph, options.seconds)
        finally:
            graph.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
