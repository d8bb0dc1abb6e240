"""How high above the ground what a camera sees is: what stands on the road is judged apart from the road.

A network that has only learnt how far the ground is in each row of an image is right about most of its pixels, and
wrong about all that a vehicle can run into.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import fit_ground_plane

OBSTACLE = 0.3
"""Metres above the ground from which on something is in the way."""

LEVELS = {"ground": (-np.inf, OBSTACLE), "0.3-1 m": (OBSTACLE, 1.0), "1-2 m": (1.0, 2.0), "> 2 m": (2.0, np.inf)}
"""The layers of air that are judged each on its own, from and to metres."""

_ROUGHEST = 0.03
_FEWEST = 0.5
"""A plane is the ground if its median error is at most this share of depth, and so many samples lie on it."""


def heights_above_ground(depth: npt.NDArray[np.floating], camera: Camera) -> npt.NDArray[np.float32] | None:
    """Of each pixel of true depth, metres above the plane of the ground before the camera, float32 ``[H, W]``.

    NaN where depth is unknown. The ground is taken for flat, which holds for some tens of metres.

    Args:
        depth: metres ``[H, W]``, dense or of a LiDAR; NaN or 0 is unknown.
        camera: its pinhole, mounted about level.

    Returns:
        None where no ground is seen.
    """
    known = np.where(np.isfinite(depth) & (depth > 0), depth, np.nan).astype(np.float32)
    plane = fit_ground_plane(known, camera)
    if plane is None or plane.residual > _ROUGHEST or plane.inliers < _FEWEST:
        return None
    rays = camera.rays() @ np.asarray(plane.normal, np.float32)
    return np.asarray(plane.height - rays * known, np.float32)
