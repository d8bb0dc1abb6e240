"""Light inside a room, computed at every vertex and kept in its colour: lamps, windows, and corners that get less.

The renderer adds the sun, or one lamp that throws shadows, on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh

BRIGHTEST = 3.0
"""Light that leaves a colour as it is; more cannot be kept."""
CORNER, REACH = 0.42, 0.35
"""How much light is lost in the corner of two walls, and how far from it that fades, metres."""


@dataclass(frozen=True)
class Source:
    """Something that shines.

    Attributes:
        position: ``[3]`` metres.
        direction: where a flat one faces, ``[3]``; None for one that shines everywhere.
        area: of a flat one, square metres: near it light falls off less.
        colour: light at its surface, linear.
    """

    position: npt.NDArray[np.float64]
    direction: npt.NDArray[np.float64] | None
    area: float
    colour: tuple[float, float, float]


def lit(mesh: Mesh, size: Sequence[float], sources: Sequence[Source], ambient: tuple[float, float, float]) -> Mesh:
    """The mesh with the light of `sources` and the darkness of the room's corners in its colours.

    Args:
        size: of the room, metres.
        ambient: light that comes from all sides.
    """
    points, normals = mesh.positions.astype(np.float64), mesh.normals.astype(np.float64)
    light = np.tile(np.asarray(ambient, np.float64), (len(points), 1))
    for source in sources:
        away = source.position - points
        distance = np.linalg.norm(away, axis=1)
        away /= np.maximum(distance, 1e-3)[:, None]
        # surfaces that face away get some of it back from the walls
        facing = 0.15 + 0.85 * np.maximum(np.sum(away * normals, axis=1), 0.0)
        if source.direction is not None:
            facing *= np.clip(-(away @ source.direction), 0.05, 1.0)
        light += np.outer(facing * source.area / (distance**2 + source.area), source.colour)
    light *= openness(points, normals, size)[:, None]
    colours = mesh.colours.copy()
    colours[:, :3] *= np.sqrt(np.minimum(light / BRIGHTEST, 1.0))
    return replace(mesh, colours=colours)


def openness(
    points: npt.NDArray[np.float64], normals: npt.NDArray[np.float64], size: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Share of the light from all sides ``[n]`` that walls, floor and ceiling leave."""
    half = np.array([0.5 * size[0], 0.5 * size[1]])
    share = np.ones(len(points))
    for axis, (low, high) in enumerate([(-half[0], half[0]), (-half[1], half[1]), (0.0, size[2])]):
        for sign, distance in ((1.0, points[:, axis] - low), (-1.0, high - points[:, axis])):
            # a surface does not darken itself
            other = 1.0 - np.maximum(sign * normals[:, axis], 0.0) ** 2
            share *= 1.0 - CORNER * other * np.exp(-np.maximum(distance, 0.0) / REACH)
    return share
