"""How far a vehicle went by its measured speed, against how many units odometry says it went."""

from __future__ import annotations

from collections import deque

import numpy as np

from depth_perception.estimators.odometry import NANOSECONDS, Motion
from depth_perception.estimators.view import EstimatorError

_LONGEST_GAP = 500_000_000
"""Nanoseconds between two speeds beyond which nobody knows the speed between them."""
_SHORTEST_WAY, _SHORTEST_TIME = 1.0, 0.4
"""Metres (and units of odometry) and seconds that are compared at once."""
_SLOWEST, _FASTEST = 0.2, 150.0
"""m/s: at rest sensors have a bias and odometry jitter, which must not add up to ways; and no vehicle is faster."""
_KEPT = 400
"""Latest speeds and motions: those that wait for each other."""


class SpeedComparison:
    """Takes speeds and motions, in whatever order they come, and says how the ways compare."""

    def __init__(self) -> None:
        self._speeds: deque[tuple[int, float]] = deque(maxlen=_KEPT)
        self._motions: deque[tuple[int, int, float]] = deque(maxlen=_KEPT)
        self._way = np.zeros(3)

    def add_speed(self, stamp: int, speed: float) -> None:
        """A measured speed in m/s, forward or not, at a time in nanoseconds; one that is older than the last is left
        aside, but for time that went back by more than a gap.

        Raises: `EstimatorError` for one that no vehicle has.
        """
        if not abs(speed) <= _FASTEST:
            raise EstimatorError(f"speed is {speed:g} m/s, expected a number up to {_FASTEST:g}")
        if self._speeds and stamp < self._speeds[-1][0] - _LONGEST_GAP:
            self._speeds.clear()
            self._motions.clear()
        if not self._speeds or stamp > self._speeds[-1][0]:
            self._speeds.append((stamp, abs(speed)))

    def add_motion(self, motion: Motion) -> None:
        """A motion of odometry, whose length, before its scale made metres of it, is to be compared."""
        way = float(np.linalg.norm(motion.transform[:3, 3])) / motion.scale.value
        self._motions.append((motion.start, motion.stamp, way))

    def ratio(self) -> float | None:
        """Metres by speed in one unit of odometry, once both went far enough; then the comparison begins anew."""
        while self._motions and self._speeds and self._motions[0][1] <= self._speeds[-1][0]:
            start, stamp, way = self._motions.popleft()
            driven = self._driven(start, stamp)
            seconds = (stamp - start) * NANOSECONDS
            if driven is None:
                continue
            if driven < _SLOWEST * seconds or not way:
                self._way = np.zeros(3)
                continue
            self._way += driven, way, seconds
        measured, own, seconds = self._way
        if min(measured, own) < _SHORTEST_WAY or seconds < _SHORTEST_TIME:
            return None
        self._way = np.zeros(3)
        return float(measured / own)

    def _driven(self, start: int, stamp: int) -> float | None:
        """Metres between two times; None if the speed is not known all the while."""
        stamps = np.array([when for when, _ in self._speeds], np.int64)
        speeds = np.array([speed for _, speed in self._speeds])
        first, last = np.searchsorted(stamps, start, "right") - 1, np.searchsorted(stamps, stamp)
        if first < 0 or last >= len(stamps) or np.diff(stamps[first : last + 1]).max(initial=0) > _LONGEST_GAP:
            return None
        inside = (stamps > start) & (stamps < stamp)
        times = np.concatenate([[start], stamps[inside], [stamp]])
        # From the first of them, so that nanoseconds since 1970 do not lose their last digits.
        seconds = (times - times[0]) * NANOSECONDS
        at = np.interp(seconds, (stamps - times[0]) * NANOSECONDS, speeds)
        return float(np.sum((at[1:] + at[:-1]) * np.diff(seconds)) / 2)  # NumPy 1 has no trapezoid
