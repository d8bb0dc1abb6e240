"""A point cloud as a PLY file: for any viewer."""

from __future__ import annotations

import numpy as np

from depth_perception.geometry.point_cloud import FloatImage


def ply(points: FloatImage) -> bytes:
    """The content of a binary file of points ``[..., 4]`` as in `depth_perception.geometry.point_cloud`, in their axes
    and with their colours; points that are not there are left out.

    Source: Turk, "The PLY Polygon File Format", 1994.
    """
    there = points[np.isfinite(points[..., 2])]
    vertices = np.empty(len(there), [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    vertices["xyz"] = there[:, :3]
    vertices["rgb"] = there[:, 3].copy().view(np.uint8).reshape(-1, 4)[:, 2::-1]  # 0x00RRGGBB, little-endian
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(there)}"]
    header += [f"property float {axis}" for axis in "xyz"]
    header += [f"property uchar {colour}" for colour in ("red", "green", "blue")]
    return "\n".join([*header, "end_header\n"]).encode() + vertices.tobytes()
