"""Pictures for a network out of recordings of any length."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import picture, write_recording

from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.network_frames import FramesError, network_frames
from depth_perception.model_file import read_description
from depth_perception.recordings.recording import RecordedImage, Recording


def test_what_is_not_asked_for_is_neither_decoded_nor_kept(tmp_path, monkeypatch):
    write_recording(tmp_path / "drive", frames=9, encoding="png")
    write_pose_model(tmp_path / "pose.onnx")
    model = read_description(tmp_path / "pose.onnx")
    with Recording.open(tmp_path / "drive") as recording:
        view = NetworkView(recording.camera, model.width, model.height)
        images = [view.image(image.decode()) for image in recording.images()]
    decoded: list[int] = []
    decode = RecordedImage.decode

    def noted(image: RecordedImage) -> np.ndarray:
        decoded.append(image.stamp)
        return decode(image)

    monkeypatch.setattr(RecordedImage, "decode", noted)
    frames = network_frames(tmp_path / "drive", model, 2)
    assert len(decoded) == 4
    for frame, first in zip(frames, (0, 7), strict=True):
        np.testing.assert_array_equal(frame["images"], images[first : first + 2])
    assert len(network_frames(tmp_path / "drive", model, 24)) == 8


def test_a_folder_of_pictures_of_several_sizes(tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    model = read_description(tmp_path / "depth.onnx")
    (tmp_path / "pictures").mkdir()
    for index, width in enumerate((64, 64, 96)):
        cv2.imwrite(str(tmp_path / "pictures" / f"{index}.png"), picture(index, width, 32))
    frames = network_frames(tmp_path / "pictures", model, 3)
    assert [frame["image"].shape for frame in frames] == [(1, model.height, model.width, 3)] * 3


def test_too_few_pictures_are_counted(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), picture(0, 64, 32))
    (tmp_path / "models").mkdir()
    write_pose_model(tmp_path / "models" / "pose.onnx")
    with pytest.raises(FramesError, match="takes 2 images one after the other, 1 there: give a rosbag2"):
        network_frames(tmp_path, read_description(tmp_path / "models" / "pose.onnx"), 2)
