"""What is judged is what came: frames that were dropped, maps that are wrong, poses of unknown times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.models import luma_depth
from helpers.recordings import CAMERA_HEIGHT, write_recording

from depth_perception.evaluation.judge import Judge
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_vector
from depth_perception.recordings.pose_files import PosesOf
from depth_perception.recordings.recording import Recording
from depth_perception.trajectory_file import tum_line

CAMERA = Camera(64, 32, 40.0, 40.0, 31.5, 15.5)
IMAGE = np.zeros((32, 64, 3), np.uint8)


@pytest.fixture
def recording(tmp_path):
    def make(**options):
        write_recording(tmp_path / "drive", **options)
        return Recording.open(tmp_path / "drive")

    return make


def road(height: float) -> np.ndarray:
    """Depth of a level road as a level camera sees it; +inf above the horizon."""
    down = (np.arange(32) - CAMERA.cy) / CAMERA.fy
    depth = np.where(down > 0, height / np.maximum(down, 1e-9), np.inf)
    return np.repeat(depth[:, None], 64, axis=1).astype(np.float32)


def test_the_road_is_a_plane_below_the_camera(recording):
    with recording(frames=3) as drive:
        judge = Judge(drive)
        for stamp in drive.stamps:
            judge.depth(stamp, IMAGE, road(2.0), CAMERA, metric=True)
        summary = judge.road_summary()
    assert summary is not None
    assert summary.images == 3
    assert summary.residual_median == pytest.approx(0, abs=1e-4)
    assert summary.height_median == pytest.approx(2.0, rel=1e-3)
    assert summary.true_height == pytest.approx(CAMERA_HEIGHT)


def test_a_road_that_is_not_flat_has_that_residual(recording):
    """With normal noise of 10 % on every pixel no plane fits better than its median absolute value, 6.74 %."""
    noise = np.random.default_rng(0).normal(1.0, 0.1, (32, 64)).astype(np.float32)
    with recording(frames=1) as drive:
        judge = Judge(drive)
        judge.depth(drive.stamps[0], IMAGE, road(1.5) * noise, CAMERA, metric=True)
        summary = judge.road_summary()
    assert summary is not None
    assert summary.residual_median == pytest.approx(0.0674, rel=0.15)


def test_the_roughest_of_many_roads_are_told_apart_from_the_middle_one(recording):
    """Three of twenty are noisy, as above: more than the twentieth that the 95th percentile leaves out."""
    rng = np.random.default_rng(0)
    with recording(frames=20) as drive:
        judge = Judge(drive)
        for index, stamp in enumerate(drive.stamps):
            noise = rng.normal(1.0, 0.1 if index % 7 == 0 else 0.0, (32, 64)).astype(np.float32)
            judge.depth(stamp, IMAGE, road(1.5) * noise, CAMERA, metric=True)
        summary = judge.road_summary()
    assert summary is not None
    assert summary.residual_median == pytest.approx(0, abs=1e-4)
    assert summary.residual_p95 == pytest.approx(0.0674, rel=0.2)


@pytest.mark.parametrize(("count", "shown"), [(1, [4]), (3, [1, 4, 7])])
def test_frames_are_shown_from_the_middle_of_as_many_equal_parts(recording, count, shown):
    """Of nine frames: neither the first nor the last, in which a drive has hardly begun or is over."""
    with recording(frames=9) as drive:
        judge = Judge(drive, samples=count)
        for stamp in drive.stamps:
            judge.depth(stamp, IMAGE, road(1.5), CAMERA, metric=True)
        assert [sample.stamp for sample in judge.samples] == [drive.stamps[index] for index in shown]


def test_what_does_not_look_is_judged_where_there_was_depth(recording):
    """The right half is as far everywhere, so one depth for all is right there; the left one, where no depth came,
    does not count."""

    def image(index: int) -> np.ndarray:
        grey = np.full((32, 64, 3), 100, np.uint8)
        grey[:, :32] = np.linspace(0, 250, 32, dtype=np.uint8)[:, None, None]
        return grey

    with recording(frames=3, image_of=image) as drive:
        judge = Judge(drive)
        for stamp in drive.stamps:
            depth = luma_depth(image(0))
            depth[:, :32] = np.nan
            judge.depth(stamp, image(0), depth, CAMERA, metric=True)
        report = judge.depth_report()
    assert report is not None
    assert report.baselines
    for name, metrics in report.baselines.items():
        assert metrics.abs_rel == pytest.approx(0.0, abs=1e-3), name


@pytest.mark.parametrize("pitch", [np.pi / 2, -np.pi / 2], ids=["down", "up"])
def test_a_camera_that_sees_no_road_ahead_is_judged_without_one(tmp_path, pitch):
    write_recording(tmp_path / "drive", frames=2)
    with Recording.open(tmp_path / "drive", camera_pose=[1.0, 0.0, 1.5, 0.0, pitch, 0.0]) as drive:
        judge = Judge(drive)
        for stamp in drive.stamps:
            judge.depth(stamp, IMAGE, road(2.0), CAMERA, metric=True)
        assert judge.road_summary() is None
        assert judge.depth_report() is not None
        assert any("looks down by 90°" in note or "looks up by 90°" in note for note in judge.notes())


@pytest.mark.parametrize(("metres", "said"), [(9000.0, "is 9000 m"), (0.0, "nor any beyond")])
def test_truth_without_a_value_that_counts_is_named_with_its_median(recording, metres, said):
    def change(topic, index, message):
        if topic != "/ground_truth/depth":
            return message
        return replace(message, data=np.full((32, 64), metres, "<f4").view(np.uint8).ravel())

    with recording(frames=3, encoding="rgb8", depth="32FC1", change=change) as drive:
        judge = Judge(drive)
        for stamp in drive.stamps:
            judge.depth(stamp, IMAGE, road(2.0), CAMERA, metric=True)
        (note,) = (note for note in judge.notes() if "has no value" in note)
    assert note.startswith("True depth on /ground_truth/depth has no value up to 80 m in 3 images (")
    assert f"{said}): expected metres in 32FC1, millimetres in 16UC1" in note


def test_frames_are_shown_with_their_truth_even_where_some_were_dropped(recording):
    with recording(frames=30, depth_every=3) as drive:
        judge = Judge(drive, samples=4)
        for index, stamp in enumerate(drive.stamps):
            if index not in (3, 12):  # two frames with truth that never came
                judge.depth(stamp, IMAGE, road(1.5), CAMERA, metric=True)
        samples = judge.samples
    assert len(samples) == 4
    assert all(sample.truth is not None for sample in samples)


def test_a_map_without_a_single_depth_is_counted_not_fatal(recording):
    with recording(frames=2) as drive:
        judge = Judge(drive)
        for stamp in drive.stamps:
            judge.depth(stamp, IMAGE, np.full((32, 64), np.nan, np.float32), CAMERA, metric=True)
        assert judge.depth_frames == 2
        assert judge.depth_report() is None
        assert judge.road_summary() is None
        assert any(note.startswith("Failed 2 times: no pixel to compare") for note in judge.notes())


def test_poses_outside_of_the_true_trajectory_are_left_out(recording):
    with recording(frames=5) as drive:
        judge = Judge(drive)
        poses = {stamp: np.eye(4) for stamp in drive.stamps}
        for index, stamp in enumerate(drive.stamps):
            poses[stamp] = np.eye(4)
            poses[stamp][0, 3] = 0.5 * index
        poses[drive.stamps[-1] + 10_000_000_000] = np.eye(4)
        result = judge.trajectory(poses, metric=True)
    assert result is not None
    assert result.stamps.tolist() == drive.stamps
    assert result.metrics[0].ate_rmse == pytest.approx(0, abs=1e-9)


def test_one_pose_is_no_trajectory(recording):
    with recording(frames=2) as drive:
        assert Judge(drive).trajectory({drive.stamps[0]: np.eye(4)}, metric=True) is None


def test_time_that_does_not_go_forward_is_said(recording):
    with recording(frames=4) as drive:
        drive.stamps[2] = drive.stamps[0]
        assert any("Time does not go forward at 1 of the images" in note for note in Judge(drive).notes())


def test_true_poses_that_fit_as_the_cameras_alone_are_noted(tmp_path):
    stamps = write_recording(tmp_path / "drive", frames=5)
    mount = pose_from(BODY_FROM_OPTICAL[:3, :3], [1.0, 0.0, CAMERA_HEIGHT])
    world = pose_from(rotation_from_vector([0.3, -0.2, 1.0]), [5.0, 6.0, 7.0])
    bodies = {
        stamp: pose_from(rotation_from_vector([0, 0, 0.1 * index]), [0.5 * index, 0.01 * index**2, 0])
        for index, stamp in enumerate(stamps)
    }
    camera = tmp_path / "camera.tum"
    camera.write_text("".join(tum_line(stamp, world @ pose @ mount) for stamp, pose in bodies.items()))
    choices: tuple[tuple[PosesOf, int], ...] = (("body", 1), ("camera", 0))
    for poses_of, noted in choices:
        with Recording.open(tmp_path / "drive", poses=camera, poses_of=poses_of) as drive:
            judge = Judge(drive)
            trajectory = judge.trajectory(bodies, metric=True)
            assert trajectory is not None
            assert trajectory.metrics[0].ate_percent == pytest.approx(0, abs=1e-4) or noted
            assert sum("--poses-of camera" in note for note in judge.notes()) == noted
