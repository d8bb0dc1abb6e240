"""sensor_msgs/CameraInfo of the images that come in, and of the depth that goes out."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info
from depth_perception.geometry.camera import Camera


def camera_from_message(message: CameraInfo, *, rectified: bool = False) -> Camera:
    """The camera of the images that come with this message.

    Args:
        rectified: The images are rectified already: their camera is the left of P, without distortion, not K and D.

    Raises: `GeometryError` if the message describes no camera, or a lens that `Camera` does not have.
    """
    if rectified:
        p = message.p
        message = CameraInfo(
            width=message.width,
            height=message.height,
            k=[p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]],
            roi=message.roi,
            binning_x=message.binning_x,
            binning_y=message.binning_y,
        )
    return camera_from_info(message)


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
