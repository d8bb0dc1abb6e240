"""How high a camera stands above the road, in units of its own step, from two images of the road alone.

Between two images, a plane moves by the homography ``R + t m^T`` of the step and the plane ``m . X = 1``. With the step
known, the plane that makes the road's pixels of one image those of the other says how high the camera stands. That
needs no corners, of which roads have few, and no network's depth.

Convention:
    Optical axes: x right, y down, z forward. The plane is given in the first camera; its height is 1 / |m|.

Source: Irani and Anandan, "About Direct Methods" (1999), for aligning all pixels at once; Hartley and Zisserman,
"Multiple View Geometry" (2003), result 13.1, for the homography.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import road_region
from depth_perception.geometry.pose import Array

Grey = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]

_PIXELS, _TRIED = 1500, 500
"""Pixels of the road that are compared, those with the strongest gradients; and of them, by which heights are tried."""
_FEWEST = 200
_SWEEP = np.exp(np.linspace(-0.4, 0.4, 17))
"""Heights that are tried at first, times the expected one."""
_ROUNDS = 6
_CONVERGED = 1e-3
_TILT = 0.02
"""One sigma, radians, of the road's tilt against the vehicle: springs, and slopes that begin or end."""
_LARGEST_TILT = 0.08
_CORRELATION = 0.7
"""Least correlation of grey values for the plane to be believed."""
_SHORTEST = 3.0
"""Pixels that the near part of the road must have moved."""
_INDEPENDENT = 0.1
"""Share of the pixels whose errors are their own: neighbours see the same blur and the same bump."""
_SURROUNDINGS = 21
"""Pixels across, with whose mean a grey value is compared."""


@dataclass(frozen=True)
class RoadHeight:
    """Of the camera above the road.

    Attributes:
        height: In the unit of the step.
        sigma: Of ln(height).
        normal: Of the road, from the camera to the ground, ``[3]``.
    """

    height: float
    sigma: float
    normal: Array


