"""Poses over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import rotation_from_vector, vector_from_rotation
from depth_perception.recordings.errors import RecordingError

LONGEST_GAP = 0.25
"""Seconds between two poses beyond which nobody knows what was between them."""


@dataclass(frozen=True)
class TimedPoses:
    """Poses of a body in one fixed frame, in order of time.

    Attributes:
        stamps: ``[N]`` int64, nanoseconds, strictly increasing.
        poses: ``[N, 4, 4]`` float64.
    """

    stamps: npt.NDArray[np.int64]
    poses: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.poses.shape != (len(self.stamps), 4, 4):
            raise RecordingError(f"there are {len(self.stamps)} stamps and poses of shape {self.poses.shape}")
        if np.any(np.diff(self.stamps) <= 0):
            raise RecordingError("the stamps of a trajectory must increase from pose to pose")

    def __len__(self) -> int:
        return len(self.stamps)

    def at(
        self, stamps: npt.NDArray[np.int64], tolerance: float = LONGEST_GAP
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Poses ``[M, 4, 4]`` at other times, and ``[M]`` whether there is one.

        Between two poses the position is linear and the rotation goes evenly about one axis. There is none outside of
        the trajectory, nor in a gap of more than `tolerance` seconds.
        """
        stamps = np.asarray(stamps, np.int64)
        poses = np.tile(np.eye(4), (len(stamps), 1, 1))
        known = np.zeros(len(stamps), bool)
        if len(self) == 0:
            return poses, known
        after = np.searchsorted(self.stamps, stamps)
        inside = after < len(self)
        exact = np.zeros(len(stamps), bool)
        exact[inside] = self.stamps[after[inside]] == stamps[inside]
        poses[exact] = self.poses[after[exact]]

        between = inside & ~exact & (after > 0)
        first, second = after[between] - 1, after[between]
        gap = self.stamps[second] - self.stamps[first]
        share = (stamps[between] - self.stamps[first]) / gap
        start, end = self.poses[first], self.poses[second]
        turn = vector_from_rotation(np.swapaxes(start[:, :3, :3], 1, 2) @ end[:, :3, :3])
        blended = np.tile(np.eye(4), (len(share), 1, 1))
        blended[:, :3, :3] = start[:, :3, :3] @ rotation_from_vector(share[:, None] * turn)
        blended[:, :3, 3] = start[:, :3, 3] + share[:, None] * (end[:, :3, 3] - start[:, :3, 3])
        poses[between] = blended
        known[exact] = True
        known[between] = gap <= tolerance * 1e9
        return poses, known
