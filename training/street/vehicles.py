"""Vehicles beside passenger cars: buses, lorries of many kinds, box vans, caravans, bicycles and motorcycles.

Convention:
    A vehicle faces +x, stands on z = 0, its middle over the origin.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from training.rendering.mesh import Material, Mesh, box, disc, ellipsoid, join, quad, tube
from training.street import labels
from training.street.cars import PAINTS, contact_shadow
from training.street.textures import Layer

Make = Callable[[np.random.Generator], Mesh]

RUBBER = (0.06, 0.06, 0.065)
GLASS = (0.05, 0.06, 0.07)
RED = (0.62, 0.05, 0.04)


def make_bus(rng: np.random.Generator) -> Mesh:
    """A city bus or coach, some with two decks."""
    length, width = float(rng.uniform(9.0, 13.5)), 2.5
    double = rng.random() < 0.15
    height = float(rng.uniform(4.1, 4.5) if double else rng.uniform(2.9, 3.6))
    paint, second = (_paint(rng, labels.BUS, 0.45) for _ in range(2))
    glass = Material(labels.BUS, Layer.PLAIN, GLASS, 0.95)
    low, half, w = 0.32, length / 2, width / 2
    split = float(rng.uniform(0.9, 1.3))
    parts = [
        box((-half, -w, low), (half, w, split), second if rng.random() < 0.5 else paint),
        box((-half, -w, split), (half, w, height), paint),
    ]
    rows = [(split + 0.05, split + float(rng.uniform(0.8, 1.15)))]
    if double:
        rows.append((rows[0][1] + 0.75, height - 0.35))
    bay = float(rng.uniform(1.1, 1.7))
    for bottom, top in rows:
        for x in np.arange(-half + 0.3, half - 1.0, bay).tolist():
            for side in (-1.0, 1.0):
                parts.append(_side_panel(x, x + bay - 0.09, bottom, top, side * (w + 0.01), glass))
        parts.append(_end_panel(half + 0.01, w - 0.12, bottom - 0.3, top + 0.1, 1.0, glass))
        parts.append(_end_panel(-half - 0.01, w - 0.25, bottom, top, -1.0, glass))
    for x in (half - 1.25, -0.1 * length):
        parts.append(_side_panel(x, x + 1.15, low + 0.05, rows[0][1], -(w + 0.015), glass))
    if rng.random() < 0.4:
        advertisement = Material(labels.BUS, Layer.BILLBOARD)
        parts.append(_side_panel(-0.3 * length, 0.25 * length, low + 0.1, split, w + 0.012, advertisement))
    if rng.random() < 0.5:
        parts.append(box((-half * 0.5, -0.8, height), (half * 0.2, 0.8, height + 0.25), paint))
    display = Material(labels.BUS, Layer.PLAIN, (0.9, 0.55, 0.1) if rng.random() < 0.5 else (0.05, 0.05, 0.05))
    parts.append(_end_panel(half + 0.02, 0.8, height - 0.35, height - 0.1, 1.0, display))
    parts += _axles((half - 2.4, -half + 2.6), w, 0.48, labels.BUS)
    parts += _lights(half, w, 0.75, labels.BUS)
    return join([*parts, contact_shadow(length, width)])


def make_articulated(rng: np.random.Generator) -> Mesh:
    """A tractor with a trailer: a box, a container, a tank, or a flat bed with something on it."""
    trailer, width = float(rng.uniform(9.5, 13.6)), 2.5
    length = trailer + 2.9
    front, w = length / 2, width / 2
    paint = _paint(rng, labels.TRUCK, 0.45)
    parts = _cab(rng, front, w, float(rng.uniform(2.9, 3.7)), paint)
    parts.append(box((front - 6.0, -0.5, 0.55), (front - 2.2, 0.5, 1.05), _dark()))
    parts += _axles((front - 1.3, front - 4.4), w, 0.5, labels.TRUCK)
    start, end = -length / 2, front - 2.7
    parts += LOADS[int(rng.integers(len(LOADS)))](rng, start, end, w)
    parts.append(box((start, -0.55, 0.75), (end - 1.5, 0.55, 1.12), _dark()))
    parts += _axles((start + 1.1, start + 2.4, start + 3.7), w, 0.5, labels.TRUCK)
    parts += _lights(-start, w, 0.85, labels.TRUCK)[2:]
    return join([*parts, contact_shadow(length, width)])


def make_box_van(rng: np.random.Generator) -> Mesh:
    """A van's cab with a box, or with a low open bed."""
    length, width = float(rng.uniform(5.8, 7.4)), float(rng.uniform(2.05, 2.3))
    front, w = length / 2, width / 2
    paint = _paint(rng, labels.TRUCK, 0.5)
    glass = Material(labels.TRUCK, Layer.PLAIN, GLASS, 0.95)
    cab = front - 2.2
    nose = [[front, 0.95], [front - 0.75, 1.15], [front - 1.45, 2.1], [cab, 2.15], [cab, 0.35], [front, 0.35]]
    parts = _prism(nose, 0.92 * w, paint)
    parts.append(
        quad(
            [
                [front - 0.72, -0.8 * w, 1.2],
                [front - 0.72, 0.8 * w, 1.2],
                [front - 1.4, 0.72 * w, 2.06],
                [front - 1.4, -0.72 * w, 2.06],
            ],
            glass,
        )
    )
    for side in (-1.0, 1.0):
        parts.append(_side_panel(cab + 0.25, front - 1.2, 1.25, 1.95, side * (0.92 * w + 0.01), glass))
    if rng.random() < 0.75:
        height = float(rng.uniform(2.6, 3.2))
        parts.append(box((-front, -w, 0.75), (cab - 0.1, w, height), _cargo(rng), repeat=5.0))
    else:
        parts.append(box((-front, -w, 0.75), (cab - 0.1, w, float(rng.uniform(0.9, 1.3))), _cargo(rng), repeat=3.0))
        parts += _heap(rng, -front + 0.3, cab - 0.4, w - 0.2, 0.95)
    parts.append(box((-front + 0.1, -w + 0.3, 0.4), (cab, w - 0.3, 0.78), _dark()))
    parts += _axles((front - 1.1, -front + 1.5), w, 0.36, labels.TRUCK)
    parts += _lights(front, w, 0.7, labels.TRUCK)
    return join([*parts, contact_shadow(length, width)])


