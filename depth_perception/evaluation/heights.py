"""How high above the ground what a camera sees is: what stands on the road is judged apart from the road.

A network that has only learnt how far the ground is in each row of an image is right about most of its pixels, and
wrong about all that a vehicle can run into.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.breakdown import Breakdown, Parts
from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import DOWN

OBSTACLE = 0.3
"""Metres above the ground from which on something is in the way."""

LEVELS = {"ground": (-np.inf, OBSTACLE), "0.3-1 m": (OBSTACLE, 1.0), "1-2 m": (1.0, 2.0), "> 2 m": (2.0, np.inf)}
"""The layers of air that are judged each on its own, from and to metres."""

NEAR = 20.0
"""Metres up to which what stands on the ground is judged."""

FEWEST_PIXELS = 20
"""Of a frame's obstacles: of fewer nothing is said."""

REACH = 25.0
"""Metres within which the ground is looked for."""

_SAMPLES = 4000
_FEWEST = 200
_TRIALS = 300
_STEEPEST = np.deg2rad(15.0)
"""Between the ground's normal and the camera's own down: further the camera is not tilted, nor the road."""
_ROUGH = 0.08
"""Metres within which the ground is even."""
_LEAST = 0.15
"""The share of what lies below the horizon that has to be ground."""


def heights_above_ground(depth: npt.NDArray[np.floating], camera: Camera) -> npt.NDArray[np.float32] | None:
    """Of each pixel of true depth, metres above the plane of the ground around the camera, float32 ``[H, W]``.

    NaN where depth is unknown. The ground is taken for flat, which holds for some tens of metres.

    Args:
        depth: metres ``[H, W]``, dense or of a LiDAR; NaN or 0 is unknown.
        camera: its pinhole, mounted about level.

    Returns:
        None where no ground is seen.
    """
    known = np.where(np.isfinite(depth) & (depth > 0), depth, np.nan).astype(np.float32)
    rays = camera.rays()
    below = (known < REACH) & (rays[..., 1] > -np.tan(_STEEPEST))
    points = (rays * known[..., None])[below].astype(np.float64)
    if len(points) > _SAMPLES:
        points = points[np.linspace(0, len(points) - 1, _SAMPLES).astype(int)]
    plane = _ground(points)
    if plane is None:
        return None
    normal, height = plane
    return np.asarray(height - (rays @ normal.astype(np.float32)) * known, np.float32)


def by_height(frame: Frame, protocol: DepthProtocol) -> Parts:
    """The layers of air up to `NEAR`, and all obstacles together; nothing where no ground is seen."""
    heights = _heights_of(frame)
    if heights is None:
        return {}
    near = frame.truth < NEAR
    layers = LEVELS | {"obstacles": (OBSTACLE, np.inf)}
    return {
        f"{name}, up to {NEAR:g} m": near & (heights >= low) & (heights < high) for name, (low, high) in layers.items()
    }


HEIGHT = Breakdown("height", by_height)


def obstacle_ratios(frame: Frame, prediction: Depth, reach: float = NEAR) -> list[float]:
    """The median of predicted over true depth, as it comes, of a frame's obstacles up to `reach` metres away; empty
    where there are none."""
    heights = _heights_of(frame)
    if heights is None:
        return []
    with np.errstate(invalid="ignore"):
        there = (heights >= OBSTACLE) & (frame.truth < reach) & (prediction > 0)
    if np.count_nonzero(there) < FEWEST_PIXELS:
        return []
    return [float(np.median(prediction[there] / frame.truth[there]))]


@lru_cache(maxsize=1)  # more than one asks for those of a frame
def _heights_of(frame: Frame) -> npt.NDArray[np.float32] | None:
    camera = frame.camera
    if camera is None or camera.is_distorted or frame.truth.shape != (camera.height, camera.width):
        return None
    return heights_above_ground(frame.truth, camera)


def _ground(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float] | None:
    """Unit normal, pointing down, and distance of the plane that most of the points ``[n, 3]`` lie on and hardly any
    below: a car's flank or roof is none. RANSAC (Fischler and Bolles, 1981), always with the same random numbers."""
    if len(points) < _FEWEST:
        return None
    rng = np.random.default_rng(0)
    best, support = None, _LEAST * len(points)
    triples = points[rng.integers(len(points), size=(_TRIALS, 3))]
    for start, normal in zip(
        triples[:, 0], np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0]), strict=True
    ):
        size = np.linalg.norm(normal)
        if size < 1e-6:
            continue
        normal *= np.sign(normal[1]) / size
        if normal @ DOWN < np.cos(_STEEPEST):
            continue
        above = normal @ start - points @ normal
        score = np.count_nonzero(np.abs(above) < _ROUGH) - 2 * np.count_nonzero(above < -2 * _ROUGH)
        if score > support:
            best, support = (normal, float(normal @ start)), score
    if best is None:
        return None
    normal, height = best
    on = points[np.abs(height - points @ normal) < _ROUGH]
    middle = on.mean(0)
    normal = np.linalg.svd(on - middle, full_matrices=False)[2][2]  # least squares of what lies on it
    normal = normal * np.sign(normal[1])
    return normal, float(normal @ middle)
