"""A true trajectory from the messages of one topic, whatever their type; of transforms see `moving_frames`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import pose_from, rotation_from_quaternion
from depth_perception.recordings.timed_poses import TimedPoses

Pose = npt.NDArray[np.float64]


def pose_of(position: Any, orientation: Any) -> Pose | None:
    """``[4, 4]`` of the fields of a pose or a transform; None if they hold NaN, infinity or a quaternion of zeros."""
    values = [position.x, position.y, position.z, orientation.x, orientation.y, orientation.z, orientation.w]
    quaternion = np.array(values[3:])
    if not np.all(np.isfinite(values)) or np.linalg.norm(quaternion) < 1e-3:
        return None
    return pose_from(rotation_from_quaternion(quaternion), values[:3])


def true_poses(messages: Iterable[Any]) -> tuple[TimedPoses, str, int]:
    """The poses in order of time, the frame of the body (empty if the messages do not say), and how many were no poses.

    Of two poses with one stamp the later counts.

    Args:
        messages: Of one of the types in `topics.POSES` but transforms, deserialised. Of paths the last one counts
            alone.
    """
    poses: dict[int, Pose] = {}
    body, unusable = "", 0
    for stamp, position, orientation, child in _poses_in(messages):
        pose = pose_of(position, orientation)
        body = child or body
        if pose is None:
            unusable += 1
        else:
            poses[stamp] = pose
    stamps = sorted(poses)
    found = np.array([poses[stamp] for stamp in stamps]).reshape(-1, 4, 4)
    return TimedPoses(np.array(stamps, np.int64), found), body, unusable


def nanoseconds(stamp: Any) -> int:
    """Of a ``builtin_interfaces/Time``."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _poses_in(messages: Iterable[Any]) -> Iterator[tuple[int, Any, Any, str]]:
    """Stamp, position, orientation and child frame of each."""
    path: list[Any] = []
    for message in messages:
        if hasattr(message, "poses"):
            path = list(message.poses)
        else:
            pose, stamp = message.pose, nanoseconds(message.header.stamp)
            pose = pose.pose if hasattr(pose, "pose") else pose
            yield stamp, pose.position, pose.orientation, str(getattr(message, "child_frame_id", ""))
    for item in path:
        yield nanoseconds(item.header.stamp), item.pose.position, item.pose.orientation, ""
