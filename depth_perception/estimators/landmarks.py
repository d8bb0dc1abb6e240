"""Corners with what is known of their depth, in the keyframe that they are followed from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depth_perception.estimators.pose_fit import Sight
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import Array

_UNKNOWN = (0.02, 0.5)
"""Inverse depth, 1/m, of a corner that nothing is known of, and its sigma."""
_EXPECTED_SIGMA = 0.6
"""Relative error of an inverse depth that is expected somewhere: the ground's, on which something may stand, or that of
what was there a moment ago."""
_FAR = (0.002, 0.005)
"""The same beyond the range of the depth network."""
_FAR_SIGMA = 0.5
"""That sigma, at least, by the inverse depth of the farthest corner within the range, which may be a short one."""
_NETWORK_SIGMA = 0.2
"""Relative error of a network's depth at one place."""
_SUREST = 0.05
"""Relative error of a corner's depth however long it was followed: those of all corners are alike in part."""
_SUREST_FAR = 0.002
"""The same of an inverse depth, 1/m, for what is far. All corners learn theirs by the same poses: on a motorway, where
little is near, a turn that is a little too far would otherwise make them bear it out, and go on, ever faster."""
_TIGHT = 0.1
"""Relative error of corners by which lengths are compared with the network's."""
_FEWEST = 15
"""Of such corners, to compare by."""
_CONFLICT = 0.5
"""Difference of ln(depth) between a corner and the network from which neither is believed: it may well move."""
_DOUBT = 0.7
"""Relative error of its depth after that."""
_LOST = 4.0
"""Standard deviations of its residual from which a corner is given up at a keyframe."""
_NEAREST = 0.05
"""Share of its depth in the old keyframe that a corner must be in front of the new one."""
_EDGE, _STEP = 2, 1.2
"""Pixels around a corner, and how many times as far as there its own depth may be, before it is taken for an edge."""


def _none() -> Array:
    return np.empty(0)


