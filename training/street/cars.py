"""Low-poly vehicles: a lofted body, a glasshouse with pillars, wheels in their arches, lights, plates.

Convention:
    A vehicle faces +x, stands on z = 0, its middle over the origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.rendering.mesh import Material, Mesh, box, disc, grid, join, quad, tube
from training.street import labels
from training.street.textures import Layer

PAINTS = (
    (0.92, 0.92, 0.90), (0.93, 0.93, 0.92), (0.72, 0.73, 0.75), (0.50, 0.51, 0.53), (0.30, 0.31, 0.33),
    (0.10, 0.10, 0.11), (0.09, 0.09, 0.10), (0.62, 0.10, 0.09), (0.12, 0.22, 0.45), (0.20, 0.36, 0.55),
    (0.66, 0.60, 0.50), (0.16, 0.28, 0.20), (0.78, 0.45, 0.10),
)  # fmt: skip


@dataclass(frozen=True)
class _Shape:
    """Proportions of a kind of car; `hood`, `screen`, `roof`, `rear` are places along its length, front 1, back 0."""

    length: float
    width: float
    height: float
    belt: float
    hood: float
    screen: float
    roof: float
    rear: float
    tail: float
    wheel: float = 0.32


SHAPES = {
    "saloon": _Shape(4.65, 1.82, 1.45, 0.93, 0.66, 0.71, 0.52, 0.25, 0.90),
    "hatchback": _Shape(4.05, 1.76, 1.48, 0.95, 0.74, 0.78, 0.58, 0.12, 0.02),
    "estate": _Shape(4.70, 1.82, 1.50, 0.95, 0.68, 0.73, 0.54, 0.08, 0.02),
    "suv": _Shape(4.60, 1.90, 1.72, 1.08, 0.72, 0.76, 0.58, 0.08, 0.02, 0.37),
    "van": _Shape(5.20, 2.00, 2.25, 1.15, 0.84, 0.90, 0.76, 0.02, 0.01, 0.36),
}


MORE_SHAPES = {
    "small": _Shape(3.45, 1.64, 1.50, 0.92, 0.78, 0.84, 0.64, 0.08, 0.02, 0.28),
    "coupe": _Shape(4.45, 1.84, 1.28, 0.82, 0.60, 0.66, 0.46, 0.22, 0.90, 0.34),
    "pickup": _Shape(5.50, 1.98, 1.86, 1.14, 0.72, 0.76, 0.62, 0.44, 0.42, 0.40),
    "wagon": _Shape(5.40, 2.02, 1.92, 1.16, 0.74, 0.78, 0.64, 0.05, 0.02, 0.40),
    "minivan": _Shape(4.85, 1.92, 1.80, 1.02, 0.80, 0.88, 0.68, 0.04, 0.01, 0.33),
    "high van": _Shape(5.90, 2.05, 2.65, 1.25, 0.86, 0.91, 0.80, 0.02, 0.01, 0.37),
}
"""What stills have beside `SHAPES`."""


def make_car(rng: np.random.Generator) -> Mesh:
    """A passenger car or van of a random shape and paint."""
    shape = SHAPES[str(rng.choice(list(SHAPES), p=[0.34, 0.26, 0.12, 0.22, 0.06]))]
    paint = Material(labels.CAR, Layer.PLAIN, PAINTS[int(rng.integers(len(PAINTS)))], 0.55)
    scale = rng.uniform(0.96, 1.05)
    return _car(shape, paint).placed(np.eye(4), (scale, 1.0, rng.uniform(0.97, 1.04)))


def make_any_car(rng: np.random.Generator) -> Mesh:
    """A car of any shape, large ones too, and any colour, dark ones often."""
    shapes = SHAPES | MORE_SHAPES
    shape = shapes[str(rng.choice(list(shapes)))]
    kind = rng.random()
    if kind < 0.6:
        colour = PAINTS[int(rng.integers(len(PAINTS)))]
    elif kind < 0.85:
        colour = tuple(rng.uniform(0.03, 0.25) * rng.uniform(0.8, 1.2, 3))
    else:
        colour = tuple(rng.uniform(0.05, 0.95, 3))
    paint = Material(labels.CAR, Layer.PLAIN, colour, float(rng.uniform(0.3, 0.8)))
    return _car(shape, paint).placed(np.eye(4), rng.uniform((0.92, 0.96, 0.94), (1.08, 1.04, 1.08)))


def _car(shape: _Shape, paint: Material) -> Mesh:
    return join([*_body(shape, paint), *_cabin(shape, paint), *_wheels(shape), *_details(shape)])


def make_truck(rng: np.random.Generator) -> Mesh:
    """A lorry with a closed box."""
    length, width, height = rng.uniform(6.5, 11.0), 2.5, rng.uniform(3.2, 3.9)
    front = length / 2
    nose, tail = front + 0.01, -front - 0.01
    paint = Material(labels.TRUCK, Layer.PLAIN, PAINTS[int(rng.integers(len(PAINTS)))], 0.4)
    cargo = Material(labels.TRUCK, Layer.PLASTER, tuple(rng.uniform(0.6, 1.0, 3) ** 0.5), 0.1)
    dark = Material(labels.TRUCK, Layer.PLAIN, (0.06, 0.06, 0.07), 0.1)
    glass = Material(labels.TRUCK, Layer.PLAIN, (0.05, 0.06, 0.07), 0.9)
    w = width / 2
    parts = [
        box((-front, -w, 1.0), (front - 2.3, w, height), cargo, repeat=6.0),
        box((front - 2.1, -w + 0.05, 0.5), (front, w - 0.05, 2.8), paint),
        box((-front, -w + 0.2, 0.55), (front - 2.0, w - 0.2, 1.0), dark),
        quad([[nose, -w + 0.2, 1.6], [nose, w - 0.2, 1.6], [nose, w - 0.25, 2.5], [nose, -w + 0.25, 2.5]], glass),
        quad([[tail, w, 1.0], [tail, -w, 1.0], [tail, -w, 1.12], [tail, w, 1.12]], dark),
    ]
    for side in (-1, 1):
        y = side * (w + 0.005)
        parts.append(
            quad([[front - 1.2, y, 1.7], [front - 0.2, y, 1.7], [front - 0.2, y, 2.5], [front - 1.2, y, 2.5]], glass)
        )
        for x in (front - 1.2, -front + 2.2, -front + 1.0):
            parts.append(tube((x, side * (w - 0.35), 0.5), (x, side * w, 0.5), (0.5, 0.5), dark, 14))
            parts.append(disc((x, y, 0.5), (0, side, 0), 0.5, Material(labels.TRUCK, Layer.WHEEL), 16))
        for z in (0.75, 0.95):
            light = Material(labels.TRUCK, Layer.PLAIN, (0.7, 0.05, 0.04), 0.3)
            parts.append(
                box(
                    (-front - 0.03, side * (w - 0.15) - 0.12, z - 0.07),
                    (-front, side * (w - 0.15) + 0.12, z + 0.07),
                    light,
                )
            )
    parts.append(contact_shadow(length, width))
    return join(parts)


def _body(shape: _Shape, paint: Material) -> list[Mesh]:
    """Stations from tail to nose; the sides, the deck and the ends are separate surfaces with an edge between."""
    half, w = shape.length / 2, shape.width / 2
    share = np.array([0.0, 0.04, 0.2, 0.5, shape.hood, 0.93, 1.0])
    x = (share - 0.5) * shape.length
    top = np.array([0.90, 1.0, 1.0, 1.0, 1.0, 0.86, 0.74]) * shape.belt
    low = np.array([0.36, 0.28, 0.22, 0.22, 0.22, 0.24, 0.30])
    wide = np.array([0.90, 0.96, 1.0, 1.0, 1.0, 0.95, 0.84]) * w
    bulge = low + 0.55 * (top - low)
    meshes = []
    for side in (-1.0, 1.0):
        rows = np.stack(
            [
                np.stack([x, side * wide * 0.97, low], -1),
                np.stack([x, side * wide, bulge], -1),
                np.stack([x, side * wide * 0.95, top], -1),
            ],
            1,
        )
        rows = rows if side < 0 else rows[::-1]
        meshes.append(grid(rows[:, ::-1], np.zeros((len(x), 3, 2)), paint))
    deck = np.stack(
        [np.stack([x, y * wide * 0.95, top + bump], -1) for y, bump in ((1, 0), (0.5, 0.025), (-0.5, 0.025), (-1, 0))],
        1,
    )
    meshes.append(grid(deck[::-1], np.zeros((len(x), 4, 2)), paint))
    bumper = paint.tinted(0.75 * np.array(paint.colour))
    for end, sign in ((0, -1.0), (-1, 1.0)):
        xs, y = x[end], wide[end]
        corners = [
            [xs, -sign * y * 0.97, low[end]],
            [xs, sign * y * 0.97, low[end]],
            [xs, sign * y * 0.95, top[end]],
            [xs, -sign * y * 0.95, top[end]],
        ]
        meshes.append(quad(corners, bumper))
    sill = Material(labels.CAR, Layer.PLAIN, (0.05, 0.05, 0.055))
    meshes.append(box((-half + 0.25, -w + 0.12, 0.15), (half - 0.25, w - 0.12, 0.3), sill))
    return meshes


def _cabin(shape: _Shape, paint: Material) -> list[Mesh]:
    glass = Material(labels.CAR, Layer.PLAIN, (0.05, 0.06, 0.07), 0.95)
    side_glass = Material(labels.CAR, Layer.GLASSHOUSE, paint.colour, 0.8)
    place = (np.array([shape.rear * 0.35, shape.rear + 0.03, shape.roof, shape.screen]) - 0.5) * shape.length
    if shape.tail < 0.5:
        place[0], place[1] = (shape.tail - 0.5) * shape.length, (shape.rear - 0.5) * shape.length + 0.12
    else:
        place[0] = (0.14 - 0.5) * shape.length
    tail, back, front, screen = place
    base, roof, belt, top = 0.93 * shape.width / 2, 0.74 * shape.width / 2, shape.belt - 0.01, shape.height
    meshes = []
    for side in (-1.0, 1.0):
        corners = [
            [tail, side * base, belt],
            [screen, side * base, belt],
            [front, side * roof, top - 0.03],
            [back, side * roof, top - 0.03],
        ]
        meshes.append(
            quad(
                corners if side < 0 else corners[::-1],
                side_glass,
                [[1, 0], [0, 0], [0.28, 1], [0.93, 1]] if side < 0 else [[0.93, 1], [0.28, 1], [0, 0], [1, 0]],
            )
        )
    meshes.append(
        quad(
            [[screen, -base, belt], [screen, base, belt], [front, roof, top - 0.03], [front, -roof, top - 0.03]], glass
        )
    )
    meshes.append(
        quad([[tail, base, belt], [tail, -base, belt], [back, -roof, top - 0.03], [back, roof, top - 0.03]], glass)
    )
    points = np.array(
        [
            [[x, y, top - 0.03 + bump] for y, bump in ((roof, 0.0), (0.0, 0.03), (-roof, 0.0))]
            for x in (front, (front + back) / 2, back)
        ]
    )
    meshes.append(grid(points, np.zeros((3, 3, 2)), paint))
    return meshes


def _wheels(shape: _Shape) -> list[Mesh]:
    rubber = Material(labels.CAR, Layer.PLAIN, (0.05, 0.05, 0.055))
    arch = Material(labels.CAR, Layer.PLAIN, (0.02, 0.02, 0.02))
    rim = Material(labels.CAR, Layer.WHEEL)
    w, r = shape.width / 2, shape.wheel
    meshes = []
    for x in (-0.30 * shape.length, 0.31 * shape.length):
        for side in (-1.0, 1.0):
            meshes.append(tube((x, side * (w - 0.22), r), (x, side * (w + 0.012), r), (r, r), rubber, 10))
            meshes.append(disc((x, side * (w + 0.004), r + 0.02), (0, side, 0), r * 1.18, arch, 12))
            meshes.append(disc((x, side * (w + 0.013), r), (0, side, 0), r, rim, 12))
    return meshes


def _details(shape: _Shape) -> list[Mesh]:
    half, w, belt = shape.length / 2, shape.width / 2, shape.belt
    red = Material(labels.CAR, Layer.PLAIN, (0.62, 0.04, 0.03), 0.5)
    white = Material(labels.CAR, Layer.PLAIN, (0.85, 0.87, 0.88), 0.8)
    dark = Material(labels.CAR, Layer.PLAIN, (0.05, 0.05, 0.06), 0.3)
    plate = Material(labels.CAR, Layer.PLATE)
    meshes = []
    for side in (-1.0, 1.0):
        y0, y1 = sorted((side * w * 0.55, side * w * 0.90))
        meshes.append(box((-half - 0.03, y0 + 0.08, 0.66 * belt), (-half + 0.12, y1, 0.88 * belt), red))
        meshes.append(box((half - 0.16, y0, 0.56 * belt), (half + 0.02, y1 - 0.06, 0.70 * belt), white))
        mirror = (shape.screen - 0.55) * shape.length
        meshes.append(
            box((mirror, side * (w + 0.06) - 0.09, belt), (mirror + 0.12, side * (w + 0.06) + 0.09, belt + 0.14), dark)
        )
    meshes.append(box((half - 0.1, -w * 0.45, 0.32 * belt), (half + 0.02, w * 0.45, 0.50 * belt), dark))
    meshes.append(box((-half - 0.015, -w * 0.75, 0.30), (-half + 0.1, w * 0.75, 0.42), dark))
    for x, sign in ((-half - 0.035, -1.0), (half + 0.03, 1.0)):
        z = 0.62 * belt if sign < 0 else 0.42
        meshes.append(
            quad(
                [[x, -sign * 0.26, z], [x, sign * 0.26, z], [x, sign * 0.26, z + 0.12], [x, -sign * 0.26, z + 0.12]],
                plate,
            )
        )
    meshes.append(contact_shadow(shape.length, shape.width))
    return meshes


def contact_shadow(length: float, width: float) -> Mesh:
    """The darkness below a vehicle."""
    x, y = length / 2 + 0.35, width / 2 + 0.35
    shadow = Material(labels.NONE, Layer.SHADOW, gloss=0.85)
    return quad([[-x, -y, 0.03], [x, -y, 0.03], [x, y, 0.03], [-x, y, 0.03]], shadow)
