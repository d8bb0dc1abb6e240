"""One picture of a procedural world and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pose = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """One picture and the truth about it.

    Attributes:
        image: uint8 RGB ``[height, width, 3]``.
        depth: float32 ``[height, width]``, metres along the optical axis; inf where there is sky.
        labels: uint8 ``[height, width]``, classes of that kind of world: outdoors Cityscapes train ids.
        pose: ``T_world_camera`` ``[4, 4]``: points of the optical frame into the world.
        stamp: seconds since the start of the drive.
        speed: of the vehicle or the person that carries the camera, m/s.
    """

    image: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    pose: Pose
    stamp: float
    speed: float