@dataclass
class Landmarks:
    """All arrays have one row for each corner.

    Convention:
        Optical axes of the keyframe; rays have z = 1, inverse depths are along z, in 1/units of depth.

    Attributes:
        names: Whatever else happens, a corner keeps its number.
        age: Keyframes that it was followed through.
        measured: Whether the depth network has said anything of it.
    """

    names: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    rays: Array = field(default_factory=lambda: np.empty((0, 3)))
    inverse_depth: Array = field(default_factory=_none)
    variance: Array = field(default_factory=_none)
    age: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    measured: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

    def __len__(self) -> int:
        return len(self.rays)

    def select(self, kept: npt.NDArray[np.bool_]) -> None:
        """Keeps only some."""
        for name, values in list(vars(self).items()):
            setattr(self, name, values[kept])

    def append(self, names: npt.NDArray[np.int64], rays: Array, expected: Array) -> None:
        """Adds corners that nothing is known of but the inverse depth ``[n]`` that is expected in their direction: 0
        beyond the range of depth, NaN where none is.
        """
        count = len(rays)
        known = np.isfinite(expected)
        near, far = expected > 0, expected == 0
        sigma = np.where(known, np.maximum(_EXPECTED_SIGMA * expected, _FAR[1]), _UNKNOWN[1])
        sigma[far] = _beyond(expected, near)
        self.names = np.concatenate([self.names, names])
        self.rays = np.concatenate([self.rays, rays])
        self.inverse_depth = np.concatenate([self.inverse_depth, np.where(known, expected, _UNKNOWN[0])])
        self.variance = np.concatenate([self.variance, sigma**2])
        self.age = np.concatenate([self.age, np.zeros(count, np.int64)])
        self.measured = np.concatenate([self.measured, np.zeros(count, bool)])

    def move(self, pose: Array, at: Sight, seen: Array, noise: float) -> npt.NDArray[np.bool_]:
        """To a new keyframe, in which the old one has this `pose` and corners are `seen` at ``[n, 2]``: their depth is
        what was known and what the step says, together. Returns which of them stay; the others fit no depth.
        """
        inverse_depth = self.inverse_depth + at.change
        length = np.sum(at.along**2, axis=0)
        variance = self.variance * noise**2 / (noise**2 + self.variance * length)
        z = self.rays @ pose[2, :3] + inverse_depth * pose[2, 3]
        kept = (at.distances < _LOST**2) & (z > _NEAREST) & (inverse_depth > -_FAR[1])
        z = np.maximum(z, _NEAREST)
        # The new depth is z / inverse_depth, so the new inverse depth has this derivative by the old one:
        slope = (z - inverse_depth * pose[2, 3]) / z**2
        self.inverse_depth = inverse_depth / z
        self.variance = np.maximum(variance * slope**2, (_SUREST * self.inverse_depth) ** 2 + _SUREST_FAR**2)
        self.rays = np.column_stack([seen, np.ones(len(seen))])
        self.age = self.age + 1
        self.select(kept)
        return kept

    def rescale(self, factor: float) -> None:
        """All depths become `factor` times as long."""
        self.inverse_depth = self.inverse_depth / factor
        self.variance = self.variance / factor**2

    def compare(self, ratio: Array) -> float | None:
        """The middle of ln(network's depth / theirs), of the `ratio` of the two in any one image, ``[n]``; NaN of what
        the network does not see.

        None if too few corners know theirs.
        """
        near = np.isfinite(ratio) & (ratio > 0)
        sure = (np.sqrt(self.variance) < _TIGHT * self.inverse_depth) & (self.inverse_depth > 2 * _FAR[1])
        compared = near & sure & (self.age > 0)
        if np.count_nonzero(compared) < _FEWEST:
            return None
        return float(np.median(np.log(ratio[compared])))

    def learn(self, depth: Array) -> None:
        """Takes what a network says of their depth in the keyframe, ``[n]``; NaN of what it does not see, +inf of far.

        Corners that know less believe it; those that know more, because it comes late, weigh it with what they know,
        once; the depth of all others is theirs already. Where the two are far apart, neither is believed.
        """
        near, far = np.isfinite(depth) & (depth > 0), np.isposinf(depth)
        said = np.where(near, 1.0 / np.where(near, depth, 1.0), _FAR[0])
        sigma = np.where(near, np.hypot(_NETWORK_SIGMA * said, _FAR[0] / 2), _beyond(said, near))
        first, guessed = (near | far) & ~self.measured, self.variance > sigma**2
        difference = np.log(np.maximum(self.inverse_depth, _FAR[0] / 2) / said)
        conflict = near & ~(first & guessed) & (np.abs(difference) > _CONFLICT) & (self.inverse_depth > _FAR[1])
        gain = np.where(first & ~conflict, np.where(guessed, 1.0, self.variance / (self.variance + sigma**2)), 0.0)
        self.inverse_depth = self.inverse_depth + gain * (said - self.inverse_depth)
        self.variance = np.where(gain == 1.0, sigma**2, self.variance * (1.0 - gain))
        doubt = (_DOUBT * self.inverse_depth) ** 2
        self.variance[conflict] = np.maximum(self.variance[conflict], doubt[conflict])
        self.measured |= near | far


def _beyond(inverse_depth: Array, near: npt.NDArray[np.bool_]) -> float:
    """Sigma of the inverse depth of what is beyond the range in which others, the `near` ones, are."""
    return float(np.clip(_FAR_SIGMA * np.min(inverse_depth, where=near, initial=np.inf), _FAR[1], _UNKNOWN[1]))


def depth_at(rays: Array, depth: npt.NDArray[np.float32], camera: Camera) -> Array:
    """The depth ``[n]`` that a depth image of `camera` has along rays ``[n, 3]``; NaN where it has none.

    A corner on the edge of something moves as that does, not as what lies behind: there the near side counts.
    """
    columns = np.rint(rays[:, 0] * camera.fx + camera.cx).astype(np.int64)
    rows = np.rint(rays[:, 1] * camera.fy + camera.cy).astype(np.int64)
    inside = (columns >= 0) & (columns < camera.width) & (rows >= 0) & (rows < camera.height)
    found = np.full(len(rays), np.nan)
    columns, rows = columns[inside], rows[inside]
    middle = depth[rows, columns].astype(np.float64)
    around = [
        depth[np.clip(rows + down, 0, camera.height - 1), np.clip(columns + right, 0, camera.width - 1)]
        for right, down in ((-_EDGE, 0), (_EDGE, 0), (0, -_EDGE), (0, _EDGE))
    ]
    nearest = np.fmin.reduce(around)
    found[inside] = np.where(middle > _STEP * nearest, nearest, middle)
    return found
