"""Poses between poses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.timed_poses import TimedPoses

SECOND = 1_000_000_000


def turned(angle: float, x: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0, x], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def test_between_two_poses_it_moves_and_turns_evenly():
    poses = TimedPoses(np.array([0, SECOND]), np.array([turned(0.2, 0.0), turned(1.0, 4.0)]))
    got, known = poses.at(np.array([0, SECOND // 4, SECOND]), tolerance=2.0)
    assert known.all()
    np.testing.assert_allclose(got, [turned(0.2, 0), turned(0.4, 1), turned(1.0, 4)], atol=1e-9)


def test_outside_and_in_gaps_there_is_none():
    poses = TimedPoses(np.array([1, 2, 5]) * SECOND, np.array([turned(0, 0), turned(0, 1), turned(0, 4)]))
    stamps = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 5.1]) * SECOND
    _, known = poses.at(stamps.astype(np.int64), tolerance=1.0)
    assert known.tolist() == [False, True, True, True, False, True, False]


def test_stamps_of_an_epoch_lose_no_nanosecond():
    start = 1_700_000_000 * SECOND
    poses = TimedPoses(np.array([start, start + 3]), np.array([turned(0, 0.0), turned(0, 3.0)]))
    got, known = poses.at(np.array([start + 1, start + 2]))
    assert known.all()
    np.testing.assert_allclose(got[:, 0, 3], [1.0, 2.0])


def test_what_is_no_trajectory_is_refused():
    with pytest.raises(RecordingError, match="must increase"):
        TimedPoses(np.array([2, 1]), np.tile(np.eye(4), (2, 1, 1)))
    with pytest.raises(RecordingError, match="3 stamps and poses of shape"):
        TimedPoses(np.array([1, 2, 3]), np.tile(np.eye(4), (2, 1, 1)))
