"""Houses: a box of facades under a flat or gabled roof, with what makes it a house.

Convention:
    The front lies in x = 0 and faces +x, the middle of its foot at the origin; the house extends to negative x.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, box, join, quad
from training.street import labels
from training.street.textures import FACADES, SHOPS, Layer

PAINTS = (
    (0.98, 0.96, 0.90), (0.95, 0.88, 0.74), (0.93, 0.80, 0.62), (0.88, 0.72, 0.60), (0.80, 0.52, 0.42),
    (0.86, 0.86, 0.84), (0.72, 0.74, 0.74), (0.78, 0.83, 0.78), (0.80, 0.82, 0.88),
    (0.90, 0.78, 0.74), (0.64, 0.55, 0.47),
)  # fmt: skip


def make_building(rng: np.random.Generator, width: float, depth: float, storeys: int, shop: bool) -> Mesh:
    """A town house.

    Args:
        width: metres along the street.
        shop: whether the ground floor has shop windows.
    """
    storey = rng.uniform(2.8, 3.4)
    layer = int(rng.choice(FACADES))
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    wall = Material(labels.BUILDING, layer, paint, 0.7)
    ground = rng.uniform(3.4, 4.2) if shop else 0.0
    top = ground + storeys * storey
    bays = max(round(width / rng.uniform(2.4, 3.4)), 2)
    parts = list(_walls(wall, width, depth, ground, top, bays, storeys))
    if shop:
        floor = Material(labels.BUILDING, int(rng.choice(SHOPS)), tuple(0.6 + 0.4 * np.array(paint)), 0.7)
        parts += _walls(floor, width, depth, 0.0, ground, max(round(width / 4.2), 1) * 2, 4)
        parts.append(_ledge(width, ground, 0.12, paint))
    else:
        parts.append(_door(rng, width))
    plinth = Material(labels.BUILDING, Layer.CONCRETE, (0.62, 0.60, 0.57))
    parts.append(box((-depth - 0.03, -width / 2 - 0.03, -1.5), (0.04, width / 2 + 0.03, 0.35), plinth, repeat=3.0))
    if rng.random() < 0.45:
        parts += _gable(rng, wall, width, depth, top)
    else:
        parts += _flat_roof(rng, paint, width, depth, top)
    if rng.random() < 0.4:
        parts += _balconies(rng, width, ground, storey, storeys, bays)
    return join(parts)


def _walls(
    material: Material, width: float, depth: float, low: float, high: float, bays: int, storeys: int
) -> list[Mesh]:
    y = width / 2
    corners = [(0.0, -y), (0.0, y), (-depth, y), (-depth, -y)]
    side_bays = max(round(bays * depth / width), 1)
    meshes = []
    for index, count in enumerate((bays, side_bays, bays, side_bays)):
        (x0, y0), (x1, y1) = corners[index], corners[(index + 1) % 4]
        points = [[x0, y0, low], [x1, y1, low], [x1, y1, high], [x0, y0, high]]
        u, v = count / 4, storeys / 4
        meshes.append(quad(points, material, [[0, 0], [u, 0], [u, v], [0, v]]))
    return meshes


def _ledge(width: float, z: float, out: float, paint: tuple[float, float, float]) -> Mesh:
    material = Material(labels.BUILDING, Layer.PLASTER, tuple(0.5 + 0.45 * np.array(paint)))
    return box((-0.2, -width / 2 - 0.02, z - 0.15), (out, width / 2 + 0.02, z + 0.12), material, repeat=3.0)


def _door(rng: np.random.Generator, width: float) -> Mesh:
    y = rng.uniform(-0.3, 0.3) * width
    frame = Material(labels.BUILDING, Layer.PLASTER, (0.9, 0.9, 0.88))
    leaf = Material(labels.BUILDING, Layer.PLAIN, tuple(rng.uniform(0.08, 0.5, 3)), 0.15)
    step = Material(labels.BUILDING, Layer.CONCRETE, (0.66, 0.65, 0.62))
    return join(
        [
            box((-0.1, y - 0.75, 0), (0.05, y + 0.75, 2.5), frame, repeat=3.0),
            box((-0.1, y - 0.55, 0), (0.08, y + 0.55, 2.2), leaf),
            box((0, y - 0.8, -0.3), (0.5, y + 0.8, 0.15), step, repeat=3.0),
        ]
    )


def _flat_roof(
    rng: np.random.Generator, paint: tuple[float, float, float], width: float, depth: float, top: float
) -> list[Mesh]:
    rim = Material(labels.BUILDING, Layer.PLASTER, tuple(0.25 + 0.6 * np.array(paint)))
    roof = Material(labels.BUILDING, Layer.ASPHALT, (0.45, 0.45, 0.46))
    out = rng.choice([0.0, 0.25, 0.45])
    meshes = [
        box((-depth - out, -width / 2, top), (out, width / 2, top + rng.uniform(0.3, 0.9)), rim, roof, 3.0),
    ]
    for _ in range(int(rng.integers(0, 3))):
        x, y = -rng.uniform(0.3, 0.7) * depth, rng.uniform(-0.3, 0.3) * width
        meshes.append(box((x - 1, y - 1.2, top), (x + 1, y + 1.2, top + 2.2), rim, repeat=3.0))
    return meshes


def _gable(rng: np.random.Generator, wall: Material, width: float, depth: float, top: float) -> list[Mesh]:
    """A ridge along the street, or across it."""
    tone = rng.uniform(0.5, 1.0)
    tiles = Material(labels.BUILDING, Layer.ROOF, (tone, tone * rng.uniform(0.85, 1.1), tone * rng.uniform(0.8, 1.1)))
    plain = Material(labels.BUILDING, Layer.PLASTER, wall.colour)
    out, y = 0.4, width / 2
    if rng.random() < 0.7:
        rise = depth / 2 * rng.uniform(0.55, 0.95)
        ridge, low = top + rise, top - rise * out / (depth / 2)
        middle = -depth / 2
        u, v = width / 4, np.hypot(rise, depth / 2) / 4
        eaves = [
            ([out, -y - out, low], [out, y + out, low], [middle, y + out, ridge], [middle, -y - out, ridge]),
            (
                [-depth - out, y + out, low],
                [-depth - out, -y - out, low],
                [middle, -y - out, ridge],
                [middle, y + out, ridge],
            ),
        ]
        ends = [
            [[0, s * y, top], [-depth, s * y, top], [middle, s * y, ridge], [middle, s * y, ridge]] for s in (-1, 1)
        ]
    else:
        rise = y * rng.uniform(0.6, 1.1)
        ridge, low = top + rise, top - rise * out / y
        u, v = depth / 4, np.hypot(rise, y) / 4
        eaves = [
            ([-depth - out, -y - out, low], [out, -y - out, low], [out, 0, ridge], [-depth - out, 0, ridge]),
            ([out, y + out, low], [-depth - out, y + out, low], [-depth - out, 0, ridge], [out, 0, ridge]),
        ]
        ends = [[[x, -y, top], [x, y, top], [x, 0, ridge], [x, 0, ridge]] for x in (0.0, -depth)]
    slopes = [quad(corners, tiles, [[0, 0], [u, 0], [u, v], [0, v]]) for corners in eaves]
    chimney = Material(labels.BUILDING, Layer.BRICK)
    x, c = -rng.uniform(0.35, 0.65) * depth, rng.uniform(-0.35, 0.35) * width
    return [
        *slopes,
        *(quad(end, plain, [[0, 0], [2, 0], [1, 1], [1, 1]]) for end in ends),
        box((x - 0.35, c - 0.45, top), (x + 0.35, c + 0.45, ridge + 0.7), chimney, repeat=2.0),
    ]


def _balconies(
    rng: np.random.Generator, width: float, ground: float, storey: float, storeys: int, bays: int
) -> list[Mesh]:
    slab = Material(labels.BUILDING, Layer.CONCRETE, (0.8, 0.8, 0.78))
    rail = Material(labels.BUILDING, Layer.RAILING, (0.2, 0.2, 0.22))
    bay = width / bays
    meshes = []
    for column in range(bays):
        if rng.random() < 0.5:
            continue
        y = -width / 2 + (column + 0.5) * bay
        for row in range(0 if ground else 1, storeys):
            z = ground + row * storey + 0.25
            half = 0.42 * bay
            meshes.append(box((0, y - half, z - 0.15), (0.9, y + half, z), slab))
            meshes.append(
                quad([[0.9, y - half, z], [0.9, y + half, z], [0.9, y + half, z + 1], [0.9, y - half, z + 1]], rail)
            )
            for side in (-half, half):
                meshes.append(
                    quad([[0, y + side, z], [0.9, y + side, z], [0.9, y + side, z + 1], [0, y + side, z + 1]], rail)
                )
    return meshes