def make_caravan(rng: np.random.Generator) -> Mesh:
    """A caravan, or a small trailer with a tarpaulin, standing by itself."""
    if rng.random() < 0.5:
        length, width, height = float(rng.uniform(4.5, 6.5)), 2.2, 2.5
    else:
        length, width, height = float(rng.uniform(2.0, 3.2)), 1.5, float(rng.uniform(1.0, 1.9))
    half, w = length / 2, width / 2
    body = Material(labels.TRUCK, Layer.PLASTER, tuple(rng.uniform(0.5, 0.95, 3)), 0.15)
    glass = Material(labels.TRUCK, Layer.PLAIN, GLASS, 0.9)
    parts = [box((-half, -w, 0.5), (half, w, height), body, repeat=4.0)]
    parts.append(box((half, -0.05, 0.45), (half + 1.0, 0.05, 0.55), _dark()))
    if width > 2:
        for side in (-1.0, 1.0):
            parts.append(_side_panel(-0.25 * length, 0.1 * length, 1.3, 1.9, side * (w + 0.01), glass))
        parts.append(_end_panel(-half - 0.01, 0.7 * w, 1.3, 1.95, -1.0, glass))
    parts += _axles((0.0,), w, 0.33, labels.TRUCK)
    parts += _lights(half, w, 0.7, labels.TRUCK)[2:]
    return join([*parts, contact_shadow(length, width)])


def make_digger(rng: np.random.Generator) -> Mesh:
    """An excavator on tracks."""
    yellow = Material(labels.TRUCK, Layer.PLASTER, (0.93, 0.66 + rng.uniform(-0.1, 0.1), 0.1), 0.1)
    glass = Material(labels.TRUCK, Layer.PLAIN, GLASS, 0.9)
    reach, lift = float(rng.uniform(2.2, 3.4)), float(rng.uniform(2.6, 4.2))
    elbow = (1.0 + 0.5 * reach, 0.0, lift)
    tip = (1.2 + reach, 0.0, float(rng.uniform(0.6, 1.8)))
    parts = [
        box((-1.9, -1.2, 0.05), (1.9, -0.65, 0.85), _dark()),
        box((-1.9, 0.65, 0.05), (1.9, 1.2, 0.85), _dark()),
        box((-2.0, -1.2, 0.95), (1.3, 1.2, 1.75), yellow),
        box((-0.2, 0.2, 1.75), (1.35, 1.2, 2.9), yellow),
        _side_panel(0.0, 1.2, 1.9, 2.75, 1.21, glass),
        _end_panel(1.36, 0.4, 1.6, 2.8, 1.0, glass).placed(np.eye(4)),
        tube((1.0, 0, 1.3), elbow, (0.26, 0.2), yellow, 6),
        tube(elbow, tip, (0.19, 0.13), yellow, 6),
        box((tip[0] - 0.45, -0.45, tip[2] - 0.55), (tip[0] + 0.4, 0.45, tip[2] + 0.1), _dark()),
    ]
    return join([*parts, contact_shadow(4.0, 2.4)])


