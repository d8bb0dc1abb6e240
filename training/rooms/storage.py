"""Furniture to keep things in: shelves, cupboards, chests, a refrigerator.

Convention:
    Stands on z = 0, faces +x, its back at x = 0.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, join, pose_at, tube
from training.rooms import labels
from training.rooms.palette import metal, timber
from training.rooms.shapes import Rectangle, block
from training.rooms.textures import Layer
from training.rooms.things import make_book_row, make_carton, make_monitor, make_thing, strewn


def make_bookshelf(rng: np.random.Generator) -> Mesh:
    """An open shelf with books and other things, some boards empty."""
    wood = timber(rng, labels.BOOKSHELF)
    half, tall, deep = rng.uniform(0.35, 0.9), rng.uniform(0.8, 2.2), rng.uniform(0.26, 0.38)
    parts = [block((0, y - 0.012, 0), (deep, y + 0.012, tall), wood) for y in (-half, half)]
    if rng.random() < 0.7:
        parts.append(block((0, -half, 0), (0.01, half, tall), wood))
    levels = np.linspace(0.05, tall, max(round(tall / 0.36), 2) + 1)
    for level in levels:
        parts.append(block((0, -half, level - 0.025), (deep, half, level), wood))
    for level, space in zip(levels, np.diff(levels) - 0.03, strict=False):
        parts += [mesh.placed(pose_at((0, 0, level))) for mesh in _filled(rng, deep, half - 0.02, float(space))]
    parts += strewn(rng, Rectangle((0.1, -half), (deep - 0.08, half)), tall, int(rng.integers(0, 4)))
    return join(parts)


def _filled(rng: np.random.Generator, deep: float, half: float, space: float) -> list[Mesh]:
    """What stands on one board."""
    parts, y = [], -half
    while y < half - 0.08:
        width = min(float(rng.uniform(0.12, 0.7)), half - y)
        kind = rng.random()
        if kind < 0.6:
            tall = space * float(rng.uniform(0.65, 0.95))
            parts.append(make_book_row(rng, deep * float(rng.uniform(0.6, 0.95)), y, y + width, tall))
        elif kind < 0.8:
            thing = make_carton(rng) if rng.random() < 0.5 else make_thing(rng)
            low, high = thing.positions.min(axis=0), thing.positions.max(axis=0)
            size = high - low
            fit = float(np.min(np.array([deep - 0.02, width, 0.9 * space]) / np.maximum(size, 0.01), initial=1.0))
            parts.append(thing.placed(pose_at((0.5 * deep, y + 0.5 * width, 0)), fit))
        y += width
    return parts


def make_cabinet(rng: np.random.Generator, tall: bool = False) -> Mesh:
    """A sideboard, a chest of drawers or, `tall`, a wardrobe."""
    label = labels.CABINET if tall or rng.random() < 0.6 else labels.DRESSER
    wood, grip = timber(rng, label), metal(rng, label)
    half = rng.uniform(0.4, 1.0) if tall else rng.uniform(0.35, 0.9)
    level = rng.uniform(1.7, 2.25) if tall else rng.uniform(0.6, 1.1)
    deep, foot = (rng.uniform(0.5, 0.62) if tall else rng.uniform(0.38, 0.5)), rng.uniform(0.03, 0.14)
    parts = [
        block((0, -half, foot), (deep, half, level), wood),
    ]
    for x in (0.02, deep - 0.06):
        parts += [block((x, y, 0), (x + 0.04, y + 0.04, foot), wood) for y in (-half, half - 0.04)]
    rows = 1 if tall or rng.random() < 0.4 else int(rng.integers(2, 5))
    columns = max(round(2 * half / (0.5 if rows == 1 else 0.8)), 1)
    for row in range(rows):
        z0, z1 = (foot + (level - foot) * (row + i) / rows for i in (0, 1))
        for column in range(columns):
            y0, y1 = (-half + 2 * half * (column + i) / columns for i in (0, 1))
            parts.append(block((deep, y0 + 0.006, z0 + 0.006), (deep + 0.018, y1 - 0.006, z1 - 0.006), wood))
            middle = 0.5 * (y0 + y1) if rows > 1 else (y1 - 0.05 if column % 2 == 0 else y0 + 0.05)
            z = 0.5 * (z0 + z1) if not tall else 1.0
            parts.append(block((deep + 0.018, middle - 0.02, z - 0.015), (deep + 0.04, middle + 0.02, z + 0.015), grip))
    things = int(rng.integers(0, 3)) if tall else int(rng.integers(1, 7))
    return join([*parts, *strewn(rng, Rectangle((0.1, 0.1 - half), (deep - 0.1, half - 0.1)), level, things)])


def make_television(rng: np.random.Generator) -> Mesh:
    """A low board with a television on it."""
    board = timber(rng, labels.CABINET)
    half, level = rng.uniform(0.55, 1.0), rng.uniform(0.35, 0.6)
    screen = make_monitor(rng, min(rng.uniform(0.4, 0.7), half))
    return join(
        [
            block((0, -half, 0.0), (0.42, half, level), board),
            block((0.42, -half + 0.02, 0.08), (0.43, -0.01, level - 0.04), board),
            block((0.42, 0.01, 0.08), (0.43, half - 0.02, level - 0.04), board),
            screen.placed(pose_at((0.2, 0, level))),
        ]
    )


def make_refrigerator(rng: np.random.Generator) -> Mesh:
    """Two doors, one above the other."""
    tone = rng.choice([0.95, 0.7, 0.25])
    body = Material(labels.REFRIGERATOR, Layer.PLAIN, (tone, tone, tone), 0.25)
    grip = metal(rng, labels.REFRIGERATOR)
    half, tall = rng.uniform(0.28, 0.36), rng.uniform(1.4, 2.0)
    split = tall * rng.uniform(0.3, 0.7)
    parts = [block((0, -half, 0.03), (0.58, half, tall), body)]
    for z0, z1 in ((0.06, split - 0.005), (split + 0.005, tall)):
        parts.append(block((0.58, -half, z0), (0.63, half, z1), body))
        parts.append(tube((0.66, half - 0.05, z0 + 0.1), (0.66, half - 0.05, min(z0 + 0.5, z1)), (0.012,) * 2, grip, 6))
    return join(parts)


def make_wall_shelf(rng: np.random.Generator) -> Mesh:
    """A board on the wall with things on it, at z = 0."""
    wood = timber(rng, labels.SHELVES)
    half, deep = rng.uniform(0.3, 0.8), rng.uniform(0.16, 0.28)
    board = block((0, -half, -0.03), (deep, half, 0), wood)
    return join([board, *_filled(rng, deep, half, rng.uniform(0.2, 0.32))])


def make_boxes(rng: np.random.Generator) -> Mesh:
    """Cardboard boxes on one another."""
    parts, level = [], 0.0
    half = rng.uniform(0.16, 0.32)
    for _ in range(int(rng.integers(1, 4))):
        x, y, tall = half * rng.uniform(0.7, 1.0), half * rng.uniform(0.8, 1.2), rng.uniform(0.18, 0.42)
        card = Material(labels.BOX, Layer.FABRIC, (0.76, 0.6, 0.42)).tinted(
            np.array((0.76, 0.6, 0.42)) * rng.uniform(0.8, 1.15)
        )
        tape = Material(labels.BOX, Layer.PLAIN, (0.82, 0.72, 0.55), 0.2)
        body = join(
            [
                block((-x, -y, 0), (x, y, tall), card),
                block((-x - 0.002, -0.03, 0), (x + 0.002, 0.03, tall + 0.002), tape),
            ]
        )
        parts.append(body.placed(pose_at((0, 0, level), rng.normal(0, 0.2))))
        level += tall + 0.002
        half *= rng.uniform(0.75, 1.0)
    return join(parts)
