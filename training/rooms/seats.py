"""What one sits and lies on.

Convention:
    Stands on z = 0, faces +x, its back at x = 0 where it may stand against a wall.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, join, tube
from training.rooms import labels
from training.rooms.palette import cloth, metal, paint, plastic, timber
from training.rooms.shapes import block, cushion
from training.rooms.textures import Layer


def make_chair(rng: np.random.Generator) -> Mesh:
    """A dining chair: its seat over the origin."""
    frame = timber(rng, labels.CHAIR) if rng.random() < 0.7 else metal(rng, labels.CHAIR)
    seat = cloth(rng, labels.CHAIR) if rng.random() < 0.5 else frame
    half, level, back = rng.uniform(0.20, 0.24), rng.uniform(0.43, 0.48), rng.uniform(0.80, 1.05)
    legs = [
        tube((0.9 * x, 0.9 * y, level - 0.03), (x, y, 0), (0.022, 0.016), frame, 6)
        for x in (-half, half)
        for y in (-half, half)
    ]
    posts = [tube((-0.9 * half, y, level), (-half - 0.06, y, back), (0.02, 0.016), frame, 6) for y in (-half, half)]
    parts = [*legs, *posts, cushion((-half, -half, level - 0.03), (half, half, level + 0.03), seat, 0.25)]
    if rng.random() < 0.5:
        parts.append(block((-half - 0.05, -half, level + 0.15), (-half - 0.02, half, back), seat))
    else:
        for z in np.linspace(level + 0.18, back - 0.02, int(rng.integers(2, 5))):
            x = -0.9 * half - (0.1 * half + 0.06) * (z - level) / (back - level)
            parts.append(block((x - 0.01, -half, z - 0.03), (x + 0.01, half, z + 0.03), frame))
    return join(parts)


def make_office_chair(rng: np.random.Generator) -> Mesh:
    """A swivel chair on five feet."""
    steel, seat = metal(rng, labels.CHAIR), cloth(rng, labels.CHAIR)
    level, back = rng.uniform(0.44, 0.52), rng.uniform(0.9, 1.2)
    feet = [
        tube((0, 0, 0.1), (0.3 * np.cos(angle), 0.3 * np.sin(angle), 0.04), (0.03, 0.025), steel, 5)
        for angle in np.linspace(0, 2 * np.pi, 5, endpoint=False)
    ]
    parts = [
        *feet,
        tube((0, 0, 0.08), (0, 0, level), (0.03, 0.03), steel, 8),
        cushion((-0.24, -0.25, level - 0.02), (0.26, 0.25, level + 0.07), seat),
        cushion((-0.32, -0.22, level + 0.14), (-0.23, 0.22, back), seat),
        tube((-0.15, 0, level), (-0.3, 0, level + 0.3), (0.03, 0.03), steel, 6),
    ]
    if rng.random() < 0.6:
        for side in (-0.28, 0.28):
            parts.append(block((-0.15, side - 0.03, level + 0.2), (0.15, side + 0.03, level + 0.23), steel))
            parts.append(tube((0, side, level), (0, side, level + 0.2), (0.02, 0.02), steel, 5))
    return join(parts)


def make_stool(rng: np.random.Generator) -> Mesh:
    """A stool or a pouffe."""
    radius, level = rng.uniform(0.17, 0.28), rng.uniform(0.4, 0.7)
    if rng.random() < 0.4:
        return cushion((-radius, -radius, 0), (radius, radius, min(level, 0.45)), cloth(rng, labels.CHAIR), 0.4)
    frame = timber(rng, labels.CHAIR)
    legs = [
        tube((radius * np.cos(a), radius * np.sin(a), 0), (0.6 * radius * np.cos(a), 0.6 * radius * np.sin(a), level),
             (0.02, 0.02), frame, 6)
        for a in np.linspace(0.4, 2 * np.pi + 0.4, 4, endpoint=False)
    ]  # fmt: skip
    return join([*legs, cushion((-radius, -radius, level - 0.03), (radius, radius, level + 0.02), frame, 0.6)])


def make_sofa(rng: np.random.Generator) -> Mesh:
    """An armchair or a sofa of two or three seats."""
    cover, feet = cloth(rng, labels.SOFA), timber(rng, labels.SOFA)
    seats = int(rng.choice([1, 2, 3, 3]))
    seat, arm, back = rng.uniform(0.58, 0.72), rng.uniform(0.14, 0.26), rng.uniform(0.72, 0.98)
    deep, level, side = rng.uniform(0.82, 1.0), rng.uniform(0.38, 0.46), rng.uniform(0.52, 0.66)
    half = 0.5 * seats * seat
    parts = [
        block((0.04, -half - arm, 0.1), (deep - 0.06, half + arm, level - 0.12), cover),
        cushion((0.0, -half - arm, 0.1), (0.24, half + arm, back), cover, 0.25),
    ]
    for sign in (-1, 1):
        ends = sorted((sign * half, sign * (half + arm)))
        parts.append(cushion((0.05, ends[0], 0.1), (deep, ends[1], side), cover, 0.25))
        for x in (0.1, deep - 0.12):
            parts.append(tube((x, sign * half, 0), (x, sign * half, 0.12), (0.025, 0.03), feet, 6))
    for number in range(seats):
        y = -half + number * seat
        parts.append(cushion((0.2, y, level - 0.14), (deep - 0.01, y + seat, level + 0.02), cover, 0.22))
        parts.append(cushion((0.17, y + 0.02, level), (0.38, y + seat - 0.02, back - 0.04), cover, 0.35))
    for _ in range(int(rng.integers(0, 4))):
        y = rng.uniform(-half + 0.2, half - 0.2) if seats > 1 else 0.0
        size = rng.uniform(0.16, 0.23)
        parts.append(
            cushion((0.30, y - size, level), (0.46, y + size, level + 2 * size), cloth(rng, labels.PILLOW), 0.5)
        )
    return join(parts)


def make_bed(rng: np.random.Generator) -> Mesh:
    """A bed, its head at x = 0."""
    frame = timber(rng, labels.BED)
    width, length, level = float(rng.choice([0.9, 1.2, 1.4, 1.6, 1.8])), rng.uniform(1.95, 2.1), rng.uniform(0.42, 0.6)
    half, head = 0.5 * width, rng.uniform(0.7, 1.25)
    linen = Material(labels.BED, Layer.FABRIC, paint(rng, 0.75, 1.0))
    parts = [
        block((0.0, -half - 0.04, 0.0), (0.06, half + 0.04, head), frame),
        block((0.06, -half - 0.03, 0.12), (length + 0.05, half + 0.03, level - 0.2), frame),
        cushion((0.06, -half, level - 0.25), (length, half, level), linen, 0.15),
        cushion((length * rng.uniform(0.25, 0.5), -half - 0.04, level - rng.uniform(0.1, 0.3)),
                (length + 0.03, half + 0.04, level + rng.uniform(0.04, 0.14)), cloth(rng, labels.BED), 0.2),
    ]  # fmt: skip
    parts += [
        block((x, y - 0.03, 0), (x + 0.06, y + 0.03, 0.14), frame)
        for x in (0.0, length - 0.04)
        for y in (-half + 0.03, half - 0.03)
    ]
    pillow = cloth(rng, labels.PILLOW)
    for y in (0.0,) if width < 1.3 else (-0.25 * width, 0.25 * width):
        tall = level + rng.uniform(0.12, 0.2)
        parts.append(cushion((0.1, y - 0.3, level - 0.03), (0.52, y + 0.3, tall), pillow, 0.55))
    return join(parts)


def make_bench(rng: np.random.Generator) -> Mesh:
    """A plain bench or a plastic chest to sit on."""
    material = timber(rng, labels.OTHER_FURNITURE) if rng.random() < 0.7 else plastic(rng, labels.OTHER_FURNITURE)
    half, level = rng.uniform(0.45, 0.8), rng.uniform(0.42, 0.5)
    ends = [block((0, y - 0.04, 0), (0.36, y + 0.04, level - 0.05), material) for y in (0.05 - half, half - 0.05)]
    return join([*ends, block((0, -half, level - 0.05), (0.38, half, level), material)])
