"""The odometry benchmark: poses of another camera, and sequences that are known under another name."""

import numpy as np
import pytest
from helpers.datasets import projection, write_kitti_sequence

from depth_perception.geometry.pose import pose_from, rotation_from_vector
from training.data.datasets.kitti_odometry import TEST, TRAINING, KittiOdometryData
from training.data.datasets.kitti_raw import KittiRawData
from training.errors import TrainingError

# Camera 0 turns left while it drives: cameras beside it do not move as it does.
POSES = [np.eye(4)]
for _ in range(5):
    POSES.append(POSES[-1] @ pose_from(rotation_from_vector([0.0, -0.05, 0.0]), [0.0, 0.0, 0.8]))
POSES.append(POSES[-1])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("odometry")
    for sequence in ("04", "09"):
        write_kitti_sequence(root, sequence, np.array(POSES))
    return root


def data(tree, **options):
    return KittiOdometryData(str(tree), sequences=("04",), **options)


@pytest.mark.parametrize(("camera", "number"), [("image_2", 2), ("image_3", 3)])
def test_poses_are_those_of_the_camera_that_sees(tree, camera, number):
    poses = data(tree, camera=camera, truth=("poses",)).open(frames=3)[1].poses
    offset = np.eye(4)  # takes points of camera 0 into this one
    offset[:3, 3] = np.linalg.inv(projection(number)[:, :3]) @ projection(number)[:, 3]
    for k in range(2):
        first, second = (POSES[k + i + 1] @ np.linalg.inv(offset) for i in range(2))
        expected = np.linalg.inv(first) @ second
        assert np.linalg.inv(poses[k]) @ poses[k + 1] == pytest.approx(expected, abs=1e-9)
    assert expected[:3, 3] != pytest.approx([0.0, 0.0, 0.8], abs=1e-3)


def test_distances_are_driven_by_this_camera(tree):
    snippet = data(tree, truth=("distances", "poses")).open(frames=3)[1]
    assert snippet.distances == pytest.approx(np.linalg.norm(np.diff(snippet.poses[:, :3, 3], axis=0), axis=1))


def test_depth_from_the_scan_of_the_frame(tree):
    snippets = data(tree, truth=("depth",)).open(frames=1)
    for k in (0, 3):
        depth = snippets[k].depth
        assert np.nanmax(depth) == pytest.approx(10.0 + k - 0.27, abs=0.02)
        assert np.isfinite(depth).sum() == 1


def test_standing_frames_are_left_out(tree):
    assert len(data(tree).open(frames=3)) == 5
    assert len(data(tree, minimum_speed=1.0).open(frames=3)) == 4  # the last two poses are the same


def test_the_papers_sequences_share_no_drive_with_each_other_but_some_with_eigens_test():
    training, test = (KittiOdometryData("anywhere", sequences).drives() for sequences in (TRAINING, TEST))
    assert not training & test
    assert len(training) + len(test) == 11


def test_a_sequence_is_the_raw_drive_that_it_was_cut_from(tree, tmp_path):
    path = tmp_path / "files.txt"
    path.write_text("2011_09_30/2011_09_30_drive_0016_sync 5 l\n")
    assert data(tree).drives() == KittiRawData("anywhere", str(path)).drives()


def test_what_is_missing_is_named(tree, tmp_path):
    with pytest.raises(TrainingError, match="there is no sequence of the KITTI odometry benchmark: get it from https"):
        KittiOdometryData(str(tree), sequences=("00",)).open(frames=3)
    folder = write_kitti_sequence(tmp_path, "11", np.array(POSES))
    (tmp_path / "poses/11.txt").unlink()
    unposed = KittiOdometryData(str(tmp_path), sequences=("11",), truth=("poses",))
    with pytest.raises(TrainingError, match=r"11\.txt: there is no poses"):
        unposed.open(frames=3)
    (tmp_path / "poses/11.txt").write_text("1 2 3\n")
    with pytest.raises(TrainingError, match=r"11\.txt: line 1 is not a pose of 12 numbers"):
        unposed.open(frames=3)
    (tmp_path / "poses/11.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n")
    with pytest.raises(TrainingError, match=r"has 1 poses, .* has 7 images"):
        unposed.open(frames=3)
    (folder / "calib.txt").unlink()
    with pytest.raises(TrainingError, match=r"calib\.txt: there is no calibration"):
        unposed.open(frames=3)
