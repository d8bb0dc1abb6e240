"""Any rosbag2: the robot's own view of it, decoded once, with the truth that it has."""

import numpy as np
import pytest
from helpers.recordings import STEP, luma_depth, write_recording

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from depth_perception.recordings.recording import Recording
from depth_perception.trajectory_file import tum_line
from training.data.datasets.bag import BagData
from training.data.recorded import of_lengths, without_gaps
from training.errors import TrainingError


def settings(path, **options):
    defaults = {"width": 64, "height": 32, "motion": -1.0, "cache": str(path.parent / "cache")}
    return BagData(str(path), **{**defaults, **options})


@pytest.mark.parametrize("encoding", ["rgb8", "png"])
def test_images_depth_and_motion_as_the_robot_has_them(tmp_path, encoding):
    path = tmp_path / "bag"
    write_recording(path, encoding=encoding, frames=5, depth="32FC1", odometry=True)
    snippets = settings(path, truth=("depth", "poses", "distances")).open(frames=3)
    assert len(snippets) == 3
    with Recording.open(path) as recording:
        view = NetworkView(recording.camera, 64, 32)
        images = [image.decode() for image in recording.images()]
    for k, snippet in enumerate(snippets):
        for i, image in enumerate(snippet.images):
            assert np.array_equal(image, view.image(images[k + i]))
        expected = view.depth(luma_depth(images[k + 1]))
        assert snippet.depth.astype(np.float32) == pytest.approx(expected, rel=1e-3, nan_ok=True)
        # the body drives along its x, which is the camera's z
        relative = np.linalg.inv(snippet.poses[0]) @ snippet.poses[1]
        assert relative[:3, 3] == pytest.approx([0.0, 0.0, STEP], abs=1e-9)
        assert relative[:3, :3] == pytest.approx(np.eye(3), abs=1e-9)
        assert snippet.distances == pytest.approx([STEP, STEP])
        assert snippet.camera == view.camera


def test_a_trajectory_that_was_estimated_gives_motion_and_is_no_truth(tmp_path):
    path = tmp_path / "drive"
    write_recording(path, frames=5, odometry=True)
    with Recording.open(path) as recording:
        stamps = recording.stamps
    turns = [rotation_from_vector(np.array([0.0, 0.02 * number, 0.0])) for number in range(5)]
    poses = [pose_from(turn, [0.01 * number, 0.0, 0.3 * number]) for number, turn in enumerate(turns)]
    (tmp_path / "drive.tum").write_text("".join(map(tum_line, stamps, poses)))
    data = settings(path, followed=str(tmp_path / "drive.tum"))
    snippet = data.open(3)[0]
    np.testing.assert_allclose(snippet.poses, poses[:3], atol=1e-6)
    assert snippet.distances is None
    assert data.describe().truths == ()

    # Where distances are measured, it turns as it was estimated, and goes as far as was measured.
    data = settings(path, followed=str(tmp_path / "drive.tum"), truth=("distances",))
    snippet = data.open(3)[0]
    steps, estimated = (np.linalg.inv(way[:-1]) @ way[1:] for way in (snippet.poses, np.array(poses[:3])))
    np.testing.assert_allclose(np.linalg.norm(steps[:, :3, 3], axis=1), STEP, atol=1e-6)
    np.testing.assert_allclose(steps[:, :3, :3], estimated[:, :3, :3], atol=1e-6)
    np.testing.assert_allclose(
        steps[:, :3, 3] / STEP, estimated[:, :3, 3] / np.linalg.norm(estimated[:, :3, 3], axis=1)[:, None], atol=1e-6
    )
    assert snippet.distances == pytest.approx([STEP, STEP])
    assert data.describe().truths == ("distances",)


def test_images_alone_unless_asked(tmp_path):
    path = tmp_path / "bag"
    write_recording(path, frames=4, depth="32FC1", odometry=True)
    snippet = settings(path).open(frames=3)[0]
    assert snippet.depth is None
    assert snippet.poses is None
    assert snippet.distances is None


def test_depth_of_some_frames_is_unknown_for_the_rest(tmp_path):
    path = tmp_path / "bag"
    write_recording(path, frames=4, depth="32FC1", depth_every=2)
    snippets = settings(path, truth=("depth",)).open(frames=3)
    assert np.isnan(snippets[0].depth).all()
    assert np.isfinite(snippets[1].depth).any()


def test_decoded_once(tmp_path):
    path = tmp_path / "bag"
    write_recording(path, frames=4)
    settings(path).open(frames=3)
    (stored,) = (tmp_path / "cache").iterdir()
    stamp = (stored / "images.npy").stat().st_mtime_ns
    settings(path).open(frames=3)
    assert (stored / "images.npy").stat().st_mtime_ns == stamp


def test_no_snippet_crosses_a_gap_or_the_edge_of_the_odometry():
    stamps = np.array([0, 100, 200, 300, 600, 700, 800, 750, 850]) * 1_000_000
    known, one = np.ones(9, bool), np.zeros(9, np.int64)
    assert list(without_gaps(stamps, known, one)) == [slice(0, 4), slice(4, 7), slice(7, 9)]
    known[:2] = False
    assert next(without_gaps(stamps, known, one)) == slice(0, 2)
    zoomed = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1])
    assert next(without_gaps(stamps, known, zoomed)) == slice(0, 1)


def test_a_step_too_short_to_tell_its_length_stays_as_it_is():
    ways = np.tile(np.eye(4), (4, 1, 1))
    ways[:, 2, 3] = [0.0, 1.0, 1.0, 3.0]
    longer = of_lengths(ways, np.array([2.0, 0.5, 0.0]))
    assert longer[:, 2, 3] == pytest.approx([0.0, 2.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("options", "truth", "reason"),
    [
        ({"depth": None}, "depth", "has no true depth: take depth out of truth"),
        ({"odometry": False}, "poses", "has no true odometry"),
        ({"static_transform": False}, "distances", "static transforms do not connect base_link"),
    ],
)
def test_truth_that_is_not_there_is_named_before_it_is_decoded(tmp_path, options, truth, reason):
    path = tmp_path / "bag"
    write_recording(path, frames=4, **options)
    with pytest.raises(TrainingError, match=reason):
        settings(path, truth=(truth,)).open(frames=3)
    assert not (tmp_path / "cache").exists()


def test_a_part_of_a_recording(tmp_path):
    path = tmp_path / "bag"
    write_recording(path, frames=6, depth="32FC1")
    whole, part = (settings(path, truth=("depth",), **some) for some in ({}, {"first": 2, "last": 5}))
    snippets, few = whole.open(frames=1), part.open(frames=1)
    assert (len(snippets), len(few)) == (6, 3)
    for k, snippet in enumerate(few[i] for i in range(3)):
        assert np.array_equal(snippet.images[0], snippets[k + 2].images[0])
        assert np.array_equal(snippet.depth, snippets[k + 2].depth, equal_nan=True)
        assert snippet.name == snippets[k + 2].name
    assert (whole.title, part.title) == ("bag", "bag, frames 2 to 4")
