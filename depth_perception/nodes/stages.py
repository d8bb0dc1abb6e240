"""What an image goes through from message to message, each stage timed by itself, without a graph of nodes.

python -m depth_perception.nodes.stages --model FILE --output FILE.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header

from depth_perception.engines.backend import Options
from depth_perception.engines.choose import BACKENDS
from depth_perception.engines.free_view import of_size
from depth_perception.engines.measured import processor
from depth_perception.engines.parity import smooth_pictures
from depth_perception.engines.roofline import layers, measured_roofline
from depth_perception.engines.settings import EngineSettings
from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.files import write_atomically
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import PointCloudBuilder
from depth_perception.nodes.images import image_from_message, message_from_image
from depth_perception.nodes.point_cloud_node import cloud_message
from depth_perception.nodes.timed_engine import TimedEngine
from depth_perception.percentiles import Percentiles

WARM_UP = 3
"""Frames that are not counted."""
STAGES = ("message in", "rectify", "engine", "finish", "message out", "cloud")
"""In the order of an image: what DDS hands over to pixels; pixels to the network's view; the network; its answer to
depth with its invalid pixels; depth, and the points made of it, to what DDS takes."""


def times(model: Path, settings: EngineSettings, camera: Camera, frames: int) -> dict[str, Any]:
    """Percentiles of each stage in seconds, and what of its time the engine could not do without.

    Raises: `DepthPerceptionError` if the model cannot be run.
    """
    (picture,) = smooth_pictures(np.random.default_rng(0), (1, camera.height, camera.width, 3))
    data = array("B", picture.tobytes())
    image = Image(width=camera.width, height=camera.height, encoding="rgb8", step=3 * camera.width, data=data)
    arriving = serialize_message(image)
    spent: dict[str, list[float]] = {stage: [] for stage in STAGES}

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        spent[stage].append(time.perf_counter() - start)

    engine = settings.open(model, "depth")
    try:
        estimator = DepthEstimator(TimedEngine(engine, spent["engine"].append), camera)
        builder = PointCloudBuilder(estimator.view.camera)
        depth_image, cloud, header = Image(), PointCloud2(), Header()
        for _ in range(WARM_UP + frames):
            with timed("message in"):
                pixels = image_from_message(deserialize_message(arriving, Image))
            with timed("rectify"):
                view = estimator.view.image(pixels)
            with timed("finish"):
                result = estimator.estimate(pixels)
            if engine.rather_takes_camera:  # then the engine does it
                spent["rectify"][-1] = 0.0
            spent["finish"][-1] -= spent["engine"][-1] + spent["rectify"][-1]
            with timed("message out"):
                serialize_message(message_from_image(result.depth, "32FC1", header, depth_image))
            with timed("cloud"):
                serialize_message(cloud_message(builder, result.depth, result.image, header, 0.0, cloud))
        seen = engine.at(estimator.view.camera.width, estimator.view.camera.height).model
        name = "images" if seen.frames else "image"
        work = layers(of_size(seen, model.read_bytes()), {name: np.stack([view] * max(1, len(seen.frames)))})
        said = engine.description
        options = Options(settings.threads or None, reduced=said.precision == "bf16")
        roofline = measured_roofline(BACKENDS[said.backend], options)
    finally:
        engine.close()
    found = {stage: Percentiles.of(seconds[WARM_UP:]) for stage, seconds in spent.items()}
    assert all(found.values())
    least = roofline.seconds(work)
    return {
        "processor": processor(),
        "engine": asdict(said),
        "view": [seen.width, seen.height],
        "stages": {stage: asdict(took) for stage, took in found.items() if took is not None},
        "multiply_adds": sum(layer.multiply_adds for layer in work),
        "roofline": asdict(roofline) | {"seconds": least, "share": least / float(np.median(spent["engine"][WARM_UP:]))},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes `times` as JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog="stages")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--engine", type=json.loads, default={}, help="settings, as JSON")
    parser.add_argument("--width", type=int, default=1248)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    focal = 720.0 * given.width / 1248
    camera = Camera(given.width, given.height, focal, focal, (given.width - 1) / 2, (given.height - 1) / 2)
    try:
        found = times(given.model, EngineSettings(**given.engine), camera, given.frames)
        write_atomically(given.output, json.dumps(found, indent=2).encode())
    except DepthPerceptionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
