"""Surfaces that follow a road: carriageway, kerbs, pavements, land; and the paint on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Material, Mesh, grid
from training.street import labels
from training.street.road import Road
from training.street.textures import Layer

Along: TypeAlias = "float | npt.NDArray[np.float64]"
"""One value, or one for every station."""
Profile: TypeAlias = Sequence[tuple[Along, Along]]

ROW = 2.0
"""Metres from one row of vertices to the next along the road."""
PAINT_HEIGHT = 0.015
WHITE = (0.93, 0.93, 0.91)
YELLOW = (0.96, 0.74, 0.12)


def rows(start: float, end: float, step: float = ROW) -> npt.NDArray[np.float64]:
    """Stations from start to end, both included, on multiples of `step` between."""
    inner = np.arange(np.floor(start / step) + 1, np.ceil(end / step)) * step
    return np.r_[start, inner, end]


def ribbon(
    road: Road,
    s: npt.NDArray[np.float64],
    profile: Profile,
    material: Material,
    repeat: float,
    tints: npt.ArrayLike | None = None,
) -> Mesh:
    """A surface along the road.

    Args:
        profile: (d, h) of its columns from left to right, each a number or one value a station.
        repeat: metres one repeat of the texture covers.
        tints: factors of the colour a station, ``[stations]``.
    """
    points = np.stack([road.points(s, d, h) for d, h in profile], axis=1)
    across = np.stack([np.broadcast_to(np.asarray(d, np.float64), s.shape) for d, _ in profile], axis=1)
    rise = np.stack([np.broadcast_to(np.asarray(h, np.float64), s.shape) for _, h in profile], axis=1)
    along = np.broadcast_to(s[:, None], across.shape)
    run = np.hypot(np.diff(across, axis=1), np.diff(rise, axis=1))
    u = across[:, :1] - np.c_[np.zeros(len(s)), np.cumsum(run, axis=1)]
    shades = None if tints is None else np.asarray(tints)[:, None, None]
    return grid(points, np.stack([u, along], -1) / repeat, material, shades)


def line(
    road: Road,
    start: float,
    end: float,
    d: float,
    width: float = 0.14,
    colour: Sequence[float] = WHITE,
    wear: float = 0.9,
) -> Mesh:
    """A painted line along the road."""
    paint = Material(labels.ROAD, Layer.MARKING, (colour[0], colour[1], colour[2]), wear)
    return ribbon(road, rows(start, end), [(d + width / 2, PAINT_HEIGHT), (d - width / 2, PAINT_HEIGHT)], paint, 2.0)


def dashes(
    road: Road,
    start: float,
    end: float,
    d: float,
    mark: float,
    gap: float,
    width: float = 0.14,
    colour: Sequence[float] = WHITE,
    wear: float = 0.9,
) -> list[Mesh]:
    """A broken line along the road."""
    places = np.arange(start, end - mark, mark + gap)
    return [line(road, float(s), float(s + mark), d, width, colour, wear) for s in places]


def wear_of(rng: np.random.Generator, s: npt.NDArray[np.float64], strength: float) -> npt.NDArray[np.float64]:
    """Slow changes of tone along the road, about 1."""
    total = np.zeros_like(s)
    for wavelength in (9.0, 23.0, 61.0):
        total += rng.uniform(0.3, 1.0) * np.sin(2 * np.pi * s / wavelength + rng.uniform(0, 6.3))
    return 1.0 + strength * total / 2.0


def patches(rng: np.random.Generator, road: Road, start: float, end: float, half: float, every: float) -> list[Mesh]:
    """Repairs, stains, cracks and covers on a carriageway of half width `half`."""
    meshes = []
    for first in np.arange(start, end, every).tolist():
        s = first + float(rng.uniform(0, every))
        d = float(rng.uniform(-half + 0.8, half - 0.8))
        kind = rng.random()
        if kind < 0.35:
            layer, length, width, strength = (
                Layer.CRACK,
                rng.uniform(3, 9),
                rng.uniform(0.8, 2.0),
                rng.uniform(0.4, 0.8),
            )
        elif kind < 0.75:
            layer, length, width, strength = (
                Layer.STAIN,
                rng.uniform(0.6, 3),
                rng.uniform(0.5, 1.5),
                rng.uniform(0.15, 0.5),
            )
        else:
            layer, length, width, strength = Layer.PLAIN, rng.uniform(1.5, 8), rng.uniform(0.8, 2.2), 0.0
        if layer == Layer.PLAIN:
            tone = rng.uniform(0.27, 0.42)
            material = Material(labels.ROAD, Layer.ASPHALT, (tone, tone, tone))
        else:
            material = Material(labels.ROAD, layer, (1, 1, 1), strength)
        stations = rows(s, min(s + length, end))
        share = (stations - s)[:, None] / length
        points = np.stack([road.points(stations, d + width / 2, 0.008), road.points(stations, d - width / 2, 0.008)], 1)
        uv = np.stack(np.broadcast_arrays(np.array([[0.0, 1.0]]), share), -1)
        if layer == Layer.PLAIN:
            uv = uv * np.array([width / 3, length / 3])
        meshes.append(grid(points, uv, material))
    return meshes


def hills(
    rng: np.random.Generator, centre: npt.NDArray[np.float64], level: float, height: float, dry: float
) -> list[Mesh]:
    """The plain and a ring of wooded hills on it, out to 3 km.

    Args:
        centre: ``[2]`` the middle of the ring.
        level: z of the plain.
        height: of the highest hills, metres.
        dry: share of dry grass in the colour of the plain.
    """
    angles = np.linspace(0, 2 * np.pi, 145)
    waves = np.zeros_like(angles)
    for count in range(1, 14):
        waves += rng.uniform(-1, 1) / count**0.8 * np.sin(count * angles + rng.uniform(0, 6.3))
    crest = height * np.clip(0.45 + 0.4 * waves, 0.02, 1.0)
    fine = rng.normal(0, 0.035 * height, (2, len(angles)))
    fine[:, -1] = fine[:, 0]
    ring = []
    for radius, share, row in (
        (500.0, 0.0, None),
        (900.0, 0.12, None),
        (1500.0, 0.5, 0),
        (2300.0, 1.0, 1),
        (3200.0, 0.9, None),
    ):
        z = level + share * crest + (fine[row] if row is not None else 0.0)
        ring.append(np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles), z], -1))
    points = np.stack(ring)
    uv = np.stack(np.broadcast_arrays(angles * 16, np.array([0.0, 3.0, 8.0, 14.0, 20.0])[:, None]), -1)
    forest = Material(labels.VEGETATION, Layer.FOREST, (0.62, 0.66, 0.60))
    plain = Material(labels.TERRAIN, Layer.DRY_GRASS if dry > 0.5 else Layer.GRASS, (0.85, 0.85, 0.8))
    inner = np.stack(
        [
            ring[0] * [0.0, 0.0, 1.0] + [*centre, -0.3] + 0.01 * (ring[0] - [*centre, 0]) * [1, 1, 0],
            ring[0] - [0, 0, 0.01],
        ]
    )
    return [
        grid(points[:, ::-1], uv[:, ::-1], forest),
        grid(inner[:, ::-1], inner[:, ::-1, :2] / 12.0, plain),
    ]
