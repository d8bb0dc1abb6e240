"""Depth and colour to a point cloud.

Convention:
    Points are float32 ``[..., 4]``: x, y, z in metres in the optical frame of the camera (x right, y down, z forward),
    and the colour as PointCloud2's ``rgb``: the four bytes 0x00RRGGBB read as a float32. A point that is not there has
    NaN for x, y and z.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera, GeometryError

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DepthLimits:
    """The depths a point of every pixel may have, metres, ``[height, width]`` each, or one number for all.

    Whatever a limit is about, along the ray of a pixel it is a nearest and a farthest depth: a cloud costs the same
    with all limits as with none.
    """

    nearest: FloatImage | float
    farthest: FloatImage | float

    def __and__(self, other: DepthLimits) -> DepthLimits:
        return DepthLimits(np.maximum(self.nearest, other.nearest), np.minimum(self.farthest, other.farthest))


NO_LIMITS = DepthLimits(0.0, float(np.finfo(np.float32).max))


def range_limits(camera: Camera, minimum: float, maximum: float) -> DepthLimits:
    """Points whose distance from the camera (not depth) is `minimum` to `maximum` metres."""
    if not 0 <= minimum < maximum:
        raise GeometryError(f"range is {minimum} to {maximum} m, expected 0 or more, and a maximum above the minimum")
    length = np.linalg.norm(camera.rays(), axis=-1)
    return DepthLimits(minimum / length, maximum / length)


def height_limits(camera: Camera, level_from_camera: npt.ArrayLike, minimum: float, maximum: float) -> DepthLimits:
    """Points whose height is `minimum` to `maximum` metres.

    Args:
        level_from_camera: `T_level_camera` ``[4, 4]``; the height is along z of that frame, such as base_link.
    """
    if not minimum < maximum:
        raise GeometryError(f"height is {minimum} to {maximum} m, expected a minimum below the maximum")
    pose = np.asarray(level_from_camera, np.float64)
    if pose.shape != (4, 4):
        raise GeometryError(f"level_from_camera has shape {pose.shape}, expected (4, 4)")
    rise = (camera.rays() @ pose[2, :3]).astype(np.float32)  # height gained per metre of depth
    camera_height = pose[2, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (minimum - camera_height) / rise, (maximum - camera_height) / rise
    # A ray that neither rises nor falls is inside from -inf to inf, or, with both ends infinite, nowhere.
    return DepthLimits(np.minimum(low, high), np.maximum(low, high))


class PointCloudBuilder:
    """Makes organised clouds of one camera, into one buffer."""

    def __init__(self, camera: Camera, limits: DepthLimits = NO_LIMITS) -> None:
        rays = camera.rays()
        self._limits = limits & NO_LIMITS
        self._right = rays[:1, :, 0].copy()
        self._down = rays[:, :1, 1].copy()
        size = (camera.height, camera.width)
        self._x, self._y, self._z = (np.empty(size, np.float32) for _ in range(3))
        self._bgr0 = np.zeros((*size, 4), np.uint8)
        self._points = np.empty((*size, 4), np.float32)

    def build(self, depth: FloatImage, image: npt.NDArray[np.uint8]) -> FloatImage:
        """The cloud ``[height, width, 4]`` of float32 depth ``[height, width]`` in metres and its uint8 RGB image.

        Depth that is not finite, or outside the limits, makes no point. The next call overwrites the array.

        Raises: `GeometryError` if one of them has not the size of the camera.
        """
        size = self._z.shape
        if depth.shape != size or depth.dtype != np.float32:
            raise GeometryError(f"depth is {depth.dtype} {depth.shape}, expected float32 {size} as its camera says")
        if image.shape != (*size, 3) or image.dtype != np.uint8:
            raise GeometryError(f"image is {image.dtype} {image.shape}, expected uint8 {(*size, 3)} as its camera says")
        np.copyto(self._z, depth)
        outside = ~((depth >= self._limits.nearest) & (depth <= self._limits.farthest) & (depth > 0))
        self._z[outside] = np.nan
        np.multiply(self._z, self._right, out=self._x)
        np.multiply(self._z, self._down, out=self._y)
        # In memory, a little-endian 0x00RRGGBB is blue, green, red, zero.
        cv2.mixChannels([image], [self._bgr0], [2, 0, 1, 1, 0, 2])
        colour = self._bgr0.view(np.float32)[..., 0]
        cv2.merge([self._x, self._y, self._z, colour], self._points)
        return self._points


def voxel_grid(points: FloatImage, size: float) -> FloatImage:
    """One point per cube of `size` metres, the mean of its points and of their colours: ``[..., 4]`` to ``[n, 4]``.

    Points that are not there are left out.
    """
    if not (np.isfinite(size) and size > 0):
        raise GeometryError(f"voxel size is {size} m, expected a positive number")
    flat = points.reshape(-1, 4)
    flat = flat[np.isfinite(flat[:, 2])]
    if len(flat) == 0:
        return flat
    cells = np.floor(flat[:, :3] / np.float32(size)).astype(np.int64)
    cells -= cells.min(axis=0)
    extent = cells.max(axis=0) + 1
    key = (cells[:, 2] * extent[1] + cells[:, 1]) * extent[0] + cells[:, 0]
    order = np.argsort(key)
    key = key[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    count = np.diff(np.r_[first, len(key)])[:, None]
    colours = np.ascontiguousarray(flat[:, 3]).view(np.uint8).reshape(-1, 4)
    reduced = np.empty((len(first), 4), np.float32)
    reduced[:, :3] = np.add.reduceat(flat[order, :3].astype(np.float64), first, axis=0) / count
    mean = np.rint(np.add.reduceat(colours[order].astype(np.int64), first, axis=0) / count).astype(np.uint8)
    reduced[:, 3] = mean.view(np.float32)[:, 0]
    return reduced
