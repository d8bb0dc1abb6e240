"""Fields of the messages that go out, as ROS names them: for nodes, and for recordings that are written without ROS."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import quaternion_from_rotation

_BIG_ENDIAN = sys.byteorder == "big"
POINT_FIELDS = ("x", "y", "z", "rgb")
"""Of a point, float32 each, as `geometry.point_cloud` makes them."""
POINT_STEP = 4 * len(POINT_FIELDS)
FLOAT32 = 7
"""As sensor_msgs/PointField numbers it."""


def camera_info_fields(camera: Camera) -> dict[str, Any]:
    """Of sensor_msgs/CameraInfo: a rectified image of a camera."""
    return {
        "width": camera.width,
        "height": camera.height,
        "distortion_model": "plumb_bob",
        "d": [0.0] * 5,
        "k": camera.matrix.reshape(-1),
        "r": np.eye(3).reshape(-1),
        "p": np.array([camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]),
    }


def image_fields(pixels: npt.NDArray, encoding: str) -> dict[str, Any]:
    """Of sensor_msgs/Image, but for its data: an array ``[height, width(, channels)]`` as the encoding says."""
    return {
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "encoding": encoding,
        "is_bigendian": int(_BIG_ENDIAN),
        "step": pixels.nbytes // pixels.shape[0],
    }


def cloud_fields(points: npt.NDArray, dense: bool) -> dict[str, Any]:
    """Of sensor_msgs/PointCloud2, but for its data and `POINT_FIELDS`: float32 points ``[height, width, 4]``."""
    height, width = points.shape[:2]
    return {
        "height": height,
        "width": width,
        "is_bigendian": _BIG_ENDIAN,
        "point_step": POINT_STEP,
        "row_step": POINT_STEP * width,
        "is_dense": dense,
    }


def vector_fields(values: npt.ArrayLike) -> dict[str, float]:
    """Of geometry_msgs/Vector3 and Point, ``[3]``."""
    return dict(zip("xyz", np.asarray(values, np.float64).tolist(), strict=True))


def quaternion_fields(pose: npt.NDArray[np.float64]) -> dict[str, float]:
    """Of geometry_msgs/Quaternion: the rotation of a pose ``[4, 4]``."""
    return dict(zip("xyzw", np.asarray(quaternion_from_rotation(pose[:3, :3])).tolist(), strict=True))
