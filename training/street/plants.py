"""Trees, bushes and hedges.

Convention:
    A plant stands on z = 0 over the origin.
"""

from __future__ import annotations

import numpy as np

from training.rendering.foliage import GREENS, Foliage, crown, leaf_cards
from training.rendering.mesh import Material, Mesh, box, join, tube
from training.street import labels
from training.street.textures import LEAVES, Layer

BARK = Material(labels.VEGETATION, Layer.BARK, (0.55, 0.46, 0.38))
FOLIAGE = Foliage(Material(labels.VEGETATION, Layer.HEDGE), LEAVES)


def make_tree(rng: np.random.Generator, height: float, spread: float, cards: int = 76) -> Mesh:
    """A broad-leaved tree.

    Args:
        height: metres to the top of the crown.
        spread: radius of the crown over its half height.
        cards: leaf cards; fewer is cheaper and coarser.
    """
    green = np.array(GREENS[int(rng.integers(len(GREENS)))]) * rng.uniform(0.8, 1.1)
    trunk = height * rng.uniform(0.18, 0.34)
    thick = 0.018 * height + 0.06
    parts = [
        tube((0, 0, 0), (rng.normal(0, 0.1), rng.normal(0, 0.1), trunk + 0.15 * height), (thick, thick * 0.7), BARK, 7)
    ]
    half = (height - trunk) / 2
    lobes = int(rng.integers(2, 5))
    size = np.clip(0.36 * half, 0.7, 2.2)
    for lobe in range(lobes):
        angle = 2 * np.pi * (lobe + rng.random() * 0.6) / lobes
        away = 0.42 * half * spread * (lobe > 0 or lobes > 2)
        centre = np.array([np.cos(angle) * away, np.sin(angle) * away, trunk + half * rng.uniform(0.8, 1.15)])
        radii = (
            np.array([half * spread, half * spread, half * 0.85]) * (0.85 if away else 1.0) * rng.uniform(0.72, 0.95)
        )
        parts += crown(rng, centre, radii, cards // lobes, size, green, FOLIAGE)
        if away:
            parts.append(tube((0, 0, trunk * 0.8), centre, (thick * 0.5, thick * 0.2), BARK, 5))
    return join(parts)


def make_conifer(rng: np.random.Generator, height: float, cards: int = 80) -> Mesh:
    """A spruce-like or cypress-like tree."""
    green = np.array((0.42, 0.56, 0.42)) * rng.uniform(0.8, 1.15)
    parts = [tube((0, 0, 0), (0, 0, height * 0.9), (0.02 * height + 0.04, 0.02), BARK, 6)]
    radius = height * rng.uniform(0.13, 0.24)
    share = np.sqrt(rng.random(cards))
    level = 0.12 + 0.84 * (1 - share)
    angles = rng.uniform(0, 2 * np.pi, cards)
    away = radius * (1 - level) * 1.1
    centres = np.stack([np.cos(angles) * away, np.sin(angles) * away, level * height], -1)
    outward = np.stack([np.cos(angles), np.sin(angles), np.full(cards, 0.35)], -1)
    sizes = np.clip(radius * (1.25 - level) * 0.9, 0.35, 1.8)
    tints = np.tile(green, (cards, 1)) * rng.uniform(0.7, 1.1, (cards, 1))
    parts.append(leaf_cards(rng, centres, outward, sizes, tints, FOLIAGE))
    core = FOLIAGE.core.tinted((0.24, 0.30, 0.22))
    parts.append(tube((0, 0, 0.14 * height), (0, 0, 0.95 * height), (radius * 0.6, 0.05), core, 7))
    return join(parts)


def make_hedge(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """A clipped hedge along y, its middle over the origin."""
    green = FOLIAGE.core.tinted((0.55 * rng.uniform(0.8, 1.1), 0.62, 0.45))
    return box((-0.35, -length / 2, 0), (0.35, length / 2, height), green, repeat=1.5)


def make_tuft(rng: np.random.Generator, size: float, colour: tuple[float, float, float]) -> Mesh:
    """Two crossed cards of tall grass."""
    material = Material(labels.TERRAIN, Layer.TUFT, colour)
    turn = rng.uniform(0, np.pi)
    meshes = []
    for angle in (turn, turn + np.pi / 2):
        x, y = 0.5 * size * np.cos(angle), 0.5 * size * np.sin(angle)
        corners = np.array([[-x, -y, 0], [x, y, 0], [x, y, size * 0.7], [-x, -y, size * 0.7]], np.float32)
        meshes.append(
            Mesh(
                corners,
                np.tile(np.array([0, 0, 1], np.float32), (4, 1)),
                np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
                np.tile(np.array([*material.colour, 0], np.float32), (4, 1)),
                np.tile(np.array([material.layer, material.label], np.uint8), (4, 1)),
                np.array([[0, 1, 2], [0, 2, 3]], np.int32),
            )
        )
    return join(meshes)
