"""What stands beside a street: lamps, signs, signals, poles, walls, fences, people.

Convention:
    A prop stands on z = 0 over the origin and faces +x: towards those who shall read it.
"""

from __future__ import annotations

import numpy as np

from training.rendering.mesh import Material, Mesh, box, disc, join, quad, tube
from training.rendering.people import make_figure
from training.street import labels
from training.street.textures import Layer

STEEL = Material(labels.POLE, Layer.PLAIN, (0.55, 0.57, 0.58), 0.15)
DARK_STEEL = Material(labels.POLE, Layer.PLAIN, (0.20, 0.22, 0.23), 0.1)
WOOD = Material(labels.POLE, Layer.BARK, (0.52, 0.42, 0.33))
CONCRETE = Material(labels.WALL, Layer.CONCRETE, (0.78, 0.77, 0.74))
BACK = Material(labels.TRAFFIC_SIGN, Layer.PLAIN, (0.50, 0.51, 0.52), 0.1)


def make_lamp(rng: np.random.Generator, height: float, reach: float) -> Mesh:
    """A street lamp whose arm reaches `reach` metres towards +x."""
    steel = STEEL if rng.random() < 0.6 else DARK_STEEL
    parts = [
        tube((0, 0, 0), (0, 0, 1.0), (0.10, 0.10), steel, 8),
        tube((0, 0, 1.0), (0, 0, height - 0.5), (0.075, 0.05), steel, 8),
        tube((0, 0, height - 0.5), (0.35 * reach, 0, height - 0.1), (0.05, 0.04), steel, 6),
        tube((0.35 * reach, 0, height - 0.1), (reach, 0, height), (0.04, 0.035), steel, 6),
        box((reach - 0.1, -0.13, height - 0.06), (reach + 0.55, 0.13, height + 0.08), steel),
    ]
    return join(parts)


def make_utility_pole(height: float) -> Mesh:
    """A wooden pole with a cross-arm."""
    return join(
        [
            tube((0, 0, 0), (0, 0, height), (0.14, 0.10), WOOD, 8),
            box((-0.06, -0.9, height - 0.9), (0.06, 0.9, height - 0.75), WOOD),
            *(tube((0, y, height - 0.75), (0, y, height - 0.6), (0.04, 0.03), DARK_STEEL, 5) for y in (-0.8, 0.0, 0.8)),
        ]
    )


def make_round_sign(rng: np.random.Generator) -> Mesh:
    """A round sign on a pole."""
    height = rng.uniform(2.1, 2.7)
    face = Material(labels.TRAFFIC_SIGN, Layer.SIGN_SPEED)
    return join(
        [
            tube((0, 0, 0), (0, 0, height + 0.3), (0.035, 0.035), STEEL, 6),
            disc((0.05, 0, height), (1, 0, 0), 0.34, face, 18),
            disc((0.04, 0, height), (-1, 0, 0), 0.34, BACK, 18),
        ]
    )


def make_panel_sign(layer: int, width: float, height: float, foot: float) -> Mesh:
    """A rectangular sign, its lower edge `foot` metres up; wide ones stand on two poles."""
    legs = (0.0,) if width < 1.3 else (-0.3 * width, 0.3 * width)
    thick = 0.04 if width < 1.3 else 0.09
    return join(
        [
            *(tube((0, y, 0), (0, y, foot + height), (thick, thick), STEEL, 6) for y in legs),
            _panel(layer, width, height, foot, thick + 0.02),
        ]
    )


def make_diamond_sign() -> Mesh:
    """A warning sign standing on its corner."""
    face = Material(labels.TRAFFIC_SIGN, Layer.SIGN_WARNING)
    r, z = 0.55, 2.6
    corners = [[0.05, 0, z - r], [0.05, r, z], [0.05, 0, z + r], [0.05, -r, z]]
    return join(
        [
            tube((0, 0, 0), (0, 0, z + 0.3), (0.04, 0.04), STEEL, 6),
            quad(corners, face),
            quad([[0.045, *corner[1:]] for corner in corners[::-1]], BACK),
        ]
    )


def make_traffic_light(rng: np.random.Generator, reach: float) -> Mesh:
    """A signal on a pole and, if `reach` > 0, a second one on an arm towards +y over the road."""
    height = 3.4 if reach == 0 else 5.6
    parts = [tube((0, 0, 0), (0, 0, height + 0.2), (0.08, 0.06), DARK_STEEL, 8)]
    heads = [(0.0, 2.5)]
    if reach:
        parts.append(tube((0, 0, height), (0, reach, height + 0.25), (0.06, 0.045), DARK_STEEL, 6))
        heads.append((reach, height - 0.35))
    lit = int(rng.integers(0, 3))
    for y, z in heads:
        parts.append(
            box(
                (0.02, y - 0.17, z),
                (0.3, y + 0.17, z + 0.95),
                Material(labels.TRAFFIC_LIGHT, Layer.PLAIN, (0.07, 0.08, 0.07)),
            )
        )
        for index, colour in enumerate(((0.1, 0.9, 0.5), (1.0, 0.75, 0.1), (1.0, 0.1, 0.08))):
            shade = np.array(colour) * (1.0 if index == lit else 0.25)
            lens = Material(labels.TRAFFIC_LIGHT, Layer.PLAIN, tuple(shade), 0.2)
            parts.append(disc((0.31, y, z + 0.18 + 0.3 * index), (1, 0, 0), 0.105, lens, 10))
    return join(parts)


