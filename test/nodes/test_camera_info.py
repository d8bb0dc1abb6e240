from __future__ import annotations

import numpy as np
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info
from depth_perception.geometry.camera import Camera
from depth_perception.nodes.camera_info import message_from_camera

CAMERA = Camera(640, 480, 500.0, 510.0, 320.5, 239.5)


def test_there_and_back() -> None:
    header = Header(frame_id="front")
    message = message_from_camera(CAMERA, header)
    assert message.header == header
    assert camera_from_info(message) == CAMERA
    assert camera_from_info(message, rectified=True) == CAMERA
    assert list(message.r) == list(np.eye(3).reshape(-1))
