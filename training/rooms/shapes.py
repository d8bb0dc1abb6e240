"""Shapes that only rooms need: closed blocks, cushions, walls with holes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, Vector, box, grid, join, quad
from training.rooms import labels
from training.rooms.textures import Layer

SPACING = 0.25
"""Largest distance of the vertices of walls, metres: the light is computed there."""


class Rectangle(NamedTuple):
    """From `low` to `high` along two axes, metres."""

    low: tuple[float, float]
    high: tuple[float, float]

    def grown(self, margin: float) -> Rectangle:
        (x0, y0), (x1, y1) = self
        return Rectangle((x0 - margin, y0 - margin), (x1 + margin, y1 + margin))

    def meets(self, other: Rectangle) -> bool:
        return all(self.low[i] < other.high[i] and other.low[i] < self.high[i] for i in (0, 1))

    def moved(self, pose: npt.NDArray[np.float64]) -> Rectangle:
        """What holds it after a move along the ground: of `pose` ``[4, 4]`` only x and y count."""
        corners = np.array([[x, y] for x in (self.low[0], self.high[0]) for y in (self.low[1], self.high[1])])
        corners = corners @ pose[:2, :2].T + pose[:2, 3]
        (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return Rectangle((x0, y0), (x1, y1))

    def holds(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which of the points ``[..., 2]`` lie inside."""
        return np.all((points > self.low) & (points < self.high), axis=-1)


def footprint(mesh: Mesh) -> Rectangle:
    """The ground a mesh stands over."""
    (x0, y0, _), (x1, y1, _) = (mesh.positions.min(axis=0).tolist(), mesh.positions.max(axis=0).tolist())
    return Rectangle((x0, y0), (x1, y1))


def height(mesh: Mesh) -> float:
    """Of its highest point, metres."""
    return float(mesh.positions[:, 2].max())


def block(low: Vector, high: Vector, material: Material, top: Material | None = None, repeat: float = 1.0) -> Mesh:
    """A box with its underside, see `training.rendering.mesh.box`."""
    (x0, y0, z0), (x1, y1, _) = low, high
    under = quad([[x0, y0, z0], [x0, y1, z0], [x1, y1, z0], [x1, y0, z0]], material)
    return join([box(low, high, material, top, repeat), under])


def cushion(low: Vector, high: Vector, material: Material, roundness: float = 0.35) -> Mesh:
    """A block with soft edges.

    Args:
        roundness: 0 a block, 1 an ellipsoid.
    """
    polar, around = np.meshgrid(np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 17), indexing="ij")
    unit = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    normals = np.sign(unit) * np.abs(unit) ** (2.0 - roundness)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    points = np.sign(unit) * np.abs(unit) ** roundness
    size = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    points = np.asarray(low) + 0.5 * size * (points + 1.0)
    uv = np.stack([points[..., 0] + points[..., 2], points[..., 1] + points[..., 2]], -1)
    mesh = grid(points, uv, material)
    return replace(mesh, normals=normals.reshape(-1, 3).astype(np.float32))


def panel(
    extents: Rectangle,
    material: Material,
    holes: Sequence[Rectangle] = (),
    repeat: float = 1.0,
) -> Mesh:
    """A wall in the plane x = 0 that faces +x, of y and z in `extents`, with rectangular `holes`.

    Args:
        repeat: metres one repeat of the texture covers.
    """
    cuts = []
    for axis in (0, 1):
        ends = [extents.low[axis], extents.high[axis]]
        inside = [edge[axis] for hole in holes for edge in hole if ends[0] < edge[axis] < ends[1]]
        stops = np.unique([*ends, *inside])
        parts = [np.linspace(a, b, max(int(np.ceil((b - a) / SPACING)), 1) + 1)[:-1] for a, b in pairwise(stops)]
        cuts.append(np.concatenate([*parts, stops[-1:]]))
    y, z = np.meshgrid(*cuts)
    mesh = grid(np.stack([np.zeros_like(y), y, z], -1), np.stack([y, z], -1) / repeat, material)
    centres = np.stack(np.meshgrid(*(0.5 * (cut[1:] + cut[:-1]) for cut in cuts)), -1)
    keep = np.ones(centres.shape[:2], bool)
    for hole in holes:
        keep &= ~hole.holds(centres)
    return replace(mesh, triangles=mesh.triangles[np.tile(keep.ravel(), 2)])


def contact_shadow(ground: Rectangle, strength: float = 0.5, margin: float = 0.12) -> Mesh:
    """What darkens the floor around something that stands there: a decal, it has no depth of its own."""
    (x0, y0), (x1, y1) = ground.grown(margin)
    z = 0.005
    corners = [[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]]
    return quad(corners, Material(labels.NONE, Layer.SHADOW, gloss=strength))