def make_bicycle(rng: np.random.Generator) -> Mesh:
    """A bicycle that leans against nothing."""
    return join([*_bicycle(rng), contact_shadow(1.3, 0.1)])


def make_cyclist(rng: np.random.Generator) -> Mesh:
    """Someone on a bicycle."""
    return join([*_bicycle(rng), *_rider(rng, -0.18, 0.98, 0.42), contact_shadow(1.3, 0.2)])


def make_motorcycle(rng: np.random.Generator) -> Mesh:
    """A motorcycle or scooter, most of them with a rider."""
    paint = _paint(rng, labels.MOTORCYCLE, 0.6)
    dark = Material(labels.MOTORCYCLE, Layer.PLAIN, RUBBER, 0.1)
    red = Material(labels.MOTORCYCLE, Layer.PLAIN, RED, 0.3)
    parts = []
    for x in (-0.7, 0.7):
        parts += _wheel(x, 0.31, 0.06, labels.MOTORCYCLE)
    parts += [
        tube((0.7, 0, 0.31), (0.48, 0, 1.0), (0.05, 0.05), dark, 6),
        tube((0.46, -0.36, 1.04), (0.46, 0.36, 1.04), (0.025, 0.025), dark, 5),
        ellipsoid((0.15, 0, 0.78), (0.36, 0.19, 0.18), paint, 5, 8),
        ellipsoid((0.05, 0, 0.48), (0.36, 0.2, 0.22), dark, 4, 7),
        box((-0.75, -0.14, 0.68), (0.0, 0.14, 0.82), dark),
        ellipsoid((0.62, 0, 0.92), (0.16, 0.17, 0.2), paint, 4, 7),
        box((-0.82, -0.1, 0.7), (-0.76, 0.1, 0.8), red),
        box((-0.85, -0.1, 0.45), (-0.83, 0.1, 0.6), Material(labels.MOTORCYCLE, Layer.PLATE)),
    ]
    if rng.random() < 0.5:
        parts.append(box((-0.9, -0.22, 0.85), (-0.45, 0.22, 1.2), paint))
    if rng.random() < 0.7:
        parts += _rider(rng, -0.2, 0.84, 0.5, helmet=True)
    return join([*parts, contact_shadow(1.6, 0.4)])


def _rider(rng: np.random.Generator, seat: float, height: float, reach: float, helmet: bool = False) -> list[Mesh]:
    """Someone who sits at x = `seat`, `height` metres up, hands `reach` metres ahead of that."""
    coat = Material(labels.RIDER, Layer.PLASTER, tuple(rng.uniform(0.08, 0.9, 3)))
    trousers = Material(labels.RIDER, Layer.PLASTER, tuple(rng.uniform(0.05, 0.5, 3)))
    skin = Material(labels.RIDER, Layer.PLASTER, tuple(np.array((0.85, 0.66, 0.54)) * rng.uniform(0.45, 1.05)))
    hat = Material(labels.RIDER, Layer.PLAIN, tuple(rng.uniform(0.05, 0.95, 3)), 0.4)
    lean = float(rng.uniform(0.1, 0.3))
    chest = (seat + lean, 0.0, height + 0.5)
    head = (seat + lean + 0.1, 0.0, height + 0.74)
    size = 0.14 if helmet else 0.115
    parts = [
        tube((seat, 0, height - 0.02), chest, (0.17, 0.2), coat, 8),
        ellipsoid(chest, (0.14, 0.22, 0.1), coat, 4, 8),
        ellipsoid(head, (size, 0.9 * size, 1.1 * size), hat if helmet else skin, 5, 8),
        ellipsoid((head[0] - 0.02, 0, head[2] + 0.05), (0.12, 0.1, 0.09), hat, 4, 8),
    ]
    for side in (-1.0, 1.0):
        knee = (seat + 0.38, side * 0.15, height - float(rng.uniform(0.1, 0.3)))
        parts += [
            tube((seat, side * 0.1, height), knee, (0.09, 0.07), trousers, 6),
            tube(knee, (seat + 0.2, side * 0.14, float(rng.uniform(0.2, 0.45))), (0.07, 0.05), trousers, 6),
            tube(
                (chest[0], side * 0.2, chest[2]),
                (seat + reach + 0.1, side * 0.24, height + 0.14),
                (0.06, 0.045),
                coat,
                6,
            ),
        ]
    return parts


