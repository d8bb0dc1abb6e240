"""Small things that lie and stand on furniture.

Convention:
    Stands on z = 0 over the origin, faces +x.
"""

from __future__ import annotations

import numpy as np

from training.rendering.foliage import Foliage, make_bush
from training.rendering.mesh import Material, Mesh, disc, ellipsoid, join, pose_at, quad, tube
from training.rooms import labels
from training.rooms.palette import metal, paint, plastic
from training.rooms.shapes import Rectangle, block, cushion, footprint
from training.rooms.textures import BOOKS, LEAVES, Layer


def strewn(rng: np.random.Generator, ground: Rectangle, level: float, count: int) -> list[Mesh]:
    """Up to `count` things on a level surface, where there is room beside one another."""
    taken: list[Rectangle] = []
    meshes = []
    for _ in range(count):
        thing = make_thing(rng)
        for _ in range(4):
            place = (*rng.uniform(ground.low, ground.high), level)
            mesh = thing.placed(pose_at(place, rng.normal(0.0, 0.5)))
            if not any(footprint(mesh).meets(other) for other in taken):
                taken.append(footprint(mesh))
                meshes.append(mesh)
                break
    return meshes


def make_thing(rng: np.random.Generator) -> Mesh:
    """Something that may lie on a table."""
    makers = (make_books, make_books, make_vessel, make_vessel, make_vessel, make_carton, make_paper, make_bowl,
              make_table_lamp, make_pot_plant, make_bag)  # fmt: skip
    return makers[int(rng.integers(len(makers)))](rng)


def make_books(rng: np.random.Generator) -> Mesh:
    """A pile of books."""
    parts, level = [], 0.0
    for _ in range(int(rng.integers(1, 6))):
        x, y, thick = rng.uniform(0.07, 0.12), rng.uniform(0.09, 0.16), rng.uniform(0.015, 0.05)
        book = block((-x, -y, 0), (x, y, thick), Material(labels.BOOKS, Layer.PLAIN, paint(rng)))
        parts.append(book.placed(pose_at((0, 0, level), rng.normal(0, 0.15))))
        level += thick
    return join(parts)


def make_vessel(rng: np.random.Generator) -> Mesh:
    """A mug, a bottle or a vase: a body of revolution."""
    material = plastic(rng, labels.OTHER_PROP)
    tall, wide = rng.uniform(0.08, 0.34), rng.uniform(0.03, 0.075)
    radii = wide * np.array([0.8, 1.0, rng.uniform(0.6, 1.1), rng.uniform(0.3, 1.0)])
    levels = tall * np.array([0.0, 0.3, 0.65, 1.0])
    rings = [
        tube((0, 0, a), (0, 0, b), (float(r), float(s)), material, 10)
        for a, b, r, s in zip(levels, levels[1:], radii, radii[1:], strict=False)
    ]
    return join([*rings, disc((0, 0, 0.9 * tall), (0, 0, 1), 0.9 * float(radii[3]), material, 10)])


def make_carton(rng: np.random.Generator) -> Mesh:
    """A small carton."""
    x, y = rng.uniform(0.03, 0.16, 2)
    material = Material(labels.BOX, Layer.FABRIC, paint(rng, 0.3, 1.0))
    return block((-x, -y, 0), (x, y, rng.uniform(0.05, 0.3)), material)


def make_paper(rng: np.random.Generator) -> Mesh:
    """A sheet or two."""
    sheets = []
    for number in range(int(rng.integers(1, 4))):
        sheet = quad([[-0.15, -0.11, 0], [0.15, -0.11, 0], [0.15, 0.11, 0], [-0.15, 0.11, 0]],
                     Material(labels.PAPER, Layer.WRITING))  # fmt: skip
        place = (0.03 * number, 0.02 * number, 0.003 + 0.002 * number)
        sheets.append(sheet.placed(pose_at(place, rng.normal(0, 0.4))))
    return join(sheets)


