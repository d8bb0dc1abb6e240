"""An image to depth: a PNG of 16 bits, 1/256 m a step, 0 where nothing is known (as KITTI has it).

python -m examples.depth_of_an_image street.jpg --focal-length 720
"""

from __future__ import annotations

import argparse
from contextlib import closing

import cv2
import numpy as np

from depth_perception import Camera, DepthEstimator, model_path, open_engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("--focal-length", type=float, required=True, help="pixels; the lens is taken to be a pinhole")
    parser.add_argument("--model", default="models/dual_networks_light.onnx")
    parser.add_argument("--output", default="depth.png")
    options = parser.parse_args()

    read = cv2.imread(options.image)
    if read is None:
        raise SystemExit(f"{options.image}: cannot be read as an image")
    image = cv2.cvtColor(read, cv2.COLOR_BGR2RGB).astype(np.uint8)
    height, width = image.shape[:2]
    focal = options.focal_length
    camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
    with closing(open_engine(model_path(options.model))) as engine:
        result = DepthEstimator(engine, camera).estimate(image)
    steps = np.where(result.valid, np.minimum(result.depth * 256, 65535), 0).astype(np.uint16)
    cv2.imwrite(options.output, steps)
    view = result.camera  # depth is of the part of the image that the network sees, and has its size
    print(f"{options.output}: {view.width}x{view.height}, focal length {view.fx:.1f}, metric: {result.metric}")


if __name__ == "__main__":
    main()
