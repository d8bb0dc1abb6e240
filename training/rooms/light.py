"""Random light: day through the windows, with or without the sun, or lamps in the evening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh
from training.rendering.scene import Colour, Light
from training.rooms.shading import Source
from training.rooms.shell import DEEP, Shell


@dataclass(frozen=True)
class Lighting:
    """What lights a room.

    Attributes:
        sources: windows and lamps, without shadows.
        ambient: light from all sides.
        key: towards what throws shadows, unit vector: the sun through a window, or a lamp.
        key_light: its colour and strength, linear.
        sunny: the shell throws shadows too, and only windows let the key light in.
        outside, lamps: how bright windows and lamps look.
    """

    sources: list[Source]
    ambient: Colour
    key: Colour
    key_light: Colour
    sunny: bool
    outside: float
    lamps: float


def random_lighting(rng: np.random.Generator, shell: Shell, lamps: Sequence[Mesh]) -> Lighting:
    """Light for a room with `lamps` below its ceiling."""
    windows = [(wall, window) for wall in shell.walls for window in wall.windows]
    day = bool(windows) and rng.random() < 0.72
    on = not day or rng.random() < 0.35
    warm = rng.uniform(0.0, 1.0)
    lamp_colour = np.array((1.0, 0.95 - 0.13 * warm, 0.88 - 0.33 * warm))
    sources = []
    if on:
        strength = rng.uniform(1.3, 2.2) / np.sqrt(len(lamps))
        for lamp in lamps:
            middle = 0.5 * (lamp.positions.min(axis=0) + lamp.positions.max(axis=0)).astype(np.float64)
            middle[2] = lamp.positions[:, 2].min() - 0.05
            sources.append(Source(middle, None, 3.0, _colour(lamp_colour * strength)))
    if day:
        sky = np.array((0.93, 0.98, 1.06)) * rng.uniform(1.6, 2.6)
        for wall, window in windows:
            (a, low), (b, high) = window
            place = wall.pose @ [-DEEP, 0.5 * (a + b), 0.5 * (low + high), 1.0]
            sources.append(Source(place[:3], wall.pose[:3, 0], 1.8 * (b - a) * (high - low), _colour(sky)))
    sunny = day and bool(rng.random() < 0.6)
    if sunny:
        wall = windows[int(rng.integers(len(windows)))][0]
        azimuth = np.arctan2(-wall.pose[1, 0], -wall.pose[0, 0]) + rng.uniform(-0.9, 0.9)
        elevation = np.deg2rad(rng.uniform(30, 58))
        key_light = np.array((1.0, 0.93, 0.82)) * rng.uniform(2.5, 5.0)
    else:
        azimuth, elevation = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(55, 82))
        key_light = (lamp_colour if on else np.array((0.95, 1.0, 1.05))) * rng.uniform(0.1, 0.5)
    key = (np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation))
    tint = lamp_colour if on and not day else np.array((0.97, 1.0, 1.03))
    return Lighting(
        sources=sources,
        ambient=_colour(tint * rng.uniform(0.25, 0.45)),
        key=_colour(np.array(key)),
        key_light=_colour(key_light),
        sunny=sunny,
        outside=1.0 if day else float(rng.choice([0.08, 0.5])),
        lamps=1.0 if on else 0.6,
    )


def camera_light(rng: np.random.Generator, lighting: Lighting, shell: Mesh) -> Light:
    """How the renderer shall light the room: exposed by how bright its lit `shell` is, roughly, as cameras do."""
    brightness = float(np.mean(shell.colours[:, :3].astype(np.float64) ** 2))
    warmth = rng.normal(0.0, 0.04)
    exposure = rng.uniform(0.75, 1.25) * 1.25 / max(brightness, 0.02) ** 0.75
    balance = np.array([1.0 + warmth, 1.0 + rng.normal(0, 0.015), 1.0 - warmth])
    above = np.array((0.62, 0.62, 0.62))
    return Light(
        sun=lighting.key,
        sun_light=lighting.key_light,
        sky_light=_colour(above),
        ground_light=_colour(above * (0.82, 0.76, 0.70)),
        zenith=_colour(above * 0.7),
        horizon=_colour(above * 0.31),  # as dark as what the floor mirrors: there is no horizon in a room
        cloud_light=(0.0, 0.0, 0.0),
        cloudiness=0.0,
        haze=0.0,
        exposure=_colour(exposure * balance),
    )


def _colour(values: npt.NDArray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return (red, green, blue)
