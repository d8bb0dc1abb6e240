"""Where a camera stands in a street, where it looks, and what carries it.

Convention:
    Body axes (REP-103) on the ground below the camera: x where it looks, y left, z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_angles
from training.rendering.mesh import pose_at
from training.street.floor import Floor
from training.street.world import World

END = 12.0
"""Metres of road at either end where nobody stands."""
TRIES = 40


@dataclass(frozen=True)
class Spot:
    """A place for one picture.

    Attributes:
        s: metres along the road.
        base: ``T_world_base`` ``[4, 4]``, upright on the ground below the camera.
        turn: where it looks, radians left of where the road goes.
        height: of the camera above the ground, metres.
        pitch: radians, positive looks down.
        roll: radians, positive lowers the right side.
        carrier: how far ahead its middle lies, length and width of what carries the camera, metres.
    """

    s: float
    base: npt.NDArray[np.float64]
    turn: float
    height: float
    pitch: float
    roll: float
    carrier: tuple[float, float, float]

    @property
    def body(self) -> npt.NDArray[np.float64]:
        """``T_world_body`` ``[4, 4]``: the camera's body axes, which turn with it."""
        turn = rotation_from_angles(self.roll, self.pitch, 0.0)
        return np.asarray(self.base @ pose_from(turn, [0.0, 0.0, self.height]))

    @property
    def camera(self) -> npt.NDArray[np.float64]:
        """``T_world_camera`` ``[4, 4]``, optical."""
        return np.asarray(self.body @ BODY_FROM_OPTICAL)


def find_spot(
    rng: np.random.Generator,
    world: World,
    floor: Floor,
    heights: tuple[float, float],
    pitch: float,
    roll: float,
) -> Spot | None:
    """A random spot where nothing that does not move is in the way; None if none was found.

    Args:
        heights: smallest and largest of the camera, metres.
        pitch, roll: largest angles, radians.
    """
    for _ in range(TRIES):
        s = float(rng.uniform(END, world.road.length - 40.0 - END))
        lanes = [world.lane, *(d for d, _ in world.lanes)]
        kind = rng.random()
        driving = kind < 0.6
        if kind < 0.35:
            d = world.lane
        elif driving:
            d = lanes[int(rng.integers(len(lanes)))]
        elif kind < 0.85 and world.pavement:
            d = float(rng.choice([-1, 1])) * (world.half + float(rng.uniform(0.4, max(0.4, world.pavement))))
        else:
            d = float(rng.uniform(-1.0, 1.0)) * (world.half + world.pavement + 12.0)
        d += float(rng.normal(0.0, 0.3))
        turn = _turn(rng)
        place = world.road.points(s, d)
        ground = floor.height(place)
        if ground is None:
            continue
        base = pose_at([place[0], place[1], ground], float(world.road.heading(s)) + turn)
        if not floor.free(base, 1.0, 1.0):
            continue
        height = float(np.clip(_height(rng, driving), *heights))
        # the carrier lies along the road, whatever way the camera looks; a disc is enough where it looks aside
        along = driving and abs(np.sin(turn)) < 0.5 and height > 0.9
        carrier = (-1.0 if np.cos(turn) > 0 else 1.0, 4.4, 1.8) if along else (0.0, 0.9, 0.9)
        return Spot(
            s,
            base,
            turn,
            height,
            float(np.clip(rng.normal(0.01, 0.4), -1.0, 1.0) * pitch),
            float(np.clip(rng.normal(0.0, 0.4), -1.0, 1.0) * roll),
            carrier,
        )
    return None


def _turn(rng: np.random.Generator) -> float:
    kind = rng.random()
    if kind < 0.45:
        return float(rng.normal(0.0, 0.15))
    if kind < 0.6:
        return float(rng.normal(np.pi, 0.2))
    if kind < 0.78:
        return float(rng.choice([-0.5, 0.5]) * np.pi + rng.normal(0.0, 0.3))
    return float(rng.uniform(0.0, 2.0 * np.pi))


def _height(rng: np.random.Generator, driving: bool) -> float:
    kind = rng.random()
    if driving:
        return float(
            rng.uniform(1.1, 1.9) if kind < 0.65 else rng.uniform(1.9, 3.0) if kind < 0.85 else rng.uniform(0.3, 1.1)
        )
    return float(rng.uniform(0.3, 0.9) if kind < 0.45 else rng.uniform(0.9, 2.2))
