from __future__ import annotations

import numpy as np
import pytest

from depth_perception.geometry.pose import transform
from depth_perception.nodes.transforms import pose_from_numbers, pose_message


def test_a_level_camera_looks_ahead() -> None:
    """What is 10 m ahead, 2 m to the right and 1 m below the camera, by hand."""
    pose = pose_from_numbers([1.0, 0.5, 1.5, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(transform(pose, [[2.0, 1.0, 10.0]]), [[11.0, -1.5, 0.5]], atol=1e-12)


def test_pitch_looks_down_and_yaw_to_the_left() -> None:
    down = transform(pose_from_numbers([0, 0, 0, 0, 0.1, 0]), [[0.0, 0.0, 1.0]])[0]
    assert down[2] == pytest.approx(-np.sin(0.1))
    left = transform(pose_from_numbers([0, 0, 0, 0, 0, 0.1]), [[0.0, 0.0, 1.0]])[0]
    assert left[1] == pytest.approx(np.sin(0.1))


def test_message_of_a_pose() -> None:
    message = pose_message(np.array([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]))
    assert (message.position.x, message.position.y, message.position.z) == (1.0, 2.0, 3.0)
    assert message.orientation.z == pytest.approx(np.sqrt(0.5))
    assert message.orientation.w == pytest.approx(np.sqrt(0.5))