def _bicycle(rng: np.random.Generator) -> list[Mesh]:
    paint = _paint(rng, labels.BICYCLE, 0.3)
    dark = Material(labels.BICYCLE, Layer.PLAIN, RUBBER)
    crank, seat, head = (-0.05, 0, 0.28), (-0.2, 0, 0.92), (0.36, 0, 0.9)
    parts = []
    for x in (-0.52, 0.52):
        parts += _wheel(x, 0.34, 0.025, labels.BICYCLE)
    for a, b in (
        (crank, seat), (crank, head), ((-0.18, 0, 0.8), head), ((-0.52, 0, 0.34), crank),
        ((-0.52, 0, 0.34), (-0.18, 0, 0.8)), (head, (0.52, 0, 0.34)), (head, (0.38, 0, 1.05)),
    ):  # fmt: skip
        parts.append(tube(a, b, (0.022, 0.022), paint, 5))
    parts.append(tube((0.4, -0.27, 1.05), (0.4, 0.27, 1.05), (0.018, 0.018), dark, 5))
    parts.append(box((-0.32, -0.08, 0.92), (-0.08, 0.08, 0.98), dark))
    if rng.random() < 0.3:
        parts.append(
            box((0.45, -0.18, 0.8), (0.75, 0.18, 1.05), Material(labels.BICYCLE, Layer.PAVING, (0.5, 0.4, 0.3)))
        )
    return parts


def _wheel(x: float, radius: float, thick: float, label: int) -> list[Mesh]:
    """A wheel with nothing between its spokes, in the middle of a two-wheeler."""
    rubber = Material(label, Layer.PLAIN, RUBBER)
    angles = np.linspace(0.0, 2.0 * np.pi, 15)
    inner = radius - thick
    rim = np.stack([x + inner * np.cos(angles), np.zeros(15), radius + inner * np.sin(angles)], -1)
    parts = [tube(a, b, (thick, thick), rubber, 4) for a, b in pairwise(rim)]
    parts += [tube((x, 0, radius), end, (0.006, 0.006), rubber, 3) for end in rim[:-1:2]]
    return parts


def _cab(rng: np.random.Generator, front: float, w: float, height: float, paint: Material) -> list[Mesh]:
    glass = Material(labels.TRUCK, Layer.PLAIN, GLASS, 0.95)
    back = front - 2.2
    outline = [
        [front, 0.4],
        [front, 1.5],
        [front - 0.18, height - 0.5],
        [front - 0.6, height],
        [back, height],
        [back, 0.9],
    ]
    parts = _prism(outline, w - 0.05, paint)
    x = front - 0.02
    parts.append(
        quad(
            [
                [x + 0.01, -w + 0.2, 1.65],
                [x + 0.01, w - 0.2, 1.65],
                [x - 0.1, w - 0.25, 2.55],
                [x - 0.1, -w + 0.25, 2.55],
            ],
            glass,
        )
    )
    grille = Material(labels.TRUCK, Layer.PLAIN, (0.1, 0.1, 0.11), 0.3)
    parts.append(_end_panel(front + 0.01, w - 0.35, 0.65, 1.4, 1.0, grille))
    for side in (-1.0, 1.0):
        parts.append(_side_panel(front - 1.3, front - 0.3, 1.75, 2.5, side * (w - 0.04), glass))
        parts.append(
            box((front - 0.25, side * (w + 0.12) - 0.08, 1.8), (front - 0.1, side * (w + 0.12) + 0.08, 2.4), _dark())
        )
    parts += _lights(front, w, 0.7, labels.TRUCK)[:2]
    return parts


