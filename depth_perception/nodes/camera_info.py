"""sensor_msgs/CameraInfo of the depth that goes out."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from depth_perception.geometry.camera import Camera
from depth_perception.message_fields import camera_info_fields


def message_from_camera(camera: Camera, header: Header) -> CameraInfo:
    """The message that goes with a rectified image of a camera; `header` is that of the image it was made of."""
    return CameraInfo(header=header, **camera_info_fields(camera))
