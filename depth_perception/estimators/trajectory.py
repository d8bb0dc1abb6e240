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
_TURN = np.radians(0.15) / 100.0
"""Radians a metre, one sigma: the turn's error that goes on alike, which no noise of single steps adds up to."""
_WANDER, _ALIKE = 0.25, 50.0
"""Share of the scale's sigma by which the scale changes along the way, and metres on which it stays alike.

Both were measured on rendered drives of 200 to 600 m, where errors of neighbouring steps turned out to be anything but
independent: heading and roll went astray in proportion to the way, and depth was too short by 2 % here and 10 % there.
"""


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
        self._turned: Array = np.zeros((6, 3))
        self.length = 0.0
        self.stamp: int | None = None
        self._velocity: Array = np.zeros(6)

    def set(self, pose: Array, covariance: Array) -> None:
        """The body is at `pose` ``[4, 4]``, give or take the `covariance` ``[6, 6]``, as somebody knows who says so."""
        self.pose = np.array(pose, np.float64)
        self._noise = np.array(covariance, np.float64) + _START_VARIANCE * np.eye(6)
        self._stretch, self._turned = np.zeros(3), np.zeros((6, 3))

    @property
    def covariance(self) -> Array:
        """``[6, 6]`` of the pose; positive definite.

        Noise adds up like a random walk; a wrong scale stretches the whole way alike, which is worst far from the start
        and nothing back there; and a turn that is a little wrong all the way bends it.
        """
        covariance = self._noise + self._turned @ self._turned.T
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
        way = float(np.linalg.norm(step))
        self._turned = carry @ self._turned
        self._turned[3:] += turn * (_TURN * way)
        if motion.scale.known and way > 0:
            self._noise[:3, :3] += np.outer(step, step) / way * _ALIKE * (_WANDER * motion.scale.sigma) ** 2
        self._stretch = self._stretch + motion.scale_error(step)
        # Through a quaternion, so that rounding never bends the axes, however long the way.
        rotation = rotation_from_quaternion(quaternion_from_rotation(turn @ motion.transform[:3, :3]))
        self.pose = pose_from(rotation, self.pose[:3, 3] + step)
        self.length += way
        self.stamp = motion.stamp
        speeds = np.linalg.norm(motion.linear_velocity), np.linalg.norm(motion.angular_velocity)
        self._velocity = np.repeat(np.array(speeds), 3)