def make_gantry(width: float) -> Mesh:
    """A sign gantry across a motorway, its foot at the origin, the beam towards +y."""
    z = 6.0
    face = Material(labels.TRAFFIC_SIGN, Layer.SIGN_GANTRY)
    parts = [
        tube((0, 0, 0), (0, 0, z + 0.8), (0.22, 0.18), STEEL, 8),
        tube((0, width, 0), (0, width, z + 0.8), (0.22, 0.18), STEEL, 8),
        tube((0, 0, z + 0.8), (0, width, z + 0.8), (0.12, 0.12), STEEL, 6),
        tube((0, 0, z + 0.2), (0, width, z + 0.2), (0.12, 0.12), STEEL, 6),
    ]
    for share in (0.25, 0.62):
        y, half = width * share, 2.2
        corners = [
            [0.25, y - half, z - 0.9],
            [0.25, y + half, z - 0.9],
            [0.25, y + half, z + 1.7],
            [0.25, y - half, z + 1.7],
        ]
        parts.append(quad(corners, face))
        parts.append(quad([[0.2, *corner[1:]] for corner in (corners[1], corners[0], corners[3], corners[2])], BACK))
    return join(parts)


def make_billboard(rng: np.random.Generator) -> Mesh:
    """An advertisement on one or two legs."""
    width, height, foot = rng.uniform(4.0, 10.0), rng.uniform(2.2, 4.0), rng.uniform(2.5, 6.0)
    legs = [tube((0, y, 0), (0, y, foot + height), (0.16, 0.16), STEEL, 7) for y in (-0.25 * width, 0.25 * width)]
    return join([*legs, _panel(Layer.BILLBOARD, width, height, foot, 0.2)])


def make_person(rng: np.random.Generator) -> Mesh:
    """Someone who stands or walks."""
    cloth, shadow = Material(labels.PERSON, Layer.PLASTER), Material(labels.NONE, Layer.SHADOW, gloss=0.6)
    return make_figure(rng, cloth, shadow)


def make_bin(rng: np.random.Generator) -> Mesh:
    """A wheeled bin."""
    colour = Material(labels.NONE, Layer.PLAIN, tuple(rng.uniform(0.05, 0.4, 3)), 0.1)
    return box((-0.3, -0.3, 0.05), (0.3, 0.3, 1.05), colour)


def make_bollard() -> Mesh:
    """A bollard."""
    return tube((0, 0, 0), (0, 0, 0.9), (0.06, 0.05), DARK_STEEL, 8)


def make_wall(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """A garden wall along y."""
    layer = Layer.BRICK if rng.random() < 0.5 else Layer.PLASTER
    tone = rng.uniform(0.7, 1.0)
    material = Material(labels.WALL, layer, (tone, tone * 0.97, tone * 0.92))
    cap = Material(labels.WALL, Layer.CONCRETE, (0.8, 0.79, 0.76))
    return join(
        [
            box((-0.12, -length / 2, 0), (0.12, length / 2, height), material, repeat=2.0),
            box((-0.16, -length / 2, height), (0.16, length / 2, height + 0.07), cap, repeat=2.0),
        ]
    )


def make_fence(rng: np.random.Generator, length: float, height: float) -> Mesh:
    """A railing or mesh fence along y."""
    layer = Layer.RAILING if rng.random() < 0.6 else Layer.MESH_FENCE
    tone = rng.choice([0.12, 0.3, 0.65, 0.95])
    material = Material(labels.FENCE, layer, (tone, tone * rng.uniform(0.9, 1.0), tone * rng.uniform(0.8, 1.0)))
    repeats = max(round(length / (2.0 if layer == Layer.RAILING else 1.2)), 1)
    corners = [[0, -length / 2, 0], [0, length / 2, 0], [0, length / 2, height], [0, -length / 2, height]]
    posts = [
        tube((0, y, 0), (0, y, height + 0.08), (0.04, 0.04), Material(labels.FENCE, Layer.PLAIN, material.colour), 5)
        for y in np.linspace(-length / 2, length / 2, max(round(length / 2.5), 1) + 1)
    ]
    return join([quad(corners, material, [[0, 0], [repeats, 0], [repeats, 1], [0, 1]]), *posts])


def _panel(layer: int, width: float, height: float, foot: float, x: float) -> Mesh:
    y = width / 2
    corners = [[x, -y, foot], [x, y, foot], [x, y, foot + height], [x, -y, foot + height]]
    back = [[x - 0.02, *corner[1:]] for corner in (corners[1], corners[0], corners[3], corners[2])]
    return join([quad(corners, Material(labels.TRAFFIC_SIGN, layer)), quad(back, BACK)])
