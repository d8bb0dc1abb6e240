"""How an image comes to a network and its depth back to the truth's size, against NumPy written out."""

import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.frame import Frame
from depth_perception.geometry.camera import Camera
from training.errors import TrainingError
from training.evaluation.predictors import RobotDepth, WholeImageDepth, resized


def bilinear(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixel by pixel, centres kept in place, the border replicated."""
    result = np.empty((height, width))
    for v in range(height):
        for u in range(width):
            y = min(max((v + 0.5) * values.shape[0] / height - 0.5, 0), values.shape[0] - 1)
            x = min(max((u + 0.5) * values.shape[1] / width - 0.5, 0), values.shape[1] - 1)
            top, left = int(y), int(x)
            bottom, right = min(top + 1, values.shape[0] - 1), min(left + 1, values.shape[1] - 1)
            a, b = y - top, x - left
            upper = (1 - b) * values[top, left] + b * values[top, right]
            lower = (1 - b) * values[bottom, left] + b * values[bottom, right]
            result[v, u] = (1 - a) * upper + a * lower
    return result


def test_depth_and_disparity_are_resized_differently():
    depth = np.random.default_rng(0).uniform(1, 80, (8, 12)).astype(np.float32)
    np.testing.assert_allclose(resized(depth, 31, 21, "depth"), bilinear(depth, 21, 31), rtol=1e-4)
    np.testing.assert_allclose(resized(depth, 31, 21, "disparity"), 1 / bilinear(1 / depth, 21, 31), rtol=1e-4)
    nearest = resized(depth, 24, 16, "nearest")
    np.testing.assert_array_equal(nearest, depth.repeat(2, 0).repeat(2, 1))


def test_the_whole_image_is_squeezed_and_its_focal_length_with_it(tmp_path):
    """An image of another aspect: all of it is seen, and depth is that of a camera as wide as the network."""
    write_depth_model(tmp_path / "x.onnx", width=64, height=32, focal_length=40.0)
    image = np.full((60, 96, 3), 200, np.uint8)
    image[:, 48:] = 100
    camera = Camera(96, 60, 90.0, 90.0, 47.5, 29.5)
    frame = Frame("x", image, np.ones((30, 48), np.float32), camera)
    depth = WholeImageDepth(open_engine(tmp_path / "x.onnx"), "depth")(frame)
    factor = 90.0 * 64 / 96 / 40.0
    assert depth.shape == (30, 48)
    assert depth[:, :23] == pytest.approx(luma_depth(image)[0, 0] * factor, rel=1e-4)
    assert depth[:, 25:] == pytest.approx(luma_depth(image)[0, -1] * factor, rel=1e-4)
    unknown = WholeImageDepth(open_engine(tmp_path / "x.onnx"), "depth")(Frame("x", image, frame.truth))
    np.testing.assert_allclose(unknown * factor, depth, rtol=1e-5)


def test_the_robots_view_is_brought_back_to_the_camera(tmp_path):
    """A ramp of disparity comes out where it was, and there is nothing where the network's view did not reach."""
    write_depth_model(tmp_path / "x.onnx", width=48, height=16, focal_length=40.0)
    camera = Camera(144, 64, 120.0, 120.0, 71.5, 25.5)
    columns = np.arange(144.0)
    image = np.repeat(np.repeat(np.round(60 + columns)[None, :, None], 64, 0), 3, -1).astype(np.uint8)
    frame = Frame("x", image, np.ones((64, 144), np.float32), camera)
    depth = RobotDepth(open_engine(tmp_path / "x.onnx"))(frame)
    rows = np.isfinite(depth).all(axis=1)
    assert rows.sum() == 48  # three to one of 144 columns
    assert abs(np.flatnonzero(rows).mean() - 25.5) < 0.01  # about the principal point
    assert np.isnan(depth[~rows]).all()
    expected = luma_depth(image)[0] * (120.0 / 3) / 40.0
    assert depth[rows][:, 2:-2] == pytest.approx(np.tile(expected[2:-2], (48, 1)), rel=0.01)


def test_a_view_that_is_the_camera_is_not_touched(tmp_path):
    write_depth_model(tmp_path / "x.onnx", width=64, height=32, focal_length=40.0)
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    frame = Frame("x", image, np.ones((32, 64), np.float32), Camera(64, 32, 40.0, 40.0, 31.5, 15.5))
    np.testing.assert_allclose(RobotDepth(open_engine(tmp_path / "x.onnx"))(frame), luma_depth(image), rtol=1e-5)


def test_the_robots_view_needs_a_camera(tmp_path):
    write_depth_model(tmp_path / "x.onnx")
    frame = Frame("img-1", np.zeros((32, 64, 3), np.uint8), np.ones((32, 64), np.float32))
    with pytest.raises(TrainingError, match="img-1: the robot's view needs the camera"):
        RobotDepth(open_engine(tmp_path / "x.onnx"))(frame)
