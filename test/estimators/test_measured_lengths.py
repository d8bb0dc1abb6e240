"""Lengths in metres, in a street whose geometry is known, with depth that is wrong by a factor."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.corridor import CAMERA, HEIGHT, Corridor, driven
from helpers.models import write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.measured_speed import SpeedComparison
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.scale_fusion import ScaleFusion
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_vector
from depth_perception.settings import SettingError

MOUNT = pose_from(np.eye(3), [0.8, 0.1, HEIGHT]) @ BODY_FROM_OPTICAL
STEP = 100_000_000
SPEED = 7.0
FRAMES = 30


@pytest.fixture(scope="module")
def views():
    street, step = Corridor(), pose_from(rotation_from_vector([0.0, 0.01, 0.0]), [0.0, 0.0, SPEED * STEP * 1e-9])
    return [street.see(pose) for pose in driven([step] * (FRAMES - 1))]


@pytest.fixture
def engine(tmp_path):
    write_pose_model(tmp_path / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, 0.5]), focal_length=50.0)
    return open_engine(tmp_path / "pose.onnx")


def drive(engine, views, source, *, depth_error=0.8, speed=lambda index: SPEED) -> list[Motion]:
    """The motions; the speed is measured in the middle between images."""
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(scale_source=source))
    motions = []
    for index, view in enumerate(views):
        stamp = (index + 1) * STEP
        if speed(index) is not None:
            odometry.add_speed(stamp - STEP // 2, speed(index))
        motion = odometry.update(view.image, stamp)
        odometry.add_depth(stamp, depth_error * view.depth, CAMERA, ScaleEstimate(1.0, 0.2, "model"))
        if motion is not None:
            motions.append(motion)
    return motions


def lengths(motions):
    """As shares of what they are."""
    return np.array([motion.linear_velocity[0] for motion in motions]) / SPEED


def settled(motions):
    return float(np.mean(lengths(motions)[FRAMES // 2 :]))


def test_depth_that_is_wrong_makes_wrong_lengths(engine, views):
    assert settled(drive(engine, views, "auto")) == pytest.approx(0.8, rel=0.03)


@pytest.mark.parametrize("depth_error", [0.8, 1.0, 1.25])
def test_the_height_above_the_road_makes_them_right(engine, views, depth_error):
    motions = drive(engine, views, "ground_plane", depth_error=depth_error)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "ground_plane"
    assert motions[-1].scale.value == pytest.approx(1 / depth_error, rel=0.06)  # lengths, and their unit, 3 % each
    assert 0.01 < motions[-1].scale.sigma < 0.06


def test_a_measured_speed_makes_them_right(engine, views):
    rng = np.random.default_rng(0)
    motions = drive(engine, views, "speed", speed=lambda _: SPEED * rng.normal(1.0, 0.02))
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "speed"


def test_a_speed_that_falls_silent_leaves_the_scale_as_it_was(engine, views):
    motions = drive(engine, views, "speed", speed=lambda index: SPEED if index < FRAMES // 2 else None)
    assert settled(motions) == pytest.approx(1.0, abs=0.03)


def test_both_together_are_named_and_surer(engine, views):
    motions = drive(engine, views, "fused")
    assert settled(motions) == pytest.approx(1.0, abs=0.03)
    assert motions[-1].scale.source == "ground_plane+speed"
    assert motions[-1].scale.sigma < drive(engine, views, "ground_plane")[-1].scale.sigma


def test_a_pose_network_alone_takes_the_speed_too(engine, views):
    odometry = CameraOdometry(engine, CAMERA, MOUNT, OdometrySettings(motion="posenet", scale_source="speed"))
    for index, view in enumerate(views):
        odometry.add_speed((index + 1) * STEP, SPEED)
        motion = odometry.update(view.image, (index + 1) * STEP)
    assert motion is not None
    assert motion.linear_velocity[0] == pytest.approx(SPEED, rel=0.02)
    assert odometry.source == "network"


def test_the_road_needs_refined_motion_and_a_camera_above_it(engine):
    with pytest.raises(SettingError, match="expected motion refined"):
        OdometrySettings(motion="posenet", scale_source="ground_plane")
    with pytest.raises(EstimatorError, match="needs a base frame on the ground"):
        CameraOdometry(engine, CAMERA, BODY_FROM_OPTICAL, OdometrySettings(scale_source="ground_plane"))


def motion(start: int, stamp: int, way: float) -> Motion:
    return Motion(pose_from(np.eye(3), [way, 0, 0]), start, stamp, np.eye(6), ScaleEstimate(2.0, 0.1, "depth"))


def test_ways_are_compared_only_where_the_speed_is_known_all_the_while():
    second = 1_000_000_000
    comparison = SpeedComparison()
    for tenth in range(0, 21):
        if not 11 <= tenth <= 18:  # silent for most of the second second
            comparison.add_speed(tenth * second // 10, 3.0 + tenth * 0.1)
    comparison.add_motion(motion(second, 2 * second, 9.0))
    assert comparison.ratio() is None
    # From 3 to 4 m/s within a second, in units of two metres as the odometry took them to be.
    comparison = SpeedComparison()
    for tenth in range(0, 21):
        comparison.add_speed(tenth * second // 10, 3.0 + tenth * 0.1)
    comparison.add_motion(motion(0, second, 9.0))
    assert comparison.ratio() == pytest.approx(3.5 / 4.5)
    assert comparison.ratio() is None


def test_one_measurement_far_off_is_left_out_many_are_believed():
    fusion = ScaleFusion()
    for index in range(20):
        fusion.drift()
        fusion.add(ScaleEstimate(1.0, 0.02, "ground_plane"), index)
    fusion.add(ScaleEstimate(2.0, 0.02, "ground_plane"), 20)
    assert (fusion.rejected, fusion.value) == (1, pytest.approx(1.0, abs=0.01))
    for index in range(21, 60):
        fusion.drift()
        fusion.add(ScaleEstimate(2.0, 0.02, "ground_plane"), index)
    assert fusion.value == pytest.approx(2.0, rel=0.05)


def test_who_measures_is_named_and_who_is_silent_is_not():
    fusion, second = ScaleFusion(), 1_000_000_000
    assert fusion.estimate(0) is None
    fusion.add(ScaleEstimate(1.1, 0.0, "speed"), 0)
    fusion.add(ScaleEstimate(1.1, 0.02, "ground_plane"), 3 * second)
    estimates = [fusion.estimate(time * second) for time in (4, 7, 60)]
    sources = [estimate.source for estimate in estimates if estimate is not None]
    assert sources == ["ground_plane+speed", "ground_plane", "ground_plane"]
