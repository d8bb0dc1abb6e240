"""A drive through a street without a renderer: analytic depth and texture, in NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import pose_from, rotation_from_vector


@dataclass(frozen=True)
class Drive:
    """The arrays of a drive, as a cached street drive has them."""

    images: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    poses: npt.NDArray[np.float64]
    camera: Camera


def analytic_drive(camera: Camera, frames: int = 8, seed: int = 0, step: float = 0.5, turn: float = 0.01) -> Drive:
    """A road between two walls with boxes on it, textured by smooth waves; sky above the walls.

    Convention:
        World axes are those of the first camera: x right, y down, z forward. The road lies at y = 1.5.
    """
    rng = np.random.default_rng(seed)
    left, right = rng.uniform(-9, -3), rng.uniform(3, 9)
    boxes = [(rng.uniform(-4, 2), rng.uniform(0.7, 2.0), 6.0 + 5.0 * i + rng.uniform(0, 3)) for i in range(40)]
    waves = rng.normal(size=(6, 3)) * rng.uniform(0.8, 4.0, (6, 1))
    colours = rng.uniform(0.2, 1.0, (6, 3))
    poses = np.eye(4)[None].repeat(frames, 0)
    for i in range(1, frames):
        motion = pose_from(rotation_from_vector([0.002, turn * np.sin(i), 0.0]), [0.03, -0.01 * (-1) ** i, step])
        poses[i] = poses[i - 1] @ motion
    rays = camera.rays().astype(np.float64)
    images, depths = [], []
    for pose in poses:
        direction, origin = rays @ pose[:3, :3].T, pose[:3, 3]
        depth = np.full(rays.shape[:2], np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            for axis, value, limit in ((1, 1.5, None), (0, left, -6.0), (0, right, -4.0)):
                z = (value - origin[axis]) / direction[..., axis]
                high = origin[1] + z * direction[..., 1]
                hit = (z > 0.1) & (z < 60) & ((limit is None) | (high > (limit or 0.0)))
                depth = np.where(hit & (z < depth), z, depth)
            for x, width, z0 in boxes:
                z = (z0 - origin[2]) / direction[..., 2]
                point_x, point_y = origin[0] + z * direction[..., 0], origin[1] + z * direction[..., 1]
                hit = (z > 0.1) & (point_x > x) & (point_x < x + width) & (point_y > 0.0) & (point_y < 1.5)
                depth = np.where(hit & (z < depth), z, depth)
        known = np.isfinite(depth)
        points = origin + direction * np.where(known, depth, 0.0)[..., None]
        texture = 0.5 + np.sin(points @ waves.T) @ colours / 8.0
        image = np.where(known[..., None], texture, 0.8)
        images.append(np.clip(255 * image, 0, 255).astype(np.uint8))
        depths.append(depth.astype(np.float32))
    return Drive(np.stack(images), np.stack(depths), poses, camera)
