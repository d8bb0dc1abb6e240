"""A LiDAR's cloud as true depth of a camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.pixel_formats import Depth, PixelFormatError

AXES = ("x", "y", "z")
_FLOATS = {7: "f4", 8: "f8"}
"""Types of a PointField that coordinates may have."""
NEAREST = 0.1
"""Metres; what is nearer to the camera is no measurement."""


def points_of(message: Any) -> npt.NDArray[np.float64]:
    """The finite points ``[n, 3]`` of a ``sensor_msgs/PointCloud2``, in its frame.

    Raises: `PixelFormatError` if it has no x, y, z, has them outside of a point, or fewer bytes than it says.
    """
    order = ">" if message.is_bigendian else "<"
    found = {field.name: field for field in message.fields if field.name in AXES}
    if len(found) < 3 or any(field.datatype not in _FLOATS for field in found.values()):
        names = ", ".join(field.name for field in message.fields)
        raise PixelFormatError(f"point cloud has the fields {names}, expected x, y, z as floats")
    width, height, step = message.width, message.height, message.point_step
    row = message.row_step or width * step  # some drivers leave it
    needed = max(field.offset + np.dtype(_FLOATS[field.datatype]).itemsize for field in found.values())
    if needed > step:
        raise PixelFormatError(f"point cloud has points of {step} bytes, its x, y, z need {needed}")
    data = np.frombuffer(bytes(memoryview(message.data)), np.uint8)
    if data.size < row * height or row < width * step:
        raise PixelFormatError(f"point cloud has {data.size} bytes, expected {row * height}: it is cut short")
    kind = np.dtype(
        {
            "names": list(AXES),
            "formats": [order + _FLOATS[found[axis].datatype] for axis in AXES],
            "offsets": [found[axis].offset for axis in AXES],
            "itemsize": step,
        }
    )
    rows = data[: row * height].reshape(height, row)[:, : width * step]
    values = np.frombuffer(rows.tobytes(), kind)
    points = np.stack([values[axis].astype(np.float64) for axis in AXES], axis=-1)
    return points[np.isfinite(points).all(axis=1)]


def depth_of_points(points: npt.NDArray[np.float64], camera: Camera) -> Depth:
    """Depth on the pixels of a pinhole, metres ``[height, width]``, NaN where no point is: of two on one pixel the
    nearer, which hides the other. What hides points between the pixels' own is not known.

    Args:
        points: ``[n, 3]``, in the camera's optical frame.
    """
    x, y, z = points[points[:, 2] > NEAREST].T
    columns = np.rint(camera.fx * x / z + camera.cx)
    rows = np.rint(camera.fy * y / z + camera.cy)
    inside = (columns >= 0) & (columns < camera.width) & (rows >= 0) & (rows < camera.height)
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    np.minimum.at(depth, (rows[inside].astype(int), columns[inside].astype(int)), z[inside].astype(np.float32))
    depth[np.isinf(depth)] = np.nan
    return depth
