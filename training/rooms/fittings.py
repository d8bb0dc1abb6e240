"""What hangs and stands about: lamps, pictures, boards, plants, people.

Convention:
    What stands does so on z = 0 over the origin; what hangs on a wall touches it at x = 0 and has its middle at z = 0;
    what hangs from the ceiling touches it at z = 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.rendering.mesh import Material, Mesh, disc, ellipsoid, join, quad, tube
from training.rendering.people import make_figure
from training.rooms import labels
from training.rooms.palette import metal, paint, timber
from training.rooms.shapes import block
from training.rooms.textures import PICTURES, RUGS, Layer
from training.rooms.things import make_pot_plant


def make_picture(rng: np.random.Generator) -> Mesh:
    """A framed picture."""
    y, z = rng.uniform(0.15, 0.6), rng.uniform(0.15, 0.5)
    frame = timber(rng, labels.PICTURE) if rng.random() < 0.5 else metal(rng, labels.PICTURE)
    edge = rng.uniform(0.01, 0.05)
    return join([block((0, -y - edge, -z - edge), (0.03, y + edge, z + edge), frame),
                 _face(0.032, y, z, Material(labels.PICTURE, int(rng.choice(PICTURES)), gloss=0.2))])  # fmt: skip


def make_whiteboard(rng: np.random.Generator) -> Mesh:
    """A whiteboard with writing."""
    y, z = rng.uniform(0.6, 1.4), rng.uniform(0.4, 0.6)
    frame = Material(labels.WHITEBOARD, Layer.PLAIN, (0.6, 0.61, 0.62), 0.3)
    return join([block((0, -y - 0.02, -z - 0.02), (0.02, y + 0.02, z + 0.02), frame),
                 _face(0.022, y, z, Material(labels.WHITEBOARD, Layer.WRITING, gloss=0.3)),
                 block((0.02, -0.5 * y, -z - 0.03), (0.08, 0.5 * y, -z - 0.01), frame)])  # fmt: skip


def make_mirror(rng: np.random.Generator) -> Mesh:
    """A mirror; it shows no more than a gleam."""
    y, z = rng.uniform(0.2, 0.5), rng.uniform(0.3, 0.7)
    return join([block((0, -y - 0.03, -z - 0.03), (0.025, y + 0.03, z + 0.03), timber(rng, labels.MIRROR)),
                 _face(0.027, y, z, Material(labels.MIRROR, Layer.PLAIN, (0.5, 0.53, 0.54), 0.9))])  # fmt: skip


def make_clock(rng: np.random.Generator) -> Mesh:
    """A round clock."""
    radius = rng.uniform(0.1, 0.2)
    rim, dark = metal(rng, labels.OTHER_PROP), Material(labels.OTHER_PROP, Layer.PLAIN, (0.1, 0.1, 0.1))
    return join(
        [
            tube((0, 0, 0), (0.04, 0, 0), (radius, radius), rim, 20),
            disc((0.035, 0, 0), (1, 0, 0), radius, Material(labels.OTHER_PROP, Layer.PLAIN, paint(rng, 0.8, 1.0)), 20),
            block((0.037, -0.006, 0), (0.04, 0.006, 0.7 * radius), dark),
            block((0.037, 0, -0.006), (0.04, 0.5 * radius, 0.006), dark),
        ]
    )


def make_radiator(rng: np.random.Generator) -> Mesh:
    """Ribs below a window; stands on z = 0."""
    white = Material(labels.OTHER_STRUCTURE, Layer.PLAIN, (0.92, 0.92, 0.9), 0.1)
    half, top = rng.uniform(0.3, 0.7), rng.uniform(0.55, 0.65)
    ribs = [block((0.03, y, 0.12), (0.12, y + 0.04, top), white) for y in np.arange(-half, half, 0.06).tolist()]
    return join([*ribs, block((0.04, -half, 0.2), (0.1, half, 0.24), white)])


def make_rug(rng: np.random.Generator) -> Mesh:
    """A thin rug."""
    x, y = rng.uniform(0.5, 1.2), rng.uniform(0.7, 1.6)
    return _level(0.003, x, y, Material(labels.FLOOR_MAT, int(rng.choice(RUGS))))


def make_floor_lamp(rng: np.random.Generator) -> Mesh:
    """A lamp as tall as a person."""
    foot = metal(rng, labels.LAMP)
    shade = Material(labels.LAMP, Layer.FABRIC, paint(rng, 0.85, 1.0))
    tall, wide = rng.uniform(1.4, 1.8), rng.uniform(0.16, 0.25)
    return join(
        [
            tube((0, 0, 0), (0, 0, 0.03), (0.15, 0.13), foot, 14),
            disc((0, 0, 0.03), (0, 0, 1), 0.13, foot, 14),
            tube((0, 0, 0), (0, 0, tall - 0.2), (0.014, 0.014), foot, 6),
            tube((0, 0, tall - 0.3), (0, 0, tall), (wide, rng.uniform(0.5, 0.95) * wide), shade, 16),
        ]
    )


def make_ceiling_lamp(rng: np.random.Generator, drop: float) -> Mesh:
    """A lamp below the ceiling.

    Args:
        drop: metres it hangs down; 0 for a panel or a dome.
    """
    bright = Material(labels.LAMP, Layer.PLAIN, (1.0, 0.97, 0.9))
    if drop == 0.0:
        if rng.random() < 0.5:
            x, y = rng.uniform(0.15, 0.3), rng.uniform(0.3, 0.6)
            return block((-x, -y, -0.06), (x, y, 0.0), bright)
        radius = rng.uniform(0.14, 0.24)
        return ellipsoid((0, 0, -0.02), (radius, radius, 0.1), bright, 8, 20)
    cord = metal(rng, labels.LAMP)
    radius = rng.uniform(0.12, 0.26)
    shade = Material(labels.LAMP, Layer.PLASTER, paint(rng, 0.5, 1.0))
    return join(
        [
            tube((0, 0, -drop), (0, 0, 0), (0.008, 0.008), cord, 5),
            tube((0, 0, -drop - 0.22), (0, 0, -drop), (radius, rng.uniform(0.2, 0.8) * radius), shade, 18),
            ellipsoid((0, 0, -drop - 0.1), (0.06, 0.06, 0.08), bright, 6, 10),
        ]
    )


def make_plant(rng: np.random.Generator) -> Mesh:
    """A large plant in a pot."""
    return make_pot_plant(rng, rng.uniform(0.28, 0.5))


def make_person(rng: np.random.Generator) -> Mesh:
    """Someone who stands about."""
    figure = make_figure(rng, Material(labels.PERSON, Layer.PLASTER), Material(labels.NONE, Layer.SHADOW))
    solid = figure.materials[figure.triangles[:, 0], 0] != Layer.SHADOW  # floors have `contact_shadow`
    return replace(figure, triangles=figure.triangles[solid])


def make_bin(rng: np.random.Generator) -> Mesh:
    """A waste-paper basket."""
    radius, tall = rng.uniform(0.1, 0.18), rng.uniform(0.25, 0.5)
    material = Material(labels.OTHER_PROP, Layer.PLAIN, paint(rng), 0.1)
    dark = material.tinted((0.1, 0.1, 0.1))
    return join([tube((0, 0, 0), (0, 0, tall), (0.8 * radius, radius), material, 14),
                 disc((0, 0, 0.5 * tall), (0, 0, 1), 0.88 * radius, dark, 14)])  # fmt: skip


def _face(x: float, y: float, z: float, material: Material) -> Mesh:
    return quad([[x, -y, -z], [x, y, -z], [x, y, z], [x, -y, z]], material)


def _level(z: float, x: float, y: float, material: Material) -> Mesh:
    return quad([[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]], material)
