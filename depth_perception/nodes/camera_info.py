"""sensor_msgs/CameraInfo of the depth that goes out."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from depth_perception.geometry.camera import Camera


def message_from_camera(camera: Camera, header: Header) -> CameraInfo:
    """The message that goes with a rectified image of a camera; `header` is that of the image it was made of."""
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=camera.matrix.reshape(-1),
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )
