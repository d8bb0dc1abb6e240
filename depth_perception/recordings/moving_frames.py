"""Where frames went in one another, by the transforms of a recording: a trajectory is that of a chain of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.recordings.static_transforms import StaticTransforms
from depth_perception.recordings.timed_poses import TimedPoses
from depth_perception.recordings.true_poses import Pose, nanoseconds, pose_of


class MovingFrames:
    """A tree of frames over time.

    Args:
        messages: ``tf2_msgs/TFMessage`` or ``geometry_msgs/TransformStamped``, deserialised; of two transforms of a
            frame with one stamp the later counts, and of two parents the one that has more of them.

    Attributes:
        unusable: How many transforms were none, by the name of their frame.
    """

    def __init__(self, messages: Iterable[Any]) -> None:
        found: dict[str, dict[str, dict[int, Pose]]] = {}
        self.unusable: dict[str, int] = {}
        for message in messages:
            for item in getattr(message, "transforms", [message]):
                pose = pose_of(item.transform.translation, item.transform.rotation)
                child, parent = (str(name).lstrip("/") for name in (item.child_frame_id, item.header.frame_id))
                poses = found.setdefault(child, {}).setdefault(parent, {})
                if pose is None:
                    self.unusable[child] = self.unusable.get(child, 0) + 1
                else:
                    poses[nanoseconds(item.header.stamp)] = pose
        self._steps = {child: max(parents.items(), key=lambda item: len(item[1])) for child, parents in found.items()}

    @property
    def children(self) -> set[str]:
        """The frames that are moved."""
        return set(self._steps)

    def trajectory(self, body: str, static: StaticTransforms) -> tuple[TimedPoses, list[str]]:
        """The poses of a frame in the root of its tree, at its own stamps, and the frames on the way there.

        What is between two poses of a frame above it is as of `TimedPoses.at`, however far they are apart; a frame
        above it that has one pose alone stands still.
        """
        parent, told = self._steps[body]
        way, stamps = [body, parent], np.array(sorted(told), np.int64)
        poses = np.array([told[stamp] for stamp in stamps.tolist()]).reshape(-1, 4, 4)
        while (above := self._above(parent, stamps, static)) is not None:
            parent, steps, known = above
            if parent in way:
                break
            way.append(parent)
            stamps, poses = stamps[known], steps[known] @ poses[known]
        return TimedPoses(stamps, poses), way

    def _above(
        self, frame: str, stamps: npt.NDArray[np.int64], static: StaticTransforms
    ) -> tuple[str, Pose, npt.NDArray[np.bool_]] | None:
        """A frame above one, that frame's poses in it at these stamps, and which of them are known; None for a root."""
        everywhere = np.ones(len(stamps), np.bool_)
        if frame not in self._steps:
            root = static.root(frame)
            in_root = static.between(root, frame)
            if root == frame or in_root is None:
                return None
            return root, np.tile(in_root, (len(stamps), 1, 1)), everywhere
        parent, told = self._steps[frame]
        times = sorted(told)
        if len(times) == 1:
            return parent, np.tile(told[times[0]], (len(stamps), 1, 1)), everywhere
        steps = TimedPoses(np.array(times, np.int64), np.array([told[time] for time in times]).reshape(-1, 4, 4))
        return parent, *steps.at(stamps, np.inf)
