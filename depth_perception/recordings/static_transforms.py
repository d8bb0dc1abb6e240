"""Where frames are in one another, by the static transforms of a recording."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import inverse
from depth_perception.recordings.true_poses import pose_of

Pose = npt.NDArray[np.float64]


class StaticTransforms:
    """A tree of frames.

    Args:
        messages: ``tf2_msgs/TFMessage``, deserialised; the last word on a frame counts. Transforms that hold NaN are
            left out.
    """

    def __init__(self, messages: Iterable[Any]) -> None:
        self._parents: dict[str, tuple[str, Pose]] = {}
        for message in messages:
            for item in message.transforms:
                pose = pose_of(item.transform.translation, item.transform.rotation)
                if pose is not None:
                    self._parents[_name(item.child_frame_id)] = (_name(item.header.frame_id), pose)

    def between(self, target: str, source: str) -> Pose | None:
        """The pose of `source` in `target`, ``[4, 4]``; None if the transforms do not connect them."""
        targets, sources = self._to_root(_name(target)), self._to_root(_name(source))
        for frame, in_frame in sources.items():
            if frame in targets:
                return inverse(targets[frame]) @ in_frame
        return None

    def root(self, frame: str) -> str:
        """The frame that is above it and below none."""
        return list(self._to_root(_name(frame)))[-1]

    def children(self, frame: str) -> list[str]:
        """All frames below one, in the order they were told."""
        return [name for name in self._parents if _name(frame) in self._to_root(name) and name != _name(frame)]

    def _to_root(self, frame: str) -> dict[str, Pose]:
        """The frame and all its ancestors, nearest first, each with the pose of the frame in it."""
        poses = {frame: np.eye(4)}
        pose = np.eye(4)
        while frame in self._parents:
            frame, step = self._parents[frame]
            if frame in poses:
                break
            pose = step @ pose
            poses[frame] = pose
        return poses


def _name(frame: Any) -> str:
    return str(frame).lstrip("/")