def make_bowl(rng: np.random.Generator) -> Mesh:
    """A bowl of fruit."""
    material = plastic(rng, labels.OTHER_PROP)
    radius = rng.uniform(0.09, 0.16)
    fruit = [
        ellipsoid(
            (0.5 * radius * np.cos(a), 0.5 * radius * np.sin(a), 0.08), (0.04,) * 3,
            Material(labels.OTHER_PROP, Layer.PLASTER, paint(rng, 0.6, 0.95)), 5, 8
        )
        for a in np.linspace(0, 2 * np.pi, 5, endpoint=False)
    ]  # fmt: skip
    return join([tube((0, 0, 0), (0, 0, 0.08), (0.4 * radius, radius), material, 14), *fruit])


def make_table_lamp(rng: np.random.Generator) -> Mesh:
    """A lamp with a foot and a shade."""
    shade = Material(labels.LAMP, Layer.FABRIC, paint(rng, 0.85, 1.0))
    foot = metal(rng, labels.LAMP)
    tall, wide = rng.uniform(0.32, 0.55), rng.uniform(0.1, 0.17)
    return join(
        [
            tube((0, 0, 0), (0, 0, 0.03), (0.08, 0.06), foot, 12),
            tube((0, 0, 0.02), (0, 0, 0.6 * tall), (0.015, 0.015), foot, 6),
            tube((0, 0, 0.55 * tall), (0, 0, tall), (wide, rng.uniform(0.5, 0.9) * wide), shade, 14),
        ]
    )


def make_pot_plant(rng: np.random.Generator, size: float = 0.16) -> Mesh:
    """A plant in a pot.

    Args:
        size: radius of its leaves, metres.
    """
    pot = Material(labels.OTHER_PROP, Layer.PLASTER, paint(rng, 0.3, 0.95))
    bush = make_bush(rng, size, Foliage(Material(labels.OTHER_PROP, Layer.HEDGE), LEAVES), 22)
    return join(
        [
            tube((0, 0, 0), (0, 0, 0.9 * size), (0.4 * size, 0.58 * size), pot, 12),
            disc((0, 0, 0.8 * size), (0, 0, 1), 0.55 * size, pot.tinted((0.25, 0.18, 0.12)), 12),
            bush.placed(pose_at((0, 0, 0.85 * size))),
        ]
    )


def make_bag(rng: np.random.Generator) -> Mesh:
    """A bag or a rucksack."""
    x, y, tall = rng.uniform(0.06, 0.13), rng.uniform(0.1, 0.2), rng.uniform(0.2, 0.42)
    return cushion((-x, -y, 0), (x, y, tall), Material(labels.BAG, Layer.FABRIC, paint(rng)), 0.4)


def make_monitor(rng: np.random.Generator, half: float) -> Mesh:
    """A screen on a foot.

    Args:
        half: its half width, metres.
    """
    case = Material(labels.TELEVISION, Layer.PLAIN, (0.08, 0.08, 0.09), 0.3)
    tall, foot = 2 * half * rng.uniform(0.56, 0.65), rng.uniform(0.06, 0.14)
    face = [[0.021, -half + 0.015, foot + 0.015], [0.021, half - 0.015, foot + 0.015],
            [0.021, half - 0.015, foot + tall - 0.015], [0.021, -half + 0.015, foot + tall - 0.015]]  # fmt: skip
    return join(
        [
            block((-0.02, -half, foot), (0.02, half, foot + tall), case),
            quad(face, Material(labels.TELEVISION, Layer.SCREEN, gloss=0.5)),
            block((-0.03, -0.03, 0.0), (-0.01, 0.03, foot + 0.1), case),
            block((-0.09, -0.3 * half, 0.0), (0.09, 0.3 * half, 0.012), case),
        ]
    )


def make_book_row(rng: np.random.Generator, deep: float, start: float, end: float, tall: float) -> Mesh:
    """Books side by side from `start` to `end` along y, their spines towards +x at x = `deep`."""
    material = Material(labels.BOOKS, int(rng.choice(BOOKS)))
    u = rng.random()
    v = tall / 0.3
    spines = quad([[deep, start, 0], [deep, end, 0], [deep, end, tall], [deep, start, tall]], material,
                  [[u, 0], [u + (end - start) / 0.8, 0], [u + (end - start) / 0.8, 1], [u, 1]])  # fmt: skip
    body = block(
        (0.02, start, 0),
        (deep - 0.002, end, tall * min(0.72 * v, 0.9)),
        Material(labels.BOOKS, Layer.PLAIN, paint(rng)),
    )
    return join([spines, body])
