"""What the renderer draws: a static mesh, things that move, the light, and the textures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import Mesh
from training.rendering.textures import Textures

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Sun, sky and air. Colours are linear radiances."""

    sun: tuple[float, float, float]
    """Unit vector towards the sun, world frame."""
    sun_light: Colour
    sky_light: Colour
    ground_light: Colour
    zenith: Colour
    horizon: Colour
    cloud_light: Colour
    cloudiness: float
    haze: float
    """Extinction per metre."""
    exposure: Colour
    """The camera's, one factor a channel: brightness and white balance."""


@dataclass(frozen=True)
class Mover:
    """A rigid thing that moves: its mesh and its pose ``T_world_thing`` ``[4, 4]`` at a time in seconds."""

    mesh: Mesh
    pose: Callable[[float], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Prop:
    """A rigid thing that is there in one picture, and throws its shadow: its mesh and its pose ``T_world_thing``."""

    mesh: Mesh
    pose: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """A world, in metres, z up."""

    mesh: Mesh
    movers: tuple[Mover, ...]
    light: Light
    textures: Textures
    sky: int
    """The class of what lies beyond everything."""
    shadow_reach: float = 64.0
    """Half the edge of the square of ground that gets shadows, metres: the smaller, the sharper they are."""
    shadow_size: int = 2048
    """Texels along that edge, twice the reach: the fewer, the quicker they are drawn."""
    shadow_slope: float = 0.0
    """How much farther from the sun than it lies a surface throws its shadow, in texels of its slope: without it,
    coarse shadows under a low sun paint stripes on what the sun grazes."""
