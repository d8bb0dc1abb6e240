"""A recording whose depth and motion are known, replayed with models that answer just these."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import STEP, later, road, write_recording

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.height_check import HeightMismatch
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import DepthSettings, OdometrySettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.figures import Condition
from depth_perception.evaluation.judge import Judge
from depth_perception.evaluation.replay import replay
from depth_perception.evaluation.report import summary
from depth_perception.geometry.pose import pose_from
from depth_perception.recordings.recording import Recording


def test_depth_that_is_right_has_no_error(evaluated):
    result = evaluated(frames=6)
    assert len(result.frames) == 6
    assert result.depth is not None
    assert result.depth.images == 6
    # the model reads the same picture that the truth was made of; the truth is rounded to a millimetre
    assert result.depth.metric is not None
    assert result.depth.metric.abs_rel < 1e-3
    assert result.depth.median_scaled.abs_rel < 1e-3
    assert result.depth.median_scaled.scale == pytest.approx(1.0, abs=1e-3)
    assert result.depth.median_scaled.coverage == 1.0
    assert result.depth_is_metric


def test_constant_motion_is_a_straight_line_in_body_axes(evaluated):
    result = evaluated(frames=9)
    trajectory = result.trajectory
    assert trajectory is not None
    assert trajectory.truth is not None
    np.testing.assert_allclose(trajectory.estimate[:, :3, 3], np.outer(STEP * np.arange(9), [1, 0, 0]), atol=1e-5)
    np.testing.assert_allclose(trajectory.estimate[:, :3, :3], np.tile(np.eye(3), (9, 1, 1)), atol=1e-6)
    assert [item.alignment for item in trajectory.metrics] == ["origin", "scale", "sim3"]
    assert trajectory.metrics[0].ate_rmse < 1e-5
    assert trajectory.path_length == pytest.approx(8 * STEP)


def test_a_camera_twice_as_long_sees_twice_as_far(evaluated):
    """Depth of a network scales with the focal length of the camera it looks through."""
    result = evaluated(frames=3, focal_length=80.0)
    assert result.depth is not None
    assert result.depth.metric is not None
    assert result.depth.median_scaled.scale == pytest.approx(0.5, rel=1e-3)
    assert result.depth.median_scaled.abs_rel < 1e-3
    assert result.depth.metric.abs_rel == pytest.approx(1.0, abs=0.02)  # a few pixels reach the 80 m of the clamp


def test_models_without_metres_are_judged_up_to_a_scale(evaluated):
    result = evaluated(frames=5, metric=False)
    assert result.depth is not None
    assert result.depth.metric is None
    assert not result.depth_is_metric
    assert result.trajectory is not None
    assert [item.alignment for item in result.trajectory.metrics] == ["scale", "sim3"]
    assert any("does not know metres" in note for note in result.notes)


def test_without_ground_truth_nothing_is_claimed(evaluated):
    result = evaluated(frames=5, depth=None, odometry=True, static_transform=False)
    assert result.depth is None
    assert any("no true depth" in note for note in result.notes)
    assert any("No static transform from base_link to camera_optical_frame" in note for note in result.notes)
    assert len(result.frames) == 5
    assert len(result.samples) == 4
    assert all(sample.truth is None for sample in result.samples)


def test_samples_are_frames_that_have_truth(evaluated):
    result = evaluated(frames=20, depth_every=5)
    assert result.depth is not None
    assert result.depth.images == 4
    assert len(result.samples) == 4
    assert all(sample.truth is not None for sample in result.samples)


def test_depth_alone(evaluated):
    result = evaluated(frames=3, odometry=False)
    assert result.trajectory is None
    assert [model.role for model in result.models] == ["depth"]


def test_the_same_replay_twice_gives_the_same_figures(evaluated, tmp_path):
    first = evaluated(frames=5)
    (tmp_path / "drive").rename(tmp_path / "before")
    second = evaluated(frames=5)
    assert first.frames == second.frames
    assert first.depth == second.depth
    assert first.trajectory is not None
    assert second.trajectory is not None
    assert first.trajectory.metrics == second.trajectory.metrics


@pytest.mark.parametrize(
    ("scale_source", "ahead"), [("model", True), ("odometry", False)], ids=["by itself", "it waits for odometry"]
)
def test_depth_of_the_next_image_is_computed_while_one_is_judged(tmp_path, monkeypatch, scale_source, ahead):
    write_recording(tmp_path / "drive", frames=4)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    begun: dict[int | None, threading.Event] = defaultdict(threading.Event)
    order: list[int] = []
    estimate, depth = DepthEstimator.estimate, Judge.depth

    def estimated(estimator, image, stamp=None):
        begun[stamp].set()
        return estimate(estimator, image, stamp)

    def judged(judge, stamp, *depth_map, **options):
        order.append(stamp)
        following = stamps[len(order) : len(order) + 1]
        assert all(begun[later].wait(60.0 if ahead else 0.1) == ahead for later in following)
        depth(judge, stamp, *depth_map, **options)

    monkeypatch.setattr(DepthEstimator, "estimate", estimated)
    monkeypatch.setattr(Judge, "depth", judged)
    with Recording.open(tmp_path / "drive") as recording:
        stamps = recording.stamps
        replay(recording, *engines, DepthSettings(scale_source=scale_source))
    assert order == list(stamps)


def test_a_recording_that_gives_no_depth_at_all_is_refused(tmp_path):
    write_recording(tmp_path / "drive", encoding="rgb8", frames=3)
    (file,) = (tmp_path / "drive").glob("*.mcap")
    file.write_bytes(file.read_bytes().replace(b"rgb8\x00", b"rgbX\x00"))
    write_depth_model(tmp_path / "depth.onnx")
    with (
        Recording.open(file) as recording,
        pytest.raises(EvaluationError, match=r"not one image gave depth .*'rgbX' cannot be read"),
    ):
        replay(recording, open_engine(tmp_path / "depth.onnx"), None)


def test_images_that_were_lost_are_a_figure(evaluated, tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        is_lost = topic.startswith("/camera/image") and index >= 2
        return replace(message, data=message.data[:100]) if is_lost else message

    report = summary(evaluated(frames=5, odometry=False, change=change))
    assert report["images_failed"] == pytest.approx(0.6)
    assert Condition.parse("images_failed>0.5").failure(report) == "images_failed>0.5: it is 0.6"
    assert Condition.parse("images_failed>0.7").failure(report) is None


def test_progress_reaches_the_end(tmp_path):
    write_recording(tmp_path / "drive", frames=4)
    write_depth_model(tmp_path / "depth.onnx")
    seen: list[tuple[int, int]] = []
    with Recording.open(tmp_path / "drive") as recording:
        replay(recording, open_engine(tmp_path / "depth.onnx"), None, progress=lambda *step: seen.append(step))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_was_done_before_an_interruption_is_judged(tmp_path):
    write_recording(tmp_path / "drive", encoding="png", frames=6)
    write_depth_model(tmp_path / "depth.onnx")

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with Recording.open(tmp_path / "drive") as recording:
        result = replay(recording, open_engine(tmp_path / "depth.onnx"), None, progress=interrupt)
    assert result.interrupted
    assert result.depth is not None
    assert (len(result.frames), result.depth.images) == (3, 3)
    assert "Stopped by hand after 3 of 6 images." in result.notes


def test_what_nodes_can_be_set_to_replay_can_too(tmp_path):
    """A model that does not know metres sees a road 3 units below a camera that is 1.5 m above it."""
    size = {"width": 128, "height": 64, "focal_length": 80.0}

    def image_of(index: int) -> np.ndarray:
        image = road(3.0, **size)
        image[0, 0] = index  # no two images of a camera are the same to the bit
        return image

    write_recording(tmp_path / "drive", encoding="png", frames=6, image_of=image_of, metres_per_unit=0.5, **size)
    write_depth_model(tmp_path / "depth.onnx", metric=False, **size)
    write_pose_model(tmp_path / "pose.onnx", metric=False, motion=pose_from(np.eye(3), [0.0, 0.0, 2 * STEP]), **size)
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    ground, of_depth = DepthSettings(scale_source="ground_plane"), OdometrySettings(scale_source="depth")

    with Recording.open(tmp_path / "drive") as recording:
        result = replay(recording, *engines, ground, of_depth)
        assert result.depth is not None
        assert result.depth.metric is not None
        assert result.depth.metric.abs_rel < 0.02
        assert result.trajectory is not None
        assert result.trajectory.metric
        assert result.trajectory.path_length == pytest.approx(5 * STEP, rel=0.02)

        near = replay(recording, engines[0], None, replace(ground, maximum_range=10.0, minimum_range=4.0))
        depths = near.samples[0].depth
        finite = depths[np.isfinite(depths)]
        assert (finite.min(), finite.max()) == (pytest.approx(4.0, abs=0.3), pytest.approx(10.0, abs=0.5))
        assert np.isneginf(depths).any()

    # with a camera said to be twice as high
    with Recording.open(tmp_path / "drive", camera_pose=[1.0, 0.0, 3.0, 0.0, 0.0, 0.0]) as recording:
        result = replay(recording, engines[0], None, ground)
        assert result.road is not None
        assert (result.road.true_height, result.road.height_median) == (3.0, pytest.approx(3.0, rel=0.02))


def test_a_scale_from_the_ground_needs_to_know_the_camera(tmp_path):
    write_recording(tmp_path / "drive", frames=2, static_transform=False)
    write_depth_model(tmp_path / "depth.onnx")
    with (
        Recording.open(tmp_path / "drive") as recording,
        pytest.raises(EstimatorError, match="ground_plane needs to know where the camera is: set camera_pose"),
    ):
        replay(recording, open_engine(tmp_path / "depth.onnx"), None, DepthSettings(scale_source="ground_plane"))


def test_a_measured_speed_must_be_named_and_makes_metres(tmp_path):
    """The pose network goes half as far again as the wheels."""
    write_recording(tmp_path / "drive", frames=30)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 1.5 * STEP]))
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    by_speed = OdometrySettings(motion="posenet", scale_source="speed")
    with (
        Recording.open(tmp_path / "drive") as recording,
        pytest.raises(EvaluationError, match=r"needs a measured speed: name its topic .*TwistStamped.* --speed-topic"),
    ):
        replay(recording, *engines, motion=by_speed)
    with Recording.open(tmp_path / "drive", speed_topic="/ground_truth/odom") as recording:
        result = replay(recording, *engines, motion=by_speed)
    assert result.trajectory is not None
    assert result.trajectory.metric
    (scaled,) = (item for item in result.trajectory.metrics if item.alignment == "scale")
    assert not any("measured nothing" in note for note in result.notes)
    assert scaled.scale == pytest.approx(0.93, abs=0.04)  # half as far again in the first five of 29 steps


def test_no_speed_is_known_before_its_time(tmp_path, monkeypatch):
    """As on the robot: at each image, the speeds that were measured until then and no other."""
    write_recording(tmp_path / "drive", frames=6)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    told: list[tuple[str, int]] = []
    update = CameraOdometry.update

    def updated(odometry, image, stamp):
        told.append(("image", stamp))
        return update(odometry, image, stamp)

    monkeypatch.setattr(CameraOdometry, "update", updated)
    monkeypatch.setattr(CameraOdometry, "add_speed", lambda _, stamp, speed: told.append(("speed", stamp)))
    with Recording.open(tmp_path / "drive", speed_topic="/ground_truth/odom") as recording:
        stamps = recording.stamps
        engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
        replay(recording, *engines, motion=OdometrySettings(scale_source="speed"))
    assert told == [(what, stamp) for stamp in stamps for what in ("speed", "image")]


@pytest.mark.parametrize(
    ("late", "speed", "said"),
    [
        (-1000, 5.0, r"are from 1699999000.\d+ s to .* s, the images from 1700000000.0* s to .*: of another clock\?"),
        (0, np.nan, "none of the 30 speeds on /ground_truth/odom is a number"),
        (0, 0.0, "are at most 0 m/s"),
        (0, 65535.0, "too few, too far apart, or of too short a way"),
    ],
    ids=["of another clock", "no numbers", "of a wheel that stands", "of a sensor at its limit"],
)
def test_a_speed_that_never_measured_anything_is_said(tmp_path, late, speed, said):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom":
            return message
        twist = replace(message.twist.twist, linear=replace(message.twist.twist.linear, x=speed))
        return later(replace(message, twist=replace(message.twist, twist=twist)), late * 10**9)

    write_recording(tmp_path / "drive", frames=30, change=change)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    by_speed = OdometrySettings(motion="posenet", scale_source="speed")
    with Recording.open(tmp_path / "drive", speed_topic="/ground_truth/odom") as recording:
        result = replay(recording, *engines, motion=by_speed)
    (note,) = (note for note in result.notes if "scale_source speed" in note)
    assert re.fullmatch(rf"Odometry's scale_source speed measured nothing in 30 images \(.*{said}\): .*", note)
    refused = [note for note in result.notes if "speeds on /ground_truth/odom are left out: speed is" in note]
    assert bool(refused) == (not abs(speed) < 150.0)


def test_a_road_that_never_measured_anything_is_said(tmp_path):
    write_recording(tmp_path / "drive", frames=3)
    write_depth_model(tmp_path / "depth.onnx")
    with Recording.open(tmp_path / "drive") as recording:
        settings = DepthSettings(scale_source="ground_plane")
        result = replay(recording, open_engine(tmp_path / "depth.onnx"), None, settings)
    assert "Depth's scale_source ground_plane measured nothing in 3 images: lengths are as without it." in result.notes


def test_depth_takes_its_scale_from_odometry(tmp_path, monkeypatch):
    """From the second image on, where odometry has measured one."""
    write_recording(tmp_path / "drive", frames=5)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    measured = ScaleEstimate(2.0, 0.02, "odometry")
    monkeypatch.setattr(CameraOdometry, "depth_scale", measured)
    with Recording.open(tmp_path / "drive", speed_topic="/ground_truth/odom") as recording:
        by_speed = OdometrySettings(scale_source="speed")
        result = replay(recording, *engines, DepthSettings(scale_source="odometry"), by_speed)
    assert result.depth is not None
    assert result.depth.scale_median == pytest.approx(0.5, rel=1e-3)
    assert result.depth.metric is not None
    assert result.depth.metric.abs_rel == pytest.approx(0.8, abs=0.02)  # four of five images


def test_a_height_that_is_not_believed_is_said(tmp_path, monkeypatch):
    write_recording(tmp_path / "drive", frames=2)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    engines = open_engine(tmp_path / "depth.onnx"), open_engine(tmp_path / "pose.onnx")
    monkeypatch.setattr(CameraOdometry, "mismatch", HeightMismatch(0.72, 1.65))
    with Recording.open(tmp_path / "drive") as recording:
        notes = replay(recording, *engines).notes
    assert sum("0.72 m above base_link, but 1.65 m above the road" in note for note in notes) == 1


@pytest.mark.parametrize(
    "motion",
    [OdometrySettings(scale_source="model"), OdometrySettings(motion="posenet"), None],
    ids=["nothing is measured", "nothing that could", "no odometry"],
)
def test_a_scale_of_odometry_needs_one_that_measures(tmp_path, motion):
    write_recording(tmp_path / "drive", frames=2)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    pose = None if motion is None else open_engine(tmp_path / "pose.onnx")
    by_odometry = DepthSettings(scale_source="odometry")
    with (
        Recording.open(tmp_path / "drive") as recording,
        pytest.raises(EvaluationError, match="let odometry's scale_source be auto, speed, ground_plane or fused"),
    ):
        replay(recording, open_engine(tmp_path / "depth.onnx"), pose, by_odometry, motion or OdometrySettings())


def test_images_that_are_rectified_already_are_those_of_p(tmp_path):
    write_recording(tmp_path / "drive", encoding="png", frames=2, focal_length=60.0, rectified_focal_length=40.0)
    write_depth_model(tmp_path / "depth.onnx", focal_length=40.0)
    with Recording.open(tmp_path / "drive", rectified_input="always") as recording:
        result = replay(recording, open_engine(tmp_path / "depth.onnx"), None)
    assert result.depth is not None
    assert result.depth.metric is not None
    assert result.depth.metric.abs_rel < 1e-3
