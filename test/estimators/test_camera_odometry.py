"""What cameras and drivers send that is no image of where the camera is now, in a street whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.corridor import CAMERA, HEIGHT, Corridor
from helpers.models import write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from
from depth_perception.model_file import SCALE_SIGMA

MOUNT = pose_from(np.eye(3), [0.8, 0.1, HEIGHT]) @ BODY_FROM_OPTICAL
STEP = 100_000_000
WAY = 0.5
"""Metres between two images."""
MODEL = ScaleEstimate(1.0, 0.1, "model")
MOTIONS = pytest.mark.parametrize("motion", ["refined", "posenet"])


@pytest.fixture(scope="module")
def views():
    street = Corridor()
    return [street.see(pose_from(np.eye(3), [0.0, 0.0, WAY * index])) for index in range(10)]


class Drive:
    """Straight ahead at 5 m/s, with a pose network that knows it and depth that does."""

    def __init__(self, folder, motion="refined", scale=MODEL):
        write_pose_model(folder / "pose.onnx", motion=pose_from(np.eye(3), [0.0, 0.0, WAY]), focal_length=50.0)
        settings = OdometrySettings(motion=motion)
        self.odometry = CameraOdometry(open_engine(folder / "pose.onnx"), CAMERA, MOUNT, settings)
        self.trajectory, self.scale = Trajectory(), scale

    def go(self, view, number):
        """An image, and the number of its stamp."""
        motion = self.odometry.update(view.image, round(number * STEP))
        self.odometry.add_depth(round(number * STEP), view.depth, CAMERA, self.scale)
        if motion is not None:
            self.trajectory.add(motion)
        return motion


@MOTIONS
def test_a_covered_lens_is_no_motion_and_what_follows_joins_what_was_before(tmp_path, views, motion):
    drive = Drive(tmp_path, motion)
    for number in range(3):
        drive.go(views[number], number)
    with pytest.raises(EstimatorError, match="the image shows nothing"):
        drive.odometry.update(np.zeros_like(views[0].image), 3 * STEP)
    joined = drive.go(views[4], 4)
    assert (joined.start, joined.stamp) == (2 * STEP, 4 * STEP)


@MOTIONS
def test_an_image_that_comes_late_is_left_out_and_the_way_stays_as_long(tmp_path, views, motion):
    drive = Drive(tmp_path, motion)
    for number in (0, 1, 2, 4, 3, 5, 6):
        told = drive.go(views[number], number)
        assert (told is None) == (number in (0, 3))
    assert drive.odometry.restarts == 0
    ways = 6 if motion == "refined" else 5  # the network here always tells of one step
    assert drive.trajectory.length == pytest.approx(ways * WAY, rel=0.03)


@MOTIONS
def test_one_stamp_ahead_of_its_time_costs_a_few_images_and_no_speed(tmp_path, views, motion):
    """What comes after it is not late: it was early."""
    drive, speeds = Drive(tmp_path, motion), []
    for number, view in enumerate(views):
        told = drive.go(view, number + 6.5 if number == 3 else number)
        if number > 3 and told is not None:
            speeds.append(told.linear_velocity[0])
    assert len(speeds) >= 3
    np.testing.assert_allclose(speeds, WAY * 1e9 / STEP, rtol=0.05)
    assert drive.odometry.restarts == 1


@MOTIONS
def test_an_image_that_is_sent_twice_is_not_a_stop(tmp_path, views, motion):
    """By a driver of 20 Hz with a sensor of 10."""
    drive = Drive(tmp_path, motion)
    for number in range(8):
        told = drive.go(views[number], 2 * number)
        assert (told is None) == (number == 0)
        if number:
            assert drive.go(views[number], 2 * number + 1) is None
    assert drive.odometry.repeats == 7


def test_a_drawn_world_without_noise_may_stand_still(tmp_path, views):
    drive = Drive(tmp_path)
    creep = Corridor().see(pose_from(np.eye(3), [0.0, 0.0, 0.1]))
    for number, view in enumerate((views[0], creep, creep, creep)):
        told = drive.go(view, number)
    assert told is not None
    assert drive.odometry.source == "standstill"
    assert drive.odometry.repeats == 0


@MOTIONS
@pytest.mark.parametrize("rate", [10, 30])
def test_a_drawn_world_at_rest_is_no_stuck_driver_whatever_the_network_says(tmp_path, views, motion, rate):
    drive = Drive(tmp_path, motion)
    told = [drive.go(views[0], 10 * number / rate) for number in range(20)]
    assert drive.odometry.repeats == 0
    assert told[0] is None
    assert None not in told[1:]
    assert drive.trajectory.length == 0


def test_depth_without_its_correction_is_no_surer_than_its_model(tmp_path, views):
    drive = Drive(tmp_path, scale=ScaleEstimate(1.5, 0.02, "odometry"))
    for number in range(3):
        told = drive.go(views[number], number)
    assert told.scale == ScaleEstimate(1.0, SCALE_SIGMA, "depth")
