"""What a pose model says of two frames of a drive: whether it measures motion, or guesses it from what a place looks
like."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import Engine
from depth_perception.estimators.odometry import camera_motions
from depth_perception.estimators.scale import model_scale
from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse, vector_from_rotation

Poses = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

STRIDES = (1, 2, 3, 4)
"""Frames between the two."""
EVERY = 5
"""Of so many frames one begins pairs."""
STANDING = 0.05
"""Metres of a step below which its direction and relative length say nothing."""


@dataclass
class PairTally:
    """Asks a model of two frames about pairs of a drive, whose frames it is given in order of time.

    Attributes:
        same: motions ``[4, 4]`` answered to the same picture twice.
        steps: of each stride, the answered and the true motions from one frame to a later one.
        reversed: the answered and the true motions from a frame to the one before it.
        undone: what is left of a motion after that of the swapped pair; the identity if one is the other's inverse.
    """

    engine: Engine
    camera: Camera
    same: list[Poses] = field(default_factory=list)
    steps: dict[int, list[tuple[Poses, Poses]]] = field(default_factory=lambda: {stride: [] for stride in STRIDES})
    reversed: list[tuple[Poses, Poses]] = field(default_factory=list)
    undone: list[Poses] = field(default_factory=list)

    def __post_init__(self) -> None:
        model = self.engine.model
        self._view = NetworkView(self.camera, model.width, model.height)
        self._frames: deque[tuple[Image, Poses]] = deque(maxlen=max(STRIDES) + 1)
        self._count = 0

    def add(self, image: Image, pose: Poses) -> None:
        """One more frame of the drive, and its pose `T_world_camera`."""
        self._frames.append((self._view.image(np.ascontiguousarray(image)), pose))
        self._count += 1
        if len(self._frames) <= max(STRIDES) or self._count % EVERY:
            return
        first, pose = self._frames[0]
        self.same.append(self._motion(first, first))
        for stride in STRIDES:
            later, there = self._frames[stride]
            motion, truth = self._motion(first, later), inverse(pose) @ there
            self.steps[stride].append((motion, truth))
            if stride == 1:
                back = self._motion(later, first)
                self.reversed.append((back, inverse(truth)))
                self.undone.append(motion @ back)

    def _motion(self, first: Image, second: Image) -> Poses:
        model = self.engine.model
        answer = self.engine.run({"images": np.stack([first, second])})["motion"].astype(np.float64)
        motion = camera_motions(answer[0], model, self._view.camera)
        motion[:3, 3] *= model_scale(model).value
        return motion


def pair_figures(tallies: Sequence[PairTally]) -> dict[str, float]:
    """What the tallies of all drives come to; nothing if the drives are too short for any pair."""
    same = [motion for tally in tallies for motion in tally.same]
    if not same:
        return {}
    undone = [motion for tally in tallies for motion in tally.undone]
    back = [(float(motion[2, 3]), float(truth[2, 3])) for tally in tallies for motion, truth in tally.reversed]
    steps = {
        stride: np.array(
            [(length(motion), length(truth)) for tally in tallies for motion, truth in tally.steps[stride]]
        )
        for stride in STRIDES
    }
    figures = {
        "same picture twice, largest step, m": max(map(length, same)),
        "same picture twice, largest turn, degrees": max(map(degrees, same)),
        "swapped pair, largest step left, m": max(map(length, undone)),
        "swapped pair, largest turn left, degrees": max(map(degrees, undone)),
    }
    for stride, lengths in steps.items():
        answered, true = lengths.sum(0)
        figures[f"length of steps of {stride}, over the true one"] = float(answered / true)
    figures["correlation of all steps' lengths with the true ones"] = _correlation(*np.concatenate([*steps.values()]).T)
    moved = [(answer, truth) for answer, truth in back if abs(truth) > STANDING]
    if moved:
        figures["reversed pairs answered backwards, share"] = float(np.mean([a * t > 0 for a, t in moved]))
    return figures


def _correlation(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """0 if one of them is the same everywhere."""
    first, second = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 1e-9 else 0.0


def length(motion: Poses) -> float:
    """Of the step, metres."""
    return float(np.linalg.norm(motion[:3, 3]))


def degrees(motion: Poses) -> float:
    """Of the turn."""
    return float(np.degrees(np.linalg.norm(vector_from_rotation(motion[:3, :3]))))
