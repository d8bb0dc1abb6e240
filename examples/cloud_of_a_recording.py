"""A moment of a bag to a coloured point cloud: a PLY file in the camera's optical axes, for any viewer.

python -m examples.cloud_of_a_recording recordings/street --second 3
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import numpy as np

from depth_perception import DepthEstimator, DepthSettings, PointCloudBuilder, Recording, model_path, open_engine
from depth_perception.geometry.ply import ply


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bag")
    parser.add_argument("--second", type=float, default=0.0, help="since the first image")
    parser.add_argument("--maximum-range", type=float, default=60.0, help="metres")
    parser.add_argument("--model", default="models/dual_networks_light.onnx")
    parser.add_argument("--output", default="cloud.ply")
    options = parser.parse_args()

    settings = DepthSettings(maximum_range=options.maximum_range)
    with Recording.open(options.bag) as recording, closing(open_engine(model_path(options.model))) as engine:
        moment = recording.stamps[0] + round(options.second * 1e9)
        image = min(recording.images(), key=lambda image: abs(image.stamp - moment))
        result = DepthEstimator(engine, image.camera, settings).estimate(image.decode())
    points = PointCloudBuilder(result.camera).build(result.depth, result.image)
    Path(options.output).write_bytes(ply(points))
    count = np.count_nonzero(np.isfinite(points[..., 2]))
    print(f"{options.output}: {count} points of the image at {(image.stamp - recording.stamps[0]) * 1e-9:.1f} s")


if __name__ == "__main__":
    main()
