"""What stands and walks close to a camera: cones, barriers, skips, boxes, benches, prams, trolleys, children, dogs.

Convention:
    A thing stands on z = 0 over the origin and faces +x.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from training.rendering.foliage import make_bush
from training.rendering.mesh import Material, Mesh, box, disc, ellipsoid, join, pose_at, quad, tube
from training.street import labels
from training.street.cars import contact_shadow
from training.street.furniture import DARK_STEEL, STEEL, make_bin, make_person
from training.street.plants import FOLIAGE, make_hedge
from training.street.textures import Layer

ORANGE = (0.95, 0.36, 0.08)


def make_cone(rng: np.random.Generator) -> Mesh:
    """A traffic cone, or a post of the same colours."""
    height, wide = float(rng.uniform(0.45, 1.0)), float(rng.uniform(0.11, 0.2))
    orange, white = _plain(ORANGE), _plain((0.93, 0.93, 0.9))
    rubber = _plain((0.06, 0.06, 0.06))
    cuts = np.array([0.04, 0.35, 0.55, 0.72, 1.0]) * height
    radii = wide * (1.0 - 0.85 * cuts / height) if rng.random() < 0.75 else np.full(5, 0.06)
    parts = [box((-1.4 * wide, -1.4 * wide, 0), (1.4 * wide, 1.4 * wide, 0.04), rubber)]
    for i in range(4):
        ends = ((0, 0, cuts[i]), (0, 0, cuts[i + 1]))
        parts.append(tube(*ends, (float(radii[i]), float(radii[i + 1])), white if i in (1, 3) else orange, 10))
    return join([*parts, disc((0, 0, height), (0, 0, 1), float(radii[-1]), orange, 8)])


def make_barrier(rng: np.random.Generator) -> Mesh:
    """A board of stripes on feet, a barrier of concrete or plastic, or a lattice fence; along y."""
    length, kind = float(rng.uniform(1.2, 3.0)), rng.random()
    half = length / 2
    if kind < 0.4:
        red, white = _plain((0.8, 0.08, 0.06) if rng.random() < 0.6 else ORANGE), _plain((0.93, 0.93, 0.9))
        bottom = float(rng.uniform(0.7, 0.9))
        parts = [box((-0.25, y - 0.06, 0.0), (0.25, y + 0.06, 0.08), DARK_STEEL) for y in (-0.8 * half, 0.8 * half)]
        parts += [tube((0, y, 0), (0, y, bottom + 0.25), (0.025, 0.025), STEEL, 5) for y in (-0.8 * half, 0.8 * half)]
        count = max(round(length / 0.3), 3)
        for i, y in enumerate(np.linspace(-half, half, count + 1)[:-1].tolist()):
            material = red if i % 2 else white
            parts.append(box((-0.02, y, bottom), (0.02, y + length / count, bottom + 0.22), material))
        return join(parts)
    if kind < 0.75:
        height = float(rng.uniform(0.7, 1.05))
        colours = ((0.75, 0.74, 0.7), (0.75, 0.74, 0.7), (0.8, 0.1, 0.07), (0.93, 0.93, 0.9), ORANGE)
        material = Material(labels.WALL, Layer.CONCRETE, colours[int(rng.integers(len(colours)))])
        profile = [
            (0.3, 0.0),
            (0.28, 0.12),
            (0.12, 0.4),
            (0.08, height),
            (-0.08, height),
            (-0.12, 0.4),
            (-0.28, 0.12),
            (-0.3, 0),
        ]
        parts = []
        for (x0, z0), (x1, z1) in pairwise(profile):
            corners = [[x0, -half, z0], [x0, half, z0], [x1, half, z1], [x1, -half, z1]]
            parts.append(quad(corners, material, [[0, 0], [length / 2, 0], [length / 2, 0.2], [0, 0.2]]))
        for side in (-1, 1):
            ends = [[x, side * half, z] for x, z in profile]
            for i in range(3):
                parts.append(quad([ends[i], ends[i + 1], ends[6 - i], ends[7 - i]], material))
        return join([*parts, contact_shadow(0.2, length - 0.5)])
    lattice = Material(labels.FENCE, Layer.MESH_FENCE, (0.7, 0.72, 0.74))
    height = float(rng.uniform(1.1, 2.0))
    corners = [[0, -half, 0.1], [0, half, 0.1], [0, half, height], [0, -half, height]]
    posts = [tube((0, y, 0), (0, y, height), (0.02, 0.02), STEEL, 5) for y in (-half, half)]
    return join([quad(corners, lattice, [[0, 0], [length, 0], [length, 1], [0, 1]]), *posts])


def make_skip(rng: np.random.Generator) -> Mesh:
    """A skip or a wheeled container for rubbish."""
    colours = ((0.75, 0.5, 0.1), (0.15, 0.3, 0.2), (0.3, 0.32, 0.35), (0.2, 0.3, 0.5))
    colour = colours[int(rng.integers(4))]
    material = Material(labels.NONE, Layer.PLAIN, colour, 0.05)
    length, width, height = float(rng.uniform(1.3, 3.6)), float(rng.uniform(1.0, 1.8)), float(rng.uniform(1.0, 1.6))
    x, y, slant = length / 2, width / 2, float(rng.choice([0.0, 0.35]))
    low, high = (
        [(-x + slant, -y), (x - slant, -y), (x - slant, y), (-x + slant, y)],
        [(-x, -y), (x, -y), (x, y), (-x, y)],
    )
    parts = []
    for i in range(4):
        j = (i + 1) % 4
        parts.append(quad([[*low[i], 0.12], [*low[j], 0.12], [*high[j], height], [*high[i], height]], material))
    lid = (
        material.tinted(0.6 * np.array(colour)) if slant == 0 else Material(labels.NONE, Layer.BRICK, (0.6, 0.55, 0.5))
    )
    corners = [[*corner, height - 0.1 * (slant > 0)] for corner in high]
    return join(
        [*parts, quad(corners, lid, [[0, 0], [2, 0], [2, 1], [0, 1]]), contact_shadow(length - 0.4, width - 0.4)]
    )


def make_boxes(rng: np.random.Generator) -> Mesh:
    """Boxes, crates or sacks on a heap."""
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        size = rng.uniform(0.15, 0.5, 3)
        x, y = rng.normal(0.0, 0.08, 2)
        layer = int(rng.choice([Layer.PLASTER, Layer.BARK, Layer.BILLBOARD, Layer.CONCRETE]))
        tone = np.array((0.72, 0.55, 0.38)) if rng.random() < 0.5 else rng.uniform(0.1, 1.0, 3)
        material = Material(labels.NONE, layer, tuple(tone))
        parts.append(box((x - size[0], y - size[1], z), (x + size[0], y + size[1], z + size[2]), material, repeat=1.0))
        z += size[2]
    return join([*parts, contact_shadow(0.4, 0.4)])


def make_bench(rng: np.random.Generator) -> Mesh:
    """A bench, or a table with seats."""
    wood = Material(labels.NONE, Layer.BARK, tuple(np.array((0.62, 0.47, 0.33)) * rng.uniform(0.6, 1.3)))
    length = float(rng.uniform(1.2, 2.0))
    parts = [box((-0.2, -length / 2, 0.4), (0.25, length / 2, 0.46), wood)]
    if rng.random() < 0.6:
        parts.append(box((-0.28, -length / 2, 0.5), (-0.24, length / 2, 0.9), wood))
    else:
        parts.append(box((0.45, -length / 2, 0.7), (1.2, length / 2, 0.76), wood))
        parts.append(box((0.75, -0.1, 0.0), (0.9, 0.1, 0.7), DARK_STEEL))
    for y in (-0.4 * length, 0.4 * length):
        parts.append(box((-0.15, y - 0.04, 0.0), (0.2, y + 0.04, 0.4), DARK_STEEL))
    return join(parts)


def make_planter(rng: np.random.Generator) -> Mesh:
    """A tub with a bush, or a short run of hedge."""
    if rng.random() < 0.4:
        return make_hedge(rng, float(rng.uniform(1.0, 4.0)), float(rng.uniform(0.5, 1.8)))
    half, height = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.35, 0.8))
    tub = Material(
        labels.NONE, int(rng.choice([Layer.CONCRETE, Layer.BARK, Layer.BRICK])), tuple(rng.uniform(0.3, 0.95, 3))
    )
    bush = make_bush(rng, float(rng.uniform(0.35, 0.7)), FOLIAGE)
    lift = np.eye(4)
    lift[2, 3] = height - 0.1
    return join([box((-half, -half, 0), (half, half, height), tub), bush.placed(lift)])


def make_pram(rng: np.random.Generator) -> Mesh:
    """A pram, with or without someone who pushes it."""
    cloth = Material(labels.NONE, Layer.PLASTER, tuple(rng.uniform(0.05, 0.7, 3)))
    parts = [
        ellipsoid((0.0, 0, 0.68), (0.38, 0.2, 0.16), cloth, 4, 8),
        ellipsoid((0.2, 0, 0.82), (0.2, 0.2, 0.22), cloth, 4, 8),
        tube((-0.3, -0.2, 0.65), (-0.6, -0.2, 1.02), (0.015, 0.015), STEEL, 4),
        tube((-0.3, 0.2, 0.65), (-0.6, 0.2, 1.02), (0.015, 0.015), STEEL, 4),
        tube((-0.6, -0.22, 1.02), (-0.6, 0.22, 1.02), (0.02, 0.02), DARK_STEEL, 5),
    ]
    parts += _casters(0.3, 0.22, 0.12)
    parts += [tube((x, y, 0.12), (-x, y, 0.62), (0.012, 0.012), STEEL, 4) for x in (-0.3, 0.3) for y in (-0.2, 0.2)]
    return join([*parts, *_pushed(rng, -0.95), contact_shadow(0.4, 0.1)])


def make_trolley(rng: np.random.Generator) -> Mesh:
    """A shopping trolley, with or without someone who pushes it, full or empty."""
    wire = Material(labels.NONE, Layer.MESH_FENCE, (0.6, 0.62, 0.64))
    low, high = (
        [(-0.4, -0.2), (0.35, -0.2), (0.35, 0.2), (-0.4, 0.2)],
        [(-0.45, -0.27), (0.45, -0.27), (0.45, 0.27), (-0.45, 0.27)],
    )
    parts = []
    for i in range(4):
        j = (i + 1) % 4
        corners = [[*low[i], 0.45], [*low[j], 0.45], [*high[j], 0.95], [*high[i], 0.95]]
        parts.append(quad(corners, wire, [[0, 0], [2, 0], [2, 1], [0, 1]]))
    parts += _casters(0.36, 0.2, 0.06)
    parts += [tube((x, y, 0.1), (x, y, 0.47), (0.015, 0.015), STEEL, 4) for x in (-0.36, 0.3) for y in (-0.19, 0.19)]
    parts.append(tube((-0.5, -0.27, 1.0), (-0.5, 0.27, 1.0), (0.02, 0.02), _plain((0.7, 0.1, 0.1)), 5))
    if rng.random() < 0.5:
        goods = Material(labels.NONE, Layer.BILLBOARD)
        parts.append(box((-0.3, -0.17, 0.46), (0.3, 0.17, float(rng.uniform(0.6, 1.1))), goods))
    return join([*parts, *_pushed(rng, -0.9), contact_shadow(0.5, 0.1)])


def make_child(rng: np.random.Generator) -> Mesh:
    """Someone small."""
    return make_person(rng).placed(np.eye(4), float(rng.uniform(0.5, 0.8)))


def make_loaded(rng: np.random.Generator) -> Mesh:
    """Someone with a suitcase, a rucksack, a bag, or an umbrella."""
    colour = Material(labels.PERSON, Layer.PLASTER, tuple(rng.uniform(0.05, 0.9, 3)))
    kind = rng.integers(4)
    if kind == 0:
        parts = [
            box((-0.75, -0.12, 0.04), (-0.5, 0.22, 0.65), colour),
            tube((-0.6, 0.05, 0.6), (-0.3, 0.2, 0.95), (0.012, 0.012), STEEL, 4),
        ]
    elif kind == 1:
        parts = [box((-0.42, -0.17, 0.95), (-0.17, 0.17, 1.5), colour)]
    elif kind == 2:
        parts = [box((-0.2, 0.28, 0.4), (0.2, 0.4, 0.75), colour)]
    else:
        parts = [tube((0.1, 0.15, 1.1), (0.1, 0.1, 2.0), (0.012, 0.012), STEEL, 4)]
        parts.append(tube((0.1, 0.1, 1.88), (0.1, 0.1, 2.12), (0.55, 0.02), colour, 10))
    return join([make_person(rng), *parts])


def make_dog(rng: np.random.Generator) -> Mesh:
    """A dog."""
    fur = Material(labels.NONE, Layer.PLASTER, tuple(np.array((0.55, 0.42, 0.3)) * rng.uniform(0.15, 1.6)))
    parts = [
        ellipsoid((0, 0, 0.48), (0.36, 0.13, 0.15), fur, 5, 8),
        ellipsoid((0.42, 0, 0.64), (0.15, 0.09, 0.1), fur, 4, 7),
        tube((0.25, 0, 0.5), (0.4, 0, 0.62), (0.1, 0.08), fur, 6),
        tube((-0.33, 0, 0.52), (-0.55, 0, 0.72), (0.03, 0.015), fur, 4),
        *(tube((x, y, 0), (x, y, 0.45), (0.03, 0.045), fur, 5) for x in (-0.25, 0.22) for y in (-0.08, 0.08)),
    ]
    return join([*parts, contact_shadow(0.4, 0.0)]).placed(np.eye(4), float(rng.uniform(0.5, 1.1)))


def make_robot(rng: np.random.Generator) -> Mesh:
    """A delivery robot."""
    body = Material(labels.NONE, Layer.PLAIN, tuple(rng.uniform(0.3, 0.95, 3)), 0.5)
    parts = [
        box((-0.35, -0.26, 0.18), (0.35, 0.26, 0.62), body),
        box((-0.3, -0.24, 0.62), (0.25, 0.24, 0.68), _plain((0.08, 0.08, 0.09))),
    ]
    parts.append(tube((-0.3, -0.2, 0.65), (-0.3, -0.2, 1.3), (0.01, 0.01), _plain(ORANGE), 4))
    return join([*parts, *_casters(0.26, 0.28, 0.12), contact_shadow(0.5, 0.3)])


def make_column(rng: np.random.Generator) -> Mesh:
    """A post box, a meter, a cabinet, a block of stone: plain bodies as high as a knee or a head."""
    kind, colour = rng.random(), tuple(rng.uniform(0.1, 0.95, 3))
    material = Material(labels.NONE, int(rng.choice([Layer.PLAIN, Layer.CONCRETE, Layer.PLASTER])), colour)
    height = float(rng.uniform(0.4, 2.0))
    if kind < 0.4:
        r = float(rng.uniform(0.12, 0.4))
        return join(
            [tube((0, 0, 0), (0, 0, height), (r, r), material, 10), disc((0, 0, height), (0, 0, 1), r, material, 10)]
        )
    half = rng.uniform(0.15, 0.6, 2)
    return join([box((-half[0], -half[1], 0), (half[0], half[1], height), material), contact_shadow(0.3, 0.3)])


def make_shape(rng: np.random.Generator) -> Mesh:
    """Something that has no name: a few bodies in and on each other."""
    parts = []
    layers = (
        Layer.PLAIN,
        Layer.PLASTER,
        Layer.CONCRETE,
        Layer.BRICK,
        Layer.PAVING,
        Layer.BARK,
        Layer.BILLBOARD,
        Layer.ROOF,
    )
    size = float(np.exp(rng.uniform(np.log(0.25), np.log(1.6))))
    for _ in range(int(rng.integers(1, 5))):
        colour = rng.uniform(0.05, 1.0, 3)
        gloss = float(rng.choice([0.0, 0.0, 0.5]))
        material = Material(labels.NONE, int(rng.choice(layers)), (colour[0], colour[1], colour[2]), gloss)
        half = size * rng.uniform(0.15, 0.7, 3)
        x, y = size * rng.normal(0.0, 0.25, 2)
        z = float(rng.choice([0.0, rng.uniform(0.0, 1.2) * size]))
        kind = rng.integers(3)
        if kind == 0:
            body = box((x - half[0], y - half[1], z), (x + half[0], y + half[1], z + 2 * half[2]), material, repeat=1.5)
        elif kind == 1:
            body = ellipsoid((x, y, z + half[2]), half, material, 6, 10)
        else:
            ends = rng.uniform(0.3, 1.0, 2) * half[0]
            body = tube((x, y, z), (x, y, z + 2 * half[2]), (float(ends[0]), float(ends[1])), material, 10)
        parts.append(body.placed(pose_at((0.0, 0.0, 0.0), float(rng.uniform(0.0, 2.0 * np.pi)))))
    return join([*parts, contact_shadow(0.6 * size, 0.6 * size)])


CLUTTER = (
    make_cone, make_cone, make_barrier, make_barrier, make_skip, make_boxes, make_bench, make_planter, make_pram,
    make_trolley, make_dog, make_robot, make_column, make_bin, make_shape, make_shape, make_shape,
)  # fmt: skip
"""Makers of things that stand about; each takes random numbers."""


def _plain(colour: tuple[float, float, float]) -> Material:
    return Material(labels.NONE, Layer.PLAIN, colour)


def _casters(x: float, y: float, r: float) -> list[Mesh]:
    rubber = _plain((0.05, 0.05, 0.05))
    parts = []
    for a in (-x, x):
        for b in (-y, y):
            parts.append(tube((a, b - 0.02, r), (a, b + 0.02, r), (r, r), rubber, 8))
            parts += [disc((a, b + side * 0.02, r), (0, side, 0), r, rubber, 8) for side in (-1, 1)]
    return parts


def _pushed(rng: np.random.Generator, x: float) -> list[Mesh]:
    """Someone behind, two times out of three."""
    if rng.random() < 0.33:
        return []
    behind = np.eye(4)
    behind[0, 3] = x
    return [make_person(rng).placed(behind)]
