"""Leaf cards around a dark core: what grows in streets and stands in pots.

Convention:
    A plant stands on z = 0 over the origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, ellipsoid, join

GREENS = ((0.56, 0.64, 0.50), (0.50, 0.58, 0.46), (0.62, 0.66, 0.48), (0.46, 0.54, 0.44), (0.60, 0.60, 0.52))


@dataclass(frozen=True)
class Foliage:
    """What leaves are made of: the core's material, which gives the class too, and the layers of leaf cards."""

    core: Material
    leaves: tuple[int, ...]


def make_bush(rng: np.random.Generator, radius: float, foliage: Foliage, cards: int = 26) -> Mesh:
    """A bush about twice `radius` wide."""
    green = np.array(GREENS[int(rng.integers(len(GREENS)))]) * rng.uniform(0.7, 1.1)
    height = radius * rng.uniform(0.7, 1.2)
    centre, radii = np.array([0, 0, height * 0.7]), np.array([radius, radius, height])
    return join(crown(rng, centre, radii, cards, radius * 0.55, green, foliage))


def crown(
    rng: np.random.Generator,
    centre: npt.NDArray,
    radii: npt.NDArray,
    cards: int,
    size: float,
    green: npt.NDArray,
    foliage: Foliage,
) -> list[Mesh]:
    """An ellipsoid of `cards` leaf cards, about `size` metres wide each, around its core."""
    directions = rng.standard_normal((cards, 3))
    directions[:, 2] = np.where(directions[:, 2] < -0.5, -directions[:, 2], directions[:, 2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    share = rng.uniform(0.62, 1.0, (cards, 1))
    centres = centre + directions * radii * share
    shade = (0.55 + 0.45 * share) * (0.82 + 0.22 * directions[:, 2:]) * rng.uniform(0.85, 1.1, (cards, 1))
    sizes = size * rng.uniform(0.75, 1.25, cards)
    return [
        leaf_cards(rng, centres, directions, sizes, np.asarray(green) * shade, foliage),
        ellipsoid(centre, radii * 0.74, foliage.core.tinted(np.asarray(green) * 0.72), 4, 6),
    ]


def leaf_cards(
    rng: np.random.Generator,
    centres: npt.NDArray,
    outward: npt.NDArray,
    sizes: npt.NDArray,
    tints: npt.NDArray,
    foliage: Foliage,
) -> Mesh:
    """Square leaf cards, turned at random about an axis that leans outward, shaded as the crown's surface."""
    count = len(centres)
    facing = outward + 0.7 * rng.standard_normal((count, 3))
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    right = np.cross(facing, rng.standard_normal((count, 3)))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    up = np.cross(facing, right)
    corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    spread = corner[None, :, :1] * right[:, None] + corner[None, :, 1:] * up[:, None]
    positions = (centres[:, None] + spread * np.asarray(sizes)[:, None, None]).reshape(-1, 3)
    normals = np.repeat(outward + np.array([0.0, 0.0, 0.25]), 4, axis=0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    layers = np.repeat(rng.choice(foliage.leaves, count), 4)
    base = 4 * np.arange(count)[:, None]
    return Mesh(
        positions.astype(np.float32),
        normals.astype(np.float32),
        np.tile((corner * 0.5 + 0.5).astype(np.float32), (count, 1)),
        np.repeat(np.clip(np.c_[tints, np.zeros(count)], 0, 1), 4, axis=0).astype(np.float32),
        np.stack([layers, np.full(4 * count, foliage.core.label)], -1).astype(np.uint8),
        np.concatenate([base + np.array(corners) for corners in ((0, 1, 2), (0, 2, 3))]).astype(np.int32),
    )
