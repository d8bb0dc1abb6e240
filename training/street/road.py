"""The line everything follows: a smooth road in the plane with hills, and coordinates along and across it.

Convention:
    World z up, metres. Road coordinates are (s, d, h): metres along the road, metres to the left of its middle, metres
    above it. Drivers keep to the right: their lanes have negative d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.rendering.mesh import pose_at

Values = npt.NDArray[np.float64]
STEP = 0.5
FOLD = 0.85
"""How near to the centre of a curve anything reaches, as a share of its radius."""


@dataclass(frozen=True)
class Road:
    """Samples every `STEP` metres from s = 0.

    Attributes:
        line: ``[n, 3]`` points of the middle.
        headings: ``[n]`` radians, counter-clockwise from x.
        curvatures: ``[n]`` 1 / m, positive to the left.
    """

    line: Values
    headings: Values
    curvatures: Values

    @property
    def length(self) -> float:
        return STEP * (len(self.line) - 1)

    def heading(self, s: npt.ArrayLike) -> Values:
        return self._at(self.headings, s)

    def curvature(self, s: npt.ArrayLike) -> Values:
        return self._at(self.curvatures, s)

    def slope(self, s: npt.ArrayLike) -> Values:
        """Rise over run."""
        return self._at(np.gradient(self.line[:, 2], STEP), s)

    def points(self, s: npt.ArrayLike, d: npt.ArrayLike = 0.0, h: npt.ArrayLike = 0.0) -> Values:
        """World points ``[..., 3]`` of road coordinates; what would lie beyond a curve's centre is pulled back."""
        s, d, h = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (s, d, h)))
        curvature = self.curvature(s)
        inward = d * curvature
        d = np.where(inward > FOLD, FOLD / np.where(inward > FOLD, curvature, 1.0), d)
        heading = self.heading(s)
        x = self._at(self.line[:, 0], s) - d * np.sin(heading)
        y = self._at(self.line[:, 1], s) + d * np.cos(heading)
        return np.stack([x, y, self._at(self.line[:, 2], s) + h], -1)

    def pose(self, s: float, d: float = 0.0, h: float = 0.0, turn: float = 0.0) -> Values:
        """The upright pose ``[4, 4]`` of something that looks along the road, turned left by `turn` radians."""
        return pose_at(self.points(s, d, h), float(self.heading(s)) + turn)

    def tilted_pose(self, s: float, d: float = 0.0, h: float = 0.0, turn: float = 0.0) -> Values:
        """As `pose`, but pitched with the slope, as a vehicle stands."""
        pose = self.pose(s, d, h, turn)
        pitch = -np.arctan(float(self.slope(s)) * np.cos(turn))
        cosine, sine = np.cos(pitch), np.sin(pitch)
        pose[:3, :3] = pose[:3, :3] @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
        return pose

    @staticmethod
    def _at(values: Values, s: npt.ArrayLike) -> Values:
        return np.interp(np.asarray(s, np.float64), STEP * np.arange(len(values)), values)


def make_road(
    rng: np.random.Generator, length: float, sharpest: float, turn: float, steepest: float, bend: float
) -> Road:
    """A random road.

    Args:
        length: metres.
        sharpest: smallest radius of a curve, metres.
        turn: largest change of heading against the start, radians: the road never meets itself.
        steepest: largest slope.
        bend: metres from one curve to the next, about.
    """
    count = int(np.ceil(length / STEP)) + 1
    s: Values = STEP * np.arange(count, dtype=np.float64)
    knots = [0.0, 25.0]
    angles = [0.0, 0.0]
    while knots[-1] < length + bend:
        straight = rng.uniform(0.1, 1.0) * bend
        target = rng.uniform(-turn, turn)
        radius = sharpest * np.exp(rng.exponential(0.7))
        # a smooth step of heading has its largest curvature, 15/8 of the mean, in the middle
        run = max(abs(target - angles[-1]) * radius * 15.0 / 8.0, 12.0)
        knots += [knots[-1] + straight, knots[-1] + straight + run]
        angles += [angles[-1], target]
    headings = _smooth_steps(s, np.array(knots), np.array(angles))
    curvatures = np.gradient(headings, STEP)
    slopes = np.zeros(count)
    for wavelength in (90.0, 170.0, 340.0):
        slopes += rng.uniform(0, 1) * np.sin(2 * np.pi * s / (wavelength * rng.uniform(0.8, 1.3)) + rng.uniform(0, 6.3))
    slopes *= steepest / 2.0
    x = np.r_[0.0, np.cumsum(np.cos(headings))[:-1]] * STEP
    y = np.r_[0.0, np.cumsum(np.sin(headings))[:-1]] * STEP
    z = np.r_[0.0, np.cumsum(slopes)[:-1]] * STEP
    return Road(np.stack([x, y, z], -1), headings, curvatures)


def _smooth_steps(s: Values, knots: Values, values: Values) -> Values:
    """Through `values` at `knots` with vanishing first and second derivative there."""
    index = np.clip(np.searchsorted(knots, s, side="right") - 1, 0, len(knots) - 2)
    share = np.clip((s - knots[index]) / np.maximum(knots[index + 1] - knots[index], 1e-9), 0.0, 1.0)
    ease = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    return values[index] + ease * (values[index + 1] - values[index])
