"""Where the camera of a recording went."""

from __future__ import annotations

import numpy as np
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import picture, write_recording

from training.data.datasets.bag import BagData
from training.data.followed import write_followed


def test_an_image_that_shows_nothing_is_passed_over(tmp_path):
    """A hand before the lens ends no training."""

    def image_of(index: int) -> np.ndarray:
        return np.zeros((32, 64, 3), np.uint8) if index == 3 else picture(index, 64, 32)

    stamps = write_recording(tmp_path / "drive", frames=8, image_of=image_of)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    path = tmp_path / "drive.tum"
    write_followed(BagData(str(tmp_path / "drive")), None, tmp_path / "depth.onnx", tmp_path / "pose.onnx", path)
    seen = [round(float(line.split()[0]) * 1e3) for line in path.read_text().splitlines()]
    assert seen == [round(stamp * 1e-6) for index, stamp in enumerate(stamps) if index != 3]