def _load_box(rng: np.random.Generator, start: float, end: float, w: float) -> list[Mesh]:
    height = float(rng.uniform(3.4, 4.0))
    parts = [box((start, -w, 1.1), (end, w, height), _cargo(rng), repeat=7.0)]
    if rng.random() < 0.35:
        sign = Material(labels.TRUCK, Layer.BILLBOARD, tuple(rng.uniform(0.5, 1.0, 3)))
        for side in (-1.0, 1.0):
            parts.append(_side_panel(start + 1.0, end - 1.0, 1.6, height - 0.4, side * (w + 0.01), sign))
    return parts


def _load_container(rng: np.random.Generator, start: float, end: float, w: float) -> list[Mesh]:
    return [make_container(rng, end - start - 0.4, 2.5, labels.TRUCK).placed(_shift((start + end) / 2, 0.0, 1.15))]


def _load_tank(rng: np.random.Generator, start: float, end: float, w: float) -> list[Mesh]:
    steel = Material(labels.TRUCK, Layer.PLAIN, tuple(rng.uniform(0.5, 0.95) * np.ones(3)), 0.7)
    r, z = 1.05, 2.25
    return [
        tube((start + 0.4, 0, z), (end - 0.4, 0, z), (r, r), steel, 16),
        ellipsoid((start + 0.4, 0, z), (0.4, r, r), steel, 6, 12),
        ellipsoid((end - 0.4, 0, z), (0.4, r, r), steel, 6, 12),
        box((start + 1.0, -0.25, z + r - 0.05), (end - 1.0, 0.25, z + r + 0.12), _dark()),
    ]


def _load_flat(rng: np.random.Generator, start: float, end: float, w: float) -> list[Mesh]:
    wood = Material(labels.TRUCK, Layer.BARK, (0.5, 0.42, 0.35))
    parts = [
        box((start, -w, 1.05), (end, w, 1.25), wood, repeat=2.0),
        box((end - 0.15, -w, 1.25), (end, w, 2.4), _dark()),
    ]
    if rng.random() < 0.5:
        log = Material(
            labels.TRUCK, Layer.BARK if rng.random() < 0.5 else Layer.CONCRETE, tuple(rng.uniform(0.4, 0.9, 3))
        )
        r = float(rng.uniform(0.2, 0.5))
        for row in range(int(rng.integers(1, 4))):
            for y in np.arange(-w + r, w - r + 0.01, 2.05 * r)[: 6 - row].tolist():
                z = 1.25 + r * (1.0 + 1.75 * row)
                parts += [
                    tube((start + 0.2, y, z), (end - 0.6, y, z), (r, r), log, 8),
                    disc((start + 0.2, y, z), (-1, 0, 0), r, log.tinted((0.75, 0.65, 0.5)), 8),
                ]
    else:
        parts += _heap(rng, start + 0.3, end - 0.6, w - 0.2, 1.25)
    return parts


LOADS = (_load_box, _load_box, _load_container, _load_tank, _load_flat)


def make_container(rng: np.random.Generator, length: float, height: float, label: int = labels.NONE) -> Mesh:
    """A freight container or, if low, a skip; along x."""
    colour = np.array(((0.55, 0.16, 0.10), (0.12, 0.28, 0.5), (0.15, 0.4, 0.25), (0.8, 0.45, 0.12), (0.7, 0.7, 0.7)))
    material = Material(label, Layer.PLAIN, tuple(colour[int(rng.integers(5))] * rng.uniform(0.6, 1.1)), 0.05)
    half, w, ribs = length / 2, 1.22, []
    for x in np.arange(-half + 0.15, half - 0.2, 0.32).tolist():
        for side in (-1.0, 1.0):
            a, b = sorted((side * w, side * (w + 0.05)))
            ribs.append(box((x, a, 0.12), (x + 0.16, b, height - 0.12), material))
    return join([box((-half, -w, 0.0), (half, w, height), material), *ribs])


