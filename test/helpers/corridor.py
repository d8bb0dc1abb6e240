"""A street between two walls with sharp random texture, ray cast in NumPy: corners to follow, and exact depth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera

CAMERA = Camera(width=512, height=192, fx=300.0, fy=300.0, cx=255.5, cy=85.0)
HEIGHT = 1.5
"""Metres of the camera above the road."""
WALLS = -7.0, 6.0
"""Metres to the left and right of the first camera."""
_ROUGHNESS = 0.5
"""Metres of a patch of the texture."""


@dataclass(frozen=True)
class View:
    """What a camera sees: uint8 RGB ``[height, width, 3]`` and depth in metres, +inf for the sky."""

    image: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]


class Corridor:
    """Axes of the world are those of the first camera: x right, y down, z forward; the road lies at y = `HEIGHT`.

    Attributes:
        textures: Grey values ``[across, along]`` of the road, the left and the right wall.
    """

    def __init__(self, camera: Camera = CAMERA, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._camera = camera
        self._rays = camera.rays().astype(np.float64)
        self.textures = [rng.uniform(30, 225, (512, 512)).astype(np.float32) for _ in range(3)]

    def see(self, pose: npt.NDArray[np.float64]) -> View:
        """From a pose `T_world_camera` ``[4, 4]``."""
        directions, origin = self._rays @ pose[:3, :3].T, pose[:3, 3]
        depth = np.full(directions.shape[:2], np.inf)
        grey = np.full(directions.shape[:2], 230.0, np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            for texture, (axis, place, other) in zip(
                self.textures, ((1, HEIGHT, 0), (0, WALLS[0], 1), (0, WALLS[1], 1)), strict=True
            ):
                z = (place - origin[axis]) / directions[..., axis]
                points = origin + z[..., None] * directions
                hit = (z > 0.1) & (z < depth) & (points[..., 1] > -4.0)
                places = (np.nan_to_num(points[..., i] / _ROUGHNESS) % 512 for i in (2, other))
                along, across = (place.astype(np.float32) for place in places)
                whole, rest = cv2.convertMaps(along, across, cv2.CV_16SC2)  # by which OpenCV 4 and 5 interpolate alike
                seen = cv2.remap(texture, whole, rest, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
                # A patch that is seen too small to be told apart is as grey as the mean.
                size = self._camera.fx * abs(place - origin[axis]) * _ROUGHNESS / z**2
                sharp = np.clip((size - 1.0) / 2.0, 0.0, 1.0)
                grey = np.where(hit, 128.0 + sharp * (seen - 128.0), grey)
                depth = np.where(hit, z, depth)
        image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        return View(image, depth.astype(np.float32))


def driven(steps: Iterable[npt.NDArray[np.float64]]) -> list[npt.NDArray[np.float64]]:
    """Poses `T_world_camera` from the identity on, by steps `T_k_(k+1)`."""
    poses = [np.eye(4)]
    for step in steps:
        poses.append(poses[-1] @ step)
    return poses
