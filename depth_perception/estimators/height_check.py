"""Whether the road is believed when it says how long motions are, though nobody asked for that.

The camera's height above its base frame is that above the ground only if the frame is on the ground, which no transform
tells. So what lengths are taken for without it has a say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from depth_perception.estimators.scale import ScaleEstimate

_TO_BELIEVE, _TO_GO_ON = 0.6, 0.9
"""Standard deviations by which the road may contradict what lengths are taken for, to be believed, and from then on. A
base frame on the axles, not on the ground, is about one."""
_UNNOTICED = 0.07
"""One sigma of ln(height) by which a base frame is off the ground that is not noticed."""
_ANOTHER = 0.1
"""Change of ln(height) from which a mismatch is another one."""


@dataclass(frozen=True)
class HeightMismatch:
    """What a camera's pose and the road say of its height, where they do not agree: metres.

    Attributes:
        posed: Above the base frame.
        seen: Above the road, if lengths are what they are taken for.
    """

    posed: float
    seen: float

    def advice(self, base_frame: str) -> str:
        """What a user can do, on one line."""
        return (
            f"the camera is {self.posed:.2f} m above {base_frame}, but {self.seen:.2f} m above the road if lengths are"
            f" right, and they stay as they are: set odometry's scale_source to ground_plane if {base_frame} is on the"
            " ground; if not, base_frame to a frame that is, or scale_source to depth"
        )


class HeightCheck:
    """Judges what the road says of one camera's lengths.

    Args:
        height: Of the camera above the base frame, metres.

    Attributes:
        mismatch: Why the road was not believed when it was last asked; None if it was, or lengths are known as well
            without it.
    """

    def __init__(self, height: float) -> None:
        self._height = height
        self._believes = False
        self.mismatch: HeightMismatch | None = None

    def believed(self, measured: ScaleEstimate, taken_for: ScaleEstimate) -> ScaleEstimate | None:
        """What was measured, as sure as it can be with a base frame that may be a little off; None if it contradicts
        what lengths are taken for, or these are known as well without it."""
        sigma = float(np.hypot(measured.sigma, _UNNOTICED))
        helps = sigma < taken_for.sigma
        apart = float(np.log(measured.value / taken_for.value))
        agrees = abs(apart) <= taken_for.sigma * (_TO_GO_ON if self._believes else _TO_BELIEVE)
        self._believes = helps and agrees
        if not helps or agrees:
            self.mismatch = None
        else:
            self._notice(self._height * float(np.exp(-apart)))
        return replace(measured, sigma=sigma) if self._believes else None

    def _notice(self, seen: float) -> None:
        """Heights that are about the same are one mismatch, which is said once."""
        if self.mismatch is None or abs(np.log(seen / self.mismatch.seen)) > _ANOTHER:
            self.mismatch = HeightMismatch(self._height, seen)
