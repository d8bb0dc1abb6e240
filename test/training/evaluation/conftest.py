"""Drives whose depth a small model knows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import pose_from
from training.street.labels import ROAD

CAMERA = Camera(128, 64, 80.0, 80.0, 63.5, 31.5)


@dataclass
class LumaDrive:
    """As the cache of the street world gives it."""

    images: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    poses: npt.NDArray[np.float64]
    stamps: npt.NDArray[np.float64]
    camera: Camera


@pytest.fixture
def drive_of():
    """Makes a drive: depth is what the luma model answers, over a factor; motion is the same from frame to frame."""

    def make(model_says=1.0, frames=12, motion=None):
        rng = np.random.default_rng(0)
        images = np.repeat(rng.integers(60, 256, (frames, 64, 128, 1), dtype=np.uint8), 3, axis=-1)
        poses = [np.eye(4)]
        step = pose_from(np.eye(3), [0.0, 0.0, 0.5]) if motion is None else motion
        for _ in range(frames - 1):
            poses.append(poses[-1] @ step)
        depth = (luma_depth(images) / model_says).astype(np.float32)
        labels = np.full((frames, 64, 128), ROAD, np.uint8)
        return LumaDrive(images, depth, labels, np.stack(poses), np.arange(frames) / 10.0, CAMERA)

    return make


@pytest.fixture
def depth_model(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", width=128, height=64, focal_length=80.0)
    return tmp_path / "depth.onnx"
