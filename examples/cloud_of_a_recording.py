"""A moment of a bag to a coloured point cloud: a PLY file in the camera's optical axes, for any viewer.

python -m examples.cloud_of_a_recording recordings/street --second 3
"""

from __future__ import annotations

import argparse
from contextlib import closing

import numpy as np

from depth_perception import DepthEstimator, DepthSettings, PointCloudBuilder, Recording, model_path, open_engine


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
    points = points[np.isfinite(points[..., 2])]
    vertices = np.empty(len(points), [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertices["xyz"] = points[:, :3]
    vertices["rgb"] = points[:, 3].copy().view(np.uint8).reshape(-1, 4)[:, 2::-1]  # 0x00RRGGBB, little-endian
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {colour}" for colour in ("red", "green", "blue")]
    with open(options.output, "wb") as file:
        file.write("\n".join([*header, "end_header\n"]).encode())
        file.write(vertices.tobytes())
    print(f"{options.output}: {len(points)} points of the image at {(image.stamp - recording.stamps[0]) * 1e-9:.1f} s")


if __name__ == "__main__":
    main()
