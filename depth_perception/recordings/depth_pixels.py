"""Whose pixels true depth has: the image's, its rectified ones, or those of a camera of its own."""

from __future__ import annotations

import cv2
import numpy as np

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.lens import seen, source_pixels
from depth_perception.pixel_formats import Depth
from depth_perception.recordings.lidar import depth_of_points

_ALIKE = 0.02
"""Share of the focal length, and of the width, by which cameras may differ that are one."""


def are_alike(one: Camera, other: Camera) -> bool:
    """Whether two cameras have the same pixels, but for their size and their lens's distortion."""
    one = one.resized(other.width, other.height)
    focal = max(abs(one.fx / other.fx - 1.0), abs(one.fy / other.fy - 1.0))
    centre = max(abs(one.cx - other.cx), abs(one.cy - other.cy)) / other.width
    return max(focal, centre) < _ALIKE


def on_pixels_of(camera: Camera, depth: Depth, source: Camera) -> Depth:
    """Depth of `source` as the pinhole `camera`, at the same place, has it: NaN where nothing falls.

    That of a lens is the nearest pixel's, never a mean over an edge.
    """
    if source.is_distorted:
        columns, rows = source_pixels(source, camera)
        nearest = cv2.convertMaps(columns, rows, cv2.CV_16SC2, nninterpolation=True)
        moved = cv2.remap(depth, *nearest, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        return np.where(seen(source, camera, columns, rows), moved, np.float32(np.nan))
    points = (source.rays().astype(np.float64) * depth[..., None]).reshape(-1, 3)
    return depth_of_points(points[np.isfinite(points).all(axis=1)], camera)
