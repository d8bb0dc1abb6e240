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
"""Pixels of the road that are compared, those that tell most; and of them, by which heights are tried."""
_LOOKED_AT = 8000
"""Pixels of the road of which these are chosen."""
_FEWEST = 200
_REACH = 0.4, 1.0
"""Least and most of ln(height) that is tried to both sides of the expected height, as that is known,"""
_TRIED_SIGMAS = 2.0
_TRIED_STEP = 1.5
"""and the pixels between two heights: about what the texture of a road is wide, so that none is stepped over."""
_ROUNDS = 6
_CONVERGED = 1e-3
_LARGEST_TILT, _SPRINGS = 0.08, 0.0175
"""Radians that the road is tilted against the vehicle, at most, and on a level road, by its springs."""
_COMFORT, _AHEAD = 0.5, 10.0
"""m/s^2 across a crest or a hollow, by which roads are laid out for the speed that they are driven at: the faster, the
less they bend up or down; and metres to the road that is looked at."""
_TILT = 0.02
"""One sigma of that in towns; where less is possible, half of what is."""
_CORRELATION = 0.7
"""Least correlation of grey values for the plane to be believed."""
_SHORTEST = 3.0
"""Pixels that the near part of the road must have moved."""
_INDEPENDENT = 0.1
"""Share of the pixels whose errors are their own: neighbours see the same blur and the same bump."""
_SURROUNDINGS = 21
"""Pixels across, with whose mean and contrast a grey value is compared."""
_CAMERA_NOISE = 2.0
"""Grey levels: contrast below it is as good as none."""


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
        self._region = region[self._top :]
        self._flat: FloatImage = np.empty((0, 0), np.float32)
        self._looked_at = np.zeros_like(self._region)
        self._is_chosen = False
        self._values: Array = np.empty(0)
        self._rays: Array = np.empty((0, 3))

    def begin(self, image: Grey, free: npt.NDArray[np.bool_] | None = None) -> None:
        """Takes the first image, ``[height, width]``, and where it does not show the own vehicle."""
        self._flat = _flat(image[self._top :])
        self._looked_at = self._region if free is None else self._region & free[self._top :]
        self._is_chosen = False

    def measure(
        self, image: Grey, pose: Array, expected: float, spread: float = 0.0, speed: float = 0.0
    ) -> RoadHeight | None:
        """The height by a second image, None if that does not show it.

        Args:
            pose: ``T_second_first`` ``[4, 4]``.
            expected: About how high, in the unit of the pose.
            spread: One sigma of ln(expected).
            speed: About how fast the vehicle is, m/s.
        """
        plane, step = self._down / expected, pose[:3, 3]
        if not self._is_chosen:
            self._choose(pose, plane)
        if len(self._values) < _FEWEST:
            return None
        flat = _flat(image[self._top :])
        turned = self._rays @ pose[:3, :3].T
        near = self._rays @ self._down > np.quantile(self._rays @ self._down, 0.7)
        moved = float(np.median(np.linalg.norm(self._moved(turned, step, plane, near)[0], axis=1)))
        if moved < _SHORTEST:
            return None
        few = slice(0, None, max(1, len(self._values) // _TRIED))
        reach = float(np.clip(_TRIED_SIGMAS * spread, *_REACH))
        factors = _tried(np.exp(-reach), np.exp(reach), _TRIED_STEP / moved)  # the road moves by 1 / height
        scores = [self._correlation(flat, turned[few], step, plane * factor, few) for factor in factors]
        best = int(np.argmax(scores))
        if not 0 < best < len(factors) - 1:  # it fits better beyond: not the road
            return None
        largest = largest_tilt(speed)
        fitted = self._align(flat, turned, step, plane * factors[best], min(_TILT, largest / 2))
        if fitted is None:
            return None
        plane, information = fitted
        height = float(1.0 / np.linalg.norm(plane))
        normal = plane * height
        tilt = np.arccos(np.clip(normal @ self._down, -1.0, 1.0))
        every = slice(None)
        if tilt > largest or self._correlation(flat, turned, step, plane, every) < _CORRELATION:
            return None
        variance = float(normal @ np.linalg.solve(information, normal))
        return RoadHeight(height, float(np.sqrt(variance)) * height, normal)

    def _choose(self, pose: Array, plane: Array) -> None:
        """The pixels of the first image that tell most of how far the road moves: those with the strongest gradients
        along the way that it moves. Lane markings have stronger ones, but look alike wherever along themselves they
        have moved to.
        """
        rows, columns = np.nonzero(self._looked_at)
        some = slice(0, None, max(1, len(rows) // _LOOKED_AT))
        rows, columns = rows[some], columns[some]
        camera = self._camera
        self._rays = rays = np.column_stack(
            [(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy, np.ones(len(rows))]
        )
        moved, places = self._moved(rays @ pose[:3, :3].T, pose[:3, 3], plane, slice(None))
        right, down = (slope[rows, columns] for slope in _slopes(self._flat))
        told = np.abs(right * moved[:, 0] + down * moved[:, 1]) / np.maximum(np.linalg.norm(moved, axis=1), 1e-6)
        stays = np.flatnonzero(np.all((places >= 1) & (places <= [camera.width - 2, camera.height - 2]), axis=1))
        chosen = stays[np.argsort(told[stays])[-_PIXELS:]]
        self._rays, self._values = rays[chosen], self._flat[rows[chosen], columns[chosen]].astype(np.float64)
        self._is_chosen = True

    def _moved(self, turned: Array, step: Array, plane: Array, which: slice | npt.NDArray) -> tuple[Array, Array]:
        """How far a step, without its turn, moves pixels of the first image, and to where."""
        places, _ = self._project(turned[which], step, plane, which)
        return places - self._project(turned[which], 0 * step, plane, which)[0], places

    def _align(
        self, flat: FloatImage, turned: Array, step: Array, start: Array, tilt_sigma: float
    ) -> tuple[Array, Array] | None:
        """The plane, and the information ``[3, 3]`` on it, by Gauss-Newton; None if the road leaves the image."""
        camera, slopes, every = self._camera, _slopes(flat), slice(None)
        height = 1.0 / np.linalg.norm(start)
        tilt = np.eye(3) - np.outer(self._down, self._down)
        prior = tilt * (height / tilt_sigma) ** 2 + 1e-9 * np.eye(3)
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


def _tried(least: float, most: float, step: float) -> Array:
    """From the least to the most by about a step, and one more to either side."""
    tried = np.linspace(least, most, int(np.ceil((most - least) / step)) + 1)
    apart = tried[1] - tried[0]
    return np.concatenate(([max(least - apart, least / 2)], tried, [most + apart]))


def largest_tilt(speed: float) -> float:
    """Radians that a road some metres ahead may be tilted against a vehicle of this speed, m/s."""
    return min(_SPRINGS + _COMFORT * _AHEAD / max(speed, 0.1) ** 2, _LARGEST_TILT)


def _flat(image: Grey) -> FloatImage:
    """Grey values against those around them, by their contrast, so that neither light nor distance matters."""
    grey = cv2.GaussianBlur(image, (3, 3), 0).astype(np.float32)
    around = (_SURROUNDINGS, _SURROUNDINGS)
    flat = np.asarray(grey - cv2.blur(grey, around), np.float32)
    contrast = np.sqrt(np.maximum(cv2.blur(flat * flat, around), 0.0))  # sums of floats may end below none
    return np.asarray(flat / (contrast + _CAMERA_NOISE), np.float32)


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