class RoadHeightMeter:
    """Measures with images of one pinhole camera.

    Args:
        gravity: Direction of gravity in the camera; it says where the road is, and about how it lies.

    Raises: `GeometryError` for a camera that sees no road ahead.
    """

    def __init__(self, camera: Camera, gravity: npt.ArrayLike) -> None:
        down = np.asarray(gravity, np.float64)
        self._down = down / np.linalg.norm(down)
        region = cv2.erode(road_region(camera, down).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        rows = np.flatnonzero(region.any(axis=1))
        # Above the road there is nothing to look at.
        self._top = max(int(rows[0]) - _SURROUNDINGS, 0) if len(rows) else camera.height - 1
        self._camera = camera.cropped(0, self._top, camera.width, camera.height - self._top)
        self._places = np.nonzero(region[self._top :])
        self._values: Array = np.empty(0)
        self._rays: Array = np.empty((0, 3))

    def begin(self, image: Grey, free: npt.NDArray[np.bool_] | None = None) -> None:
        """Takes the first image, ``[height, width]``, and where it does not show the own vehicle."""
        flat = _flat(image[self._top :])
        right, down = _slopes(flat)
        rows, columns = self._places
        if free is not None:
            seen = free[self._top :][rows, columns]
            rows, columns = rows[seen], columns[seen]
        strength = np.abs(right[rows, columns]) + np.abs(down[rows, columns])
        if len(strength) > _PIXELS:
            strongest = np.argpartition(strength, len(strength) - _PIXELS)[-_PIXELS:]
            rows, columns = rows[strongest], columns[strongest]
        camera = self._camera
        self._values = flat[rows, columns].astype(np.float64)
        self._rays = np.column_stack(
            [(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy, np.ones(len(rows))]
        )

    def measure(self, image: Grey, pose: Array, expected: float) -> RoadHeight | None:
        """The height by a second image, None if that does not show it.

        Args:
            pose: ``T_second_first`` ``[4, 4]``.
            expected: About how high, in the unit of the pose.
        """
        if len(self._values) < _FEWEST:
            return None
        flat = _flat(image[self._top :])
        turned, step = self._rays @ pose[:3, :3].T, pose[:3, 3]
        plane = self._down / expected
        near = self._rays @ self._down > np.quantile(self._rays @ self._down, 0.7)
        moved = (
            self._project(turned[near], step, plane, near)[0] - self._project(turned[near], 0 * step, plane, near)[0]
        )
        if np.median(np.linalg.norm(moved, axis=1)) < _SHORTEST:
            return None
        few = slice(0, None, max(1, len(self._values) // _TRIED))
        scores = [self._correlation(flat, turned[few], step, plane / factor, few) for factor in _SWEEP]
        fitted = self._align(flat, turned, step, plane / _SWEEP[int(np.argmax(scores))])
        if fitted is None:
            return None
        plane, information = fitted
        height = float(1.0 / np.linalg.norm(plane))
        normal = plane * height
        tilt = np.arccos(np.clip(normal @ self._down, -1.0, 1.0))
        every = slice(None)
        if tilt > _LARGEST_TILT or self._correlation(flat, turned, step, plane, every) < _CORRELATION:
            return None
        variance = float(normal @ np.linalg.solve(information, normal))
        return RoadHeight(height, float(np.sqrt(variance)) * height, normal)

    def _align(self, flat: FloatImage, turned: Array, step: Array, start: Array) -> tuple[Array, Array] | None:
        """The plane, and the information ``[3, 3]`` on it, by Gauss-Newton; None if the road leaves the image."""
        camera, slopes, every = self._camera, _slopes(flat), slice(None)
        height = 1.0 / np.linalg.norm(start)
        tilt = np.eye(3) - np.outer(self._down, self._down)
        prior = tilt * (height / _TILT) ** 2 + 1e-9 * np.eye(3)
        plane, information = start, prior
        for _ in range(_ROUNDS):
            places, points = self._project(turned, step, plane, every)
            seen, known = _sample(flat, places)
            if np.count_nonzero(known) < _FEWEST:
                return None
            right, down = (_sample(slope, places)[0] for slope in slopes)
            # The light may have changed: the second image is stretched to the contrast of the first.
            gain = np.sum(self._values[known] * seen[known]) / max(float(np.sum(seen[known] ** 2)), 1e-9)
            residual = np.where(known, self._values - gain * seen, 0.0)
            spread = 1.4826 * float(np.median(np.abs(residual[known]))) + 1e-6
            weight = known / (1.0 + (residual / (2 * spread)) ** 2) / spread**2 * _INDEPENDENT
            x, y, z = points.T
            slope = right * camera.fx * (step[0] - x / z * step[2]) + down * camera.fy * (step[1] - y / z * step[2])
            jacobian = (gain * slope / z)[:, None] * self._rays
            information = (jacobian * weight[:, None]).T @ jacobian + prior
            change = np.linalg.solve(information, jacobian.T @ (weight * residual) - prior @ (plane - start))
            plane = plane + change
            if np.linalg.norm(change) * height < _CONVERGED:
                break
        return plane, information

    def _project(self, turned: Array, step: Array, plane: Array, which: slice | npt.NDArray) -> tuple[Array, Array]:
        """Where the first image's pixels lie in the second, and the points, up to their depth."""
        points = turned + (self._rays[which] @ plane)[:, None] * step
        points[:, 2] = np.maximum(points[:, 2], 0.05)
        camera = self._camera
        return points[:, :2] / points[:, 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy], points

    def _correlation(self, flat: FloatImage, turned: Array, step: Array, plane: Array, which: slice) -> float:
        seen, known = _sample(flat, self._project(turned, step, plane, which)[0])
        if np.count_nonzero(known) < _FEWEST // 2:
            return -1.0
        first, second = self._values[which][known], seen[known]
        return float(first @ second / np.sqrt((first @ first) * (second @ second) + 1e-9))


def _flat(image: Grey) -> FloatImage:
    """Grey values against those around them, so that light does not matter."""
    grey = cv2.GaussianBlur(image, (3, 3), 0).astype(np.float32)
    return np.asarray(grey - cv2.blur(grey, (_SURROUNDINGS, _SURROUNDINGS)), np.float32)


def _slopes(image: FloatImage) -> tuple[FloatImage, FloatImage]:
    """To the right and down, per pixel."""
    right, down = (cv2.Sobel(image, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _sample(image: FloatImage, places: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    height, width = image.shape
    columns, rows = places.astype(np.float32).T
    known = (columns >= 1) & (rows >= 1) & (columns <= width - 2) & (rows <= height - 2)
    values = cv2.remap(image, columns[:, None], rows[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values[:, 0].astype(np.float64), known
