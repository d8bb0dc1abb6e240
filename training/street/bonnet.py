"""The part of its own vehicle that a camera sees at the lower edge of its picture.

Convention:
    Body axes of the camera (REP-103), which is at the origin: x where it looks, y left, z up.
"""

from __future__ import annotations

import numpy as np

from depth_perception.geometry.camera import Camera
from training.rendering.mesh import Material, Mesh, grid, join, pose_at
from training.street import labels
from training.street.textures import Layer


def make_bonnet(rng: np.random.Generator, camera: Camera) -> Mesh:
    """A bonnet or a roof, curved, polished, of any colour; it takes up to a third of the picture's height."""
    lower = (camera.height - 0.5 - camera.cy) / camera.fy
    edge = lower - float(rng.uniform(0.05, 0.33)) * camera.height / camera.fy
    front, half = float(rng.uniform(0.7, 1.8)), float(rng.uniform(0.6, 1.0))
    back = float(rng.uniform(0.23, 0.3))
    slope, bulge, arc = float(rng.uniform(0.02, 0.16)), float(rng.uniform(0.0, 0.12)), float(rng.uniform(0.02, 0.3))
    along, across = np.meshgrid(np.linspace(0.0, 1.0, 9), np.linspace(1.0, -1.0, 17), indexing="ij")
    tip = front - arc * np.abs(across) ** 2.5
    x = back + along * (tip - back)
    z = -front * edge + slope * (front - x) - bulge * np.abs(across) ** 3 - 0.06 * along**8
    # what lies below the picture's lower edge is not seen: the surface is only led as far as that
    z = np.minimum(z, np.where(along == 0.0, -back * lower * 1.05, z))
    surface = np.stack([x, half * across + float(rng.normal(0.0, 0.25)), z], -1)
    colour = tuple(rng.uniform(0.02, 0.15, 3)) if rng.random() < 0.5 else tuple(rng.uniform(0.05, 0.9, 3))
    paint = Material(labels.NONE, Layer.PLAIN, colour, float(rng.uniform(0.2, 1.0)))
    lip = np.stack([surface[-1], surface[-1] + [-0.02, 0.0, -0.15]])
    parts = [grid(surface[:, ::-1], np.zeros((9, 17, 2)), paint), grid(lip[:, ::-1], np.zeros((2, 17, 2)), paint)]
    turn = float(rng.normal(0.0, 0.1) if rng.random() < 0.6 else rng.uniform(-0.7, 0.7))
    return join(parts).placed(pose_at((0.0, 0.0, 0.0), turn))
