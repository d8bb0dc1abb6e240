"""Trajectory files, read by who reads true ones, and cut off."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from depth_perception.files import OutputError
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_vector
from depth_perception.recordings.pose_files import read_poses
from depth_perception.trajectory_file import TrajectoryFile

MOUNT = pose_from(np.eye(3), [1.6, 0.1, 1.5]) @ BODY_FROM_OPTICAL
STAMPS = [1_700_000_000_000_000_000 + round(1e8) * index for index in range(5)]
POSES = [pose_from(rotation_from_vector([0.01, 0.02, 0.1 * index]), [2.0 * index, 0.3, 0.0]) for index in range(5)]
POSES[0] = np.eye(4)


def written(path: Path) -> TrajectoryFile:
    file = TrajectoryFile(path)
    for stamp, pose in zip(STAMPS, POSES, strict=True):
        file.add(stamp, pose, MOUNT)
    return file


@pytest.mark.parametrize("name", ["drive.tum", "drive.txt", "drive.kitti"])
def test_poses_come_back_before_the_file_is_closed(tmp_path, name):
    file = written(tmp_path / "new" / name)
    poses, unusable = read_poses(tmp_path / "new" / name, STAMPS, MOUNT)
    assert unusable == 0
    np.testing.assert_array_equal(poses.stamps, STAMPS)
    np.testing.assert_allclose(poses.poses, POSES, atol=1e-7)
    file.close()


def test_nothing_that_is_there_is_written_over(tmp_path):
    first = written(tmp_path / "drive.tum")
    before = (tmp_path / "drive.tum").read_text()
    first.restart()
    assert not first.is_begun
    first.add(STAMPS[0], POSES[1], MOUNT)
    second = written(tmp_path / "drive.tum")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drive-2.tum", "drive-3.tum", "drive.tum"]
    assert (tmp_path / "drive.tum").read_text() == (tmp_path / "drive-3.tum").read_text() == before
    assert (tmp_path / "drive-2.tum").read_text().startswith("1700000000.000000000 2 0.3 0 ")
    first.close()
    second.close()


def test_where_there_is_no_room_the_file_ends_with_a_whole_line(tmp_path):
    file = written(tmp_path / "drive.tum")
    before = (tmp_path / "drive.tum").read_text()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            file.add(STAMPS[0], POSES[0], MOUNT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "drive.tum").read_text() == before
    file.add(STAMPS[4], POSES[4], MOUNT)  # there is room again
    assert (tmp_path / "drive.tum").read_text() == before + before.splitlines(keepends=True)[-1]
    file.close()


def test_a_place_that_cannot_be_written_is_said_at_once():
    with pytest.raises(OutputError, match="cannot be written"):
        TrajectoryFile(Path("/proc/nothing/drive.tum"))