def _heap(rng: np.random.Generator, start: float, end: float, w: float, z: float) -> list[Mesh]:
    """Boxes and bundles on a bed."""
    parts, x = [], start
    while x < end - 0.7:
        long = float(min(rng.uniform(0.7, 2.5), end - x))
        material = Material(
            labels.TRUCK,
            int(rng.choice([Layer.PLASTER, Layer.BRICK, Layer.BARK, Layer.CONCRETE])),
            tuple(rng.uniform(0.2, 1.0, 3)),
        )
        side = w * float(rng.uniform(0.6, 1.0))
        parts.append(box((x, -side, z), (x + long, side, z + float(rng.uniform(0.3, 1.5))), material, repeat=1.5))
        x += long + float(rng.uniform(0.05, 0.6))
    return parts


def _axles(places: tuple[float, ...], w: float, radius: float, label: int) -> list[Mesh]:
    rubber = Material(label, Layer.PLAIN, RUBBER)
    parts = []
    for x in places:
        for side in (-1.0, 1.0):
            parts.append(
                tube((x, side * (w - 0.35), radius), (x, side * (w + 0.01), radius), (radius, radius), rubber, 14)
            )
            parts.append(disc((x, side * (w + 0.012), radius), (0, side, 0), radius, Material(label, Layer.WHEEL), 16))
            arch = Material(label, Layer.PLAIN, (0.03, 0.03, 0.03))
            parts.append(disc((x, side * (w + 0.006), radius + 0.04), (0, side, 0), 1.14 * radius, arch, 14))
    return parts


def _lights(half: float, w: float, z: float, label: int) -> list[Mesh]:
    """Two in front, two behind with a plate between them."""
    white, red = Material(label, Layer.PLAIN, (0.85, 0.87, 0.88), 0.8), Material(label, Layer.PLAIN, RED, 0.3)
    parts = []
    for x, material in ((half, white), (-half, red)):
        sign = 1.0 if x > 0 else -1.0
        for side in (-1.0, 1.0):
            y0, y1 = sorted((side * (w - 0.5), side * (w - 0.12)))
            x0, x1 = sorted((x, x + 0.03 * sign))
            parts.append(box((x0, y0, z - 0.1), (x1, y1, z + 0.1), material))
    parts.append(_end_panel(-half - 0.02, 0.26, z - 0.06, z + 0.06, -1.0, Material(label, Layer.PLATE)))
    return parts


def _prism(outline: list[list[float]], w: float, material: Material) -> list[Mesh]:
    """A body of one outline ``[x, z]``, counter-clockwise as seen from its right, between y = -w and w."""
    parts = []
    for (x0, z0), (x1, z1) in zip(outline, outline[1:] + outline[:1], strict=True):
        parts.append(quad([[x0, -w, z0], [x0, w, z0], [x1, w, z1], [x1, -w, z1]], material))
    middle = np.mean(outline, axis=0)
    for side in (-1.0, 1.0):
        for (x0, z0), (x1, z1) in zip(outline, outline[1:] + outline[:1], strict=True):
            a, b, c = [x0, side * w, z0], [x1, side * w, z1], [middle[0], side * w, middle[1]]
            parts.append(quad([b, a, c, c] if side > 0 else [a, b, c, c], material))
    return parts


def _side_panel(x0: float, x1: float, z0: float, z1: float, y: float, material: Material) -> Mesh:
    corners = [[x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1]]
    return quad(corners if y < 0 else [corners[1], corners[0], corners[3], corners[2]], material)


def _end_panel(x: float, w: float, z0: float, z1: float, sign: float, material: Material) -> Mesh:
    return quad([[x, -sign * w, z0], [x, sign * w, z0], [x, sign * w, z1], [x, -sign * w, z1]], material)


def _cargo(rng: np.random.Generator) -> Material:
    colour = tuple(rng.uniform(0.75, 1.0, 3)) if rng.random() < 0.5 else tuple(rng.uniform(0.1, 0.9, 3))
    return Material(labels.TRUCK, int(rng.choice([Layer.PLASTER, Layer.PLAIN, Layer.CONCRETE])), colour, 0.12)


def _paint(rng: np.random.Generator, label: int, gloss: float) -> Material:
    colour = PAINTS[int(rng.integers(len(PAINTS)))] if rng.random() < 0.6 else tuple(rng.uniform(0.05, 0.95, 3))
    return Material(label, Layer.PLAIN, colour, gloss)


def _dark() -> Material:
    return Material(labels.TRUCK, Layer.PLAIN, RUBBER, 0.1)


def _shift(x: float, y: float, z: float) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose
