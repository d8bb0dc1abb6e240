"""Lens distortion: which pinhole to draw for a distorted camera, and where its pixels lie in it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.rendering.errors import RenderingError


def pinhole_of(camera: Camera) -> tuple[Camera, tuple[npt.NDArray, npt.NDArray] | None]:
    """The pinhole to draw for a camera and, if it is distorted, the maps of `cv2.remap` from its picture.

    The pinhole has the camera's focal lengths and is as large as it must be to hold all that the camera sees.

    Raises: `RenderingError` for a distortion that shows one place twice, and for a fisheye.
    """
    if camera.projection != "perspective":
        raise RenderingError(f"a lens of {camera.projection} projection cannot be drawn, expected perspective")
    if not camera.is_distorted:
        return camera.rectified(), None
    columns, rows = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    pixels = np.stack([columns, rows], -1).reshape(-1, 1, 2).astype(np.float64)
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 100, 1e-10)
    distortion = np.asarray(camera.distortion, np.float64)
    points = cv2.undistortImagePoints(pixels, camera.matrix, distortion, None, criteria)
    back, _ = cv2.projectPoints(
        np.dstack([(points - [camera.cx, camera.cy]) / [camera.fx, camera.fy], np.ones(points.shape[:2])]),
        np.zeros(3), np.zeros(3), camera.matrix, distortion,
    )  # fmt: skip
    if not np.all(np.isfinite(points)) or float(np.abs(back - pixels).max()) > 0.05:
        raise RenderingError(
            f"distortion {camera.distortion} folds the {camera.width}x{camera.height} image over: it has no inverse"
        )
    points = points.reshape(-1, 2)
    low = np.floor(points.min(axis=0)).astype(int) - 1
    high = np.ceil(points.max(axis=0)).astype(int) + 1
    low, high = np.minimum(low, 0), np.maximum(high, [camera.width - 1, camera.height - 1])
    pinhole = camera.rectified().cropped(int(low[0]), int(low[1]), *(int(v) for v in high - low + 1))
    maps = (points - low).astype(np.float32).reshape(camera.height, camera.width, 2)
    return pinhole, (np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1]))
