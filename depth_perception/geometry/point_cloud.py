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


_LEAST, _MOST = float(np.finfo(np.float32).smallest_normal), float(np.finfo(np.float32).max)
NO_LIMITS = DepthLimits(0.0, _MOST)

_ROWS = 96
"""Rows of a strip: of 8 to 384 the fastest at a width of 1248."""
_COLOUR = np.uint32(0x00FFFFFF)
"""What of 0xAARRGGBB is colour: with an alpha of 255, half of all colours would be NaN as a float32."""


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
    """Makes organised clouds of one camera.

    Strips of rows at a time, because what is between depth and points then stays in the processor's cache.
    """

    def __init__(self, camera: Camera, limits: DepthLimits = NO_LIMITS) -> None:
        rays = camera.rays()
        self._size = (camera.height, camera.width)
        limits = limits & DepthLimits(_LEAST, _MOST)
        with np.errstate(over="ignore"):  # beyond what float32 reaches is as good as at no end
            self._nearest, self._farthest = (
                np.broadcast_to(np.asarray(limit, np.float32), self._size)
                for limit in (limits.nearest, limits.farthest)
            )
        self._right = rays[:1, :, 0].copy()
        self._down = rays[:, :1, 1].copy()
        self._points = np.empty((*self._size, 4), np.float32)
        strip = (min(_ROWS, camera.height), camera.width)
        self._x, self._y, self._z = (np.empty(strip, np.float32) for _ in range(3))
        self._bgra = np.empty((*strip, 4), np.uint8)
        self._inside, self._near_enough = (np.empty(strip, np.bool_) for _ in range(2))

    def build(self, depth: FloatImage, image: npt.NDArray[np.uint8], into: FloatImage | None = None) -> FloatImage:
        """The cloud ``[height, width, 4]`` of float32 depth ``[height, width]`` in metres and its uint8 RGB image.

        Depth that is not finite, or outside the limits, makes no point.

        Args:
            into: Float32 ``[height, width, 4]`` to write the points into, such as the memory of a message; None for an
                array that the next call overwrites.

        Raises: `GeometryError` if one of them is not of the camera's size, or `into` cannot be written as it lies.
        """
        size = self._size
        if depth.shape != size or depth.dtype != np.float32:
            raise GeometryError(f"depth is {depth.dtype} {depth.shape}, expected float32 {size} as its camera says")
        if image.shape != (*size, 3) or image.dtype != np.uint8:
            raise GeometryError(f"image is {image.dtype} {image.shape}, expected uint8 {(*size, 3)} as its camera says")
        points = self._points if into is None else into
        if points.shape != (*size, 4) or points.dtype != np.float32 or not points.flags.c_contiguous:
            raise GeometryError(f"into is {points.dtype} {points.shape}, expected float32 {(*size, 4)}, contiguous")
        for first in range(0, size[0], _ROWS):
            rows = slice(first, first + _ROWS)
            self._strip(depth[rows], image[rows], rows, points[rows])
        return points

    def _strip(self, depth: FloatImage, image: npt.NDArray[np.uint8], rows: slice, points: FloatImage) -> None:
        count = len(depth)
        x, y, z, bgra = self._x[:count], self._y[:count], self._z[:count], self._bgra[:count]
        inside, near_enough = self._inside[:count], self._near_enough[:count]
        np.greater_equal(depth, self._nearest[rows], out=inside)
        np.less_equal(depth, self._farthest[rows], out=near_enough)
        np.logical_and(inside, near_enough, out=inside)
        z.fill(np.nan)
        cv2.copyTo(depth, inside.view(np.uint8), z)  # numpy takes fifteen times as long
        np.multiply(z, self._right, out=x)
        np.multiply(z, self._down[rows], out=y)
        cv2.cvtColor(image, cv2.COLOR_RGB2BGRA, dst=bgra)
        word = bgra.view(np.uint32)[..., 0]
        np.bitwise_and(word, _COLOUR, out=word)
        cv2.merge([x, y, z, word.view(np.float32)], points)


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
