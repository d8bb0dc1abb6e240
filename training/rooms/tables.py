"""Tables, desks and counters, with what lies on them.

Convention:
    Stands on z = 0, faces +x; desks and counters have their back at x = 0.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, disc, join, pose_at, tube
from training.rooms import labels
from training.rooms.palette import metal, paint, plastic, timber
from training.rooms.shapes import Rectangle, block
from training.rooms.textures import Layer
from training.rooms.things import make_monitor, strewn


def make_table(rng: np.random.Generator, low: bool = False) -> tuple[Mesh, Rectangle]:
    """A table over the origin, and its top.

    Args:
        low: a coffee table.
    """
    wood = timber(rng, labels.TABLE)
    legs = wood if rng.random() < 0.6 else metal(rng, labels.TABLE)
    level = rng.uniform(0.32, 0.48) if low else rng.uniform(0.70, 0.78)
    thick = rng.uniform(0.025, 0.06)
    if rng.random() < 0.25:
        radius = rng.uniform(0.3, 0.5) if low else rng.uniform(0.4, 0.65)
        top = Rectangle((-0.7 * radius,) * 2, (0.7 * radius,) * 2)
        parts = [
            disc((0, 0, level), (0, 0, 1), radius, wood, 28),
            tube((0, 0, level - thick), (0, 0, level), (radius, radius), wood, 28),
            tube((0, 0, 0), (0, 0, level - thick), (0.05, 0.05), legs, 8),
            tube((0, 0, 0), (0, 0, 0.03), (0.6 * radius, 0.5 * radius), legs, 16),
            disc((0, 0, 0.03), (0, 0, 1), 0.5 * radius, legs, 16),
        ]
        return join([*parts, *strewn(rng, top, level, int(rng.integers(0, 5)))]), top
    x, y = (rng.uniform(0.25, 0.4), rng.uniform(0.4, 0.65)) if low else (rng.uniform(0.38, 0.55), rng.uniform(0.5, 1.1))
    top = Rectangle((-x, -y), (x, y))
    apron = block((-x + 0.05, -y + 0.05, level - thick - 0.08), (x - 0.05, y - 0.05, level - thick), wood)
    parts = [block((-x, -y, level - thick), (x, y, level), wood), apron]
    size = rng.uniform(0.02, 0.045)
    for sx in (-1, 1):
        for sy in (-1, 1):
            corner = np.array([sx * (x - size - 0.02), sy * (y - size - 0.02)])
            parts.append(block([*(corner - size), 0.0], [*(corner + size), level - thick], legs))
    return join([*parts, *strewn(rng, top.grown(-0.08), level, int(rng.integers(0, 8)))]), top


def make_desk(rng: np.random.Generator) -> Mesh:
    """A desk with drawers, a screen and papers; one sits at +x."""
    wood, grip = timber(rng, labels.DESK), metal(rng, labels.DESK)
    deep, half, level = rng.uniform(0.55, 0.8), rng.uniform(0.5, 0.85), rng.uniform(0.70, 0.77)
    parts = [
        block((0, -half, level - 0.03), (deep, half, level), wood),
        block((0.02, -half, 0), (deep - 0.04, -half + 0.04, level - 0.03), wood),
        block((0.02, half - 0.42, 0.06), (deep - 0.03, half - 0.01, level - 0.03), wood),
        block((0.02, -half, level - 0.35), (0.05, half, level - 0.03), wood),
    ]
    for z in np.arange(0.1, level - 0.2, 0.2).tolist():
        parts.append(block((deep - 0.03, half - 0.40, z), (deep - 0.015, half - 0.03, z + 0.18), wood))
        parts.append(block((deep - 0.015, half - 0.27, z + 0.12), (deep, half - 0.16, z + 0.14), grip))
    if rng.random() < 0.8:
        screen = make_monitor(rng, rng.uniform(0.22, 0.34))
        parts.append(screen.placed(pose_at((0.22, rng.uniform(-0.3, 0.1) * half, level), rng.uniform(-0.2, 0.2))))
    parts += strewn(rng, Rectangle((0.15, -half + 0.1), (deep - 0.1, half - 0.1)), level, int(rng.integers(1, 7)))
    return join(parts)


def make_counter(rng: np.random.Generator, length: float) -> Mesh:
    """A kitchen's worktop with cupboards below and above, a sink and a stove."""
    front = timber(rng, labels.CABINET)
    top = Material(labels.COUNTER, Layer.CONCRETE, paint(rng, 0.2, 0.9), 0.3)
    steel = Material(labels.SINK, Layer.PLAIN, (0.7, 0.71, 0.72), 0.5)
    grip = metal(rng, labels.CABINET)
    half, level = 0.5 * length, 0.9
    parts = [
        block((0, -half, 0.1), (0.58, half, level - 0.04), front),
        block((0, -half, 0), (0.52, half, 0.1), Material(labels.CABINET, Layer.PLAIN, (0.15, 0.15, 0.15))),
        block((0, -half, level - 0.04), (0.62, half, level), top),
    ]
    doors = max(round(length / 0.55), 1)
    uppers = rng.random() < 0.75
    for door in range(doors):
        y0, y1 = -half + length * door / doors + 0.008, -half + length * (door + 1) / doors - 0.008
        parts.append(block((0.58, y0, 0.12), (0.60, y1, level - 0.06), front))
        parts.append(block((0.60, y0 + 0.05, level - 0.13), (0.62, y1 - 0.05, level - 0.115), grip))
        if uppers and rng.random() < 0.85:
            parts.append(block((0, y0 - 0.008, 1.45), (0.34, y1 + 0.008, 2.1), front))
            parts.append(block((0.34, y0, 1.455), (0.355, y1, 2.095), front))
            parts.append(block((0.355, y1 - 0.05, 1.5), (0.37, y1 - 0.035, 1.65), grip))
    y = float(rng.uniform(-half + 0.4, half - 0.4))
    parts.append(block((0.12, y - 0.25, level), (0.5, y + 0.25, level + 0.006), steel))
    parts.append(
        block((0.15, y - 0.22, level + 0.006), (0.47, y + 0.22, level + 0.008), steel.tinted((0.3, 0.3, 0.31)))
    )
    parts.append(tube((0.08, y, level), (0.08, y, level + 0.25), (0.014, 0.014), steel, 6))
    parts.append(tube((0.08, y, level + 0.25), (0.24, y, level + 0.22), (0.012, 0.012), steel, 6))
    stove = -y if abs(y) > 0.45 else None
    if stove is not None:
        black = Material(labels.OTHER_FURNITURE, Layer.PLAIN, (0.07, 0.07, 0.08), 0.6)
        parts.append(block((0.06, stove - 0.28, level), (0.56, stove + 0.28, level + 0.008), black))
        parts.append(block((0.60, stove - 0.27, 0.14), (0.615, stove + 0.27, level - 0.08), black))
    parts += strewn(rng, Rectangle((0.08, -half + 0.1), (0.3, half - 0.1)), level, int(rng.integers(2, 8)))
    return join(parts)


def make_night_stand(rng: np.random.Generator) -> Mesh:
    """A small chest beside a bed, with a thing or two on it."""
    wood, grip = timber(rng, labels.NIGHT_STAND), plastic(rng, labels.NIGHT_STAND)
    half, level = rng.uniform(0.18, 0.28), rng.uniform(0.42, 0.62)
    parts = [block((0, -half, 0.06), (0.38, half, level), wood)]
    for z in (0.1, 0.1 + 0.5 * (level - 0.1)):
        parts.append(block((0.38, -half + 0.01, z), (0.395, half - 0.01, z + 0.42 * (level - 0.1)), wood))
        parts.append(block((0.395, -0.04, z + 0.1), (0.41, 0.04, z + 0.12), grip))
    return join(
        [*parts, *strewn(rng, Rectangle((0.08, 0.07 - half), (0.3, half - 0.07)), level, int(rng.integers(0, 3)))]
    )
