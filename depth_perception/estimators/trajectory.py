"""Motions to a trajectory: the pose since the start, and how sure it still is."""

from __future__ import annotations

import numpy as np

from depth_perception.estimators.odometry import NANOSECONDS, Motion, scale_covariance
from depth_perception.geometry.pose import (
    Array,
    cross_matrix,
    pose_from,
    quaternion_from_rotation,
    rotation_from_quaternion,
)

_START_VARIANCE = 1e-6
_SLOWEST_UNSEEN = np.repeat([1.0, 0.1], 3)
"""m/s and rad/s that the body is taken to move at least while nobody looks."""


class Trajectory:
    """Accumulates motions.

    Convention:
        Body axes (REP-103); the odometry frame is the body's at the first motion. Covariance in the order x, y, z,
        rotation about x, y, z, in the axes of the odometry frame (fixed axes, as nav_msgs/Odometry wants it).

    Attributes:
        pose: `T_odom_body`, ``[4, 4]``.
        length: Path length so far, metres.
        stamp: Of the pose, nanoseconds; None before the first motion.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to the origin, as if new."""
        self.pose: Array = np.eye(4)
        self._noise: Array = _START_VARIANCE * np.eye(6)
        self._stretch: Array = np.zeros(3)
        self.length = 0.0
        self.stamp: int | None = None
        self._velocity: Array = np.zeros(6)

    @property
    def covariance(self) -> Array:
        """``[6, 6]`` of the pose; positive definite.

        Noise adds up like a random walk; a wrong scale stretches the whole way alike, which is worst far from the start
        and nothing back there.
        """
        covariance = self._noise.copy()
        covariance[:3, :3] += scale_covariance(self._stretch)
        return covariance

    def add(self, motion: Motion) -> None:
        """Moves on. Where the motion does not begin where the last one ended, what happened between is unknown: the
        pose does not jump (REP-105), its covariance grows by what the last velocity would have covered.
        """
        if self.stamp is not None and motion.start != self.stamp:
            unseen = abs(motion.start - self.stamp) * NANOSECONDS
            self._noise = self._noise + np.diag((np.maximum(self._velocity, _SLOWEST_UNSEEN) * unseen) ** 2)
        turn = self.pose[:3, :3]
        step = turn @ motion.transform[:3, 3]
        # An error of the heading so far moves the end of this step sideways; the step's own error comes in body axes.
        carry = np.eye(6)
        carry[:3, 3:] = -cross_matrix(step)
        axes = np.kron(np.eye(2), turn)
        noise = carry @ self._noise @ carry.T + axes @ motion.noise @ axes.T
        self._noise = (noise + noise.T) / 2
        self._stretch = self._stretch + motion.scale_error(step)
        # Through a quaternion, so that rounding never bends the axes, however long the way.
        rotation = rotation_from_quaternion(quaternion_from_rotation(turn @ motion.transform[:3, :3]))
        self.pose = pose_from(rotation, self.pose[:3, 3] + step)
        self.length += float(np.linalg.norm(step))
        self.stamp = motion.stamp
        speeds = np.linalg.norm(motion.linear_velocity), np.linalg.norm(motion.angular_velocity)
        self._velocity = np.repeat(np.array(speeds), 3)
