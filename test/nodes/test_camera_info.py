from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.nodes.camera_info import camera_from_message, message_from_camera

CAMERA = Camera(640, 480, 500.0, 510.0, 320.5, 239.5)


def test_there_and_back() -> None:
    header = Header(frame_id="front")
    message = message_from_camera(CAMERA, header)
    assert message.header == header
    assert camera_from_message(message) == CAMERA
    assert camera_from_message(message, rectified=True) == CAMERA
    assert list(message.r) == list(np.eye(3).reshape(-1))


def test_images_that_are_rectified_already_are_those_of_p() -> None:
    message = message_from_camera(CAMERA, Header())
    message.d = [-0.3, 0.1, 0.0, 0.0, 0.0]
    message.p = [400.0, 0.0, 300.0, 0.0, 0.0, 410.0, 200.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert camera_from_message(message).distortion == (-0.3, 0.1, 0.0, 0.0, 0.0)
    assert camera_from_message(message, rectified=True) == Camera(640, 480, 400.0, 410.0, 300.0, 200.0)


def test_a_camera_that_is_not_calibrated_is_refused() -> None:
    for rectified in (False, True):
        with pytest.raises(GeometryError, match="not calibrated"):
            camera_from_message(CameraInfo(width=640, height=480), rectified=rectified)
