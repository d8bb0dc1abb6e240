"""Why no motion comes of a camera's images, where that lasts."""

from __future__ import annotations

from depth_perception.estimators.odometry import NANOSECONDS, Motion
from depth_perception.geometry.camera import Camera
from depth_perception.nodes.log import LimitedLog

UNTOLD = 5
"""Images in a row without a motion that are said."""


class MotionWatch:
    """Told of each image, says why there is no motion: all else is as if nothing were wrong.

    Args:
        longest: Seconds between two images that odometry bridges.
    """

    def __init__(self, log: LimitedLog, longest: float) -> None:
        self._log = log
        self._longest = longest
        self._before: tuple[int, Camera] | None = None
        self._untold = 0

    def told(self, motion: Motion | None, stamp: int, camera: Camera, *, repeats: bool) -> None:
        """What came of an image.

        Args:
            stamp: Nanoseconds.
            repeats: Whether it was the one before, to the bit.
        """
        before, self._before = self._before, (stamp, camera)
        self._untold = 0 if motion is not None else self._untold + 1
        if before is None or self._untold < UNTOLD:
            return
        pause = (stamp - before[0]) * NANOSECONDS
        if camera != before[1]:
            why = "the calibration changes with every one"
        elif repeats:
            why = "they are the same to the bit, and nothing stops that fast: is its driver stuck?"
        elif pause == 0:
            why = "their stamps are all the same"
        elif pause > self._longest:
            why = f"they come {pause:.1f} s apart, maximum_gap is {self._longest:g} s"
        else:
            why = "their stamps go back and forth"
        self._log.warning("untold", f"{self._untold} images in a row tell of no motion: {why}")

    def restart(self) -> None:
        """Time went back."""
        self._before, self._untold = None, 0
