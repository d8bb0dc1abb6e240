"""Visual odometry with models whose motion is known."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.corridor import CAMERA as STREET
from helpers.corridor import Corridor
from helpers.models import write_depth_model, write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.odometry import UNKNOWN_VARIANCE, Motion, VisualOdometry
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import (
    BODY_FROM_OPTICAL,
    change_frame,
    inverse,
    pose_from,
    rotation_from_vector,
    vector_from_rotation,
)
from depth_perception.model_file import MotionNoise
from depth_perception.resources import model_path

CAMERA = Camera(64, 32, 40.0, 40.0, 31.5, 15.5)
IMAGE = np.zeros((32, 64, 3), np.uint8)
STEP = 100_000_000
MOUNT = pose_from(np.eye(3), [1.7, 0.2, 1.4]) @ BODY_FROM_OPTICAL


def odometry(path, camera=CAMERA, mount=MOUNT, **options):
    motion, changes = options.pop("motion", None), options.pop("model", {})
    write_pose_model(path / "pose.onnx", motion=motion, **changes)
    return VisualOdometry(open_engine(path / "pose.onnx"), camera, mount, OdometrySettings(**options))


def drive(estimator, frames, first=0):
    motions = [estimator.update(IMAGE, first + index * STEP) for index in range(frames)]
    return [motion for motion in motions if motion is not None]


def test_forward_in_optical_axes_is_forward_in_the_body(tmp_path):
    estimator = odometry(tmp_path)
    assert estimator.update(IMAGE, 0) is None
    motion = estimator.update(IMAGE, STEP)
    assert motion is not None
    np.testing.assert_allclose(motion.transform, pose_from(np.eye(3), [0.5, 0.0, 0.0]), atol=1e-7)
    np.testing.assert_allclose(motion.linear_velocity, [5.0, 0.0, 0.0], atol=1e-6)
    assert (motion.start, motion.stamp, motion.seconds) == (0, STEP, 0.1)
    assert motion.scale == ScaleEstimate(1.0, 0.2, "model")


def test_a_circle_of_the_body_seen_by_a_camera_beside_its_axis(tmp_path):
    """The body turns left on a circle of 10 m; the camera's own path differs, the body's comes back to its start."""
    turn = 2 * np.pi / 100
    body_motion = pose_from(rotation_from_vector([0, 0, turn]), [10 * np.sin(turn), 10 * (1 - np.cos(turn)), 0])
    estimator = odometry(tmp_path, motion=change_frame(body_motion, inverse(MOUNT)))
    trajectory, positions = Trajectory(), []
    for motion in drive(estimator, 101):
        trajectory.add(motion)
        positions.append(trajectory.pose[:3, 3])
    np.testing.assert_allclose(positions[-1], 0, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(np.subtract(positions, [0, 10, 0]), axis=1), 10.0, atol=1e-3)
    np.testing.assert_allclose(positions[24], [10, 10, 0], atol=1e-3)  # a quarter to the left
    assert trajectory.length == pytest.approx(2 * np.pi * 10, rel=0.001)
    np.testing.assert_allclose(motion.angular_velocity, [0, 0, turn * 10], atol=1e-5)


def test_motion_of_another_focal_length(tmp_path):
    camera_motion = pose_from(rotation_from_vector([0.01, 0.02, 0.03]), [0.1, 0.2, 0.5])
    far = Camera(64, 32, 80.0, 80.0, 31.5, 15.5)
    estimator = odometry(tmp_path, camera=far, mount=BODY_FROM_OPTICAL, motion=camera_motion)
    (motion,) = drive(estimator, 2)
    seen = change_frame(motion.transform, inverse(BODY_FROM_OPTICAL))
    np.testing.assert_allclose(vector_from_rotation(seen[:3, :3]), [0.005, 0.01, 0.03], atol=1e-6)
    np.testing.assert_allclose(seen[:3, 3], [0.1, 0.2, 1.0], atol=1e-6)


@pytest.mark.parametrize("centred", [True, False])
def test_a_principal_point_beside_the_middle(tmp_path, centred):
    """Straight ahead lies there, not in the middle: for a network that does not know, or for one that learned it."""
    camera = Camera(64, 32, 40.0, 40.0, 31.5 + 8.0, 15.5 - 2.0)
    estimator = odometry(tmp_path, camera=camera, mount=BODY_FROM_OPTICAL, model={"centred": centred})
    (motion,) = drive(estimator, 2)
    offset = np.array([8.0, -2.0]) / 40.0 if centred else np.zeros(2)
    seen = change_frame(motion.transform, inverse(BODY_FROM_OPTICAL))
    np.testing.assert_allclose(seen[:3, 3], 0.5 * np.array([*-offset, 1.0]), atol=1e-6)


def test_the_network_that_comes_along_goes_straight_ahead_through_a_camera_cut_at_one_side():
    street, steps = Corridor(), []
    for left in (0, 96):
        camera = replace(STREET, width=STREET.width - left, cx=STREET.cx - left)
        estimator = VisualOdometry(open_engine(model_path("posenet")), camera, BODY_FROM_OPTICAL)
        for count in range(4):
            image = np.ascontiguousarray(street.see(pose_from(np.eye(3), [0.0, 0.0, 0.7 * count])).image[:, left:])
            motion = estimator.update(image, count * STEP)
        assert motion is not None
        steps.append(motion.transform[:3, 3])
    for step in steps:  # the view can follow by half of it, which leaves 9 degrees
        assert abs(np.degrees(np.arctan2(step[1], step[0]))) < 3.0


def test_scale_stretches_the_camera_motion_not_the_mount(tmp_path):
    camera_motion = pose_from(rotation_from_vector([0, 0.05, 0]), [0, 0, 0.5])
    estimator = odometry(tmp_path, motion=camera_motion)
    estimator.scale = ScaleEstimate(2.0, 0.05, "constant")
    (motion,) = drive(estimator, 2)
    doubled = camera_motion.copy()
    doubled[:3, 3] *= 2
    np.testing.assert_allclose(motion.transform, change_frame(doubled, MOUNT), atol=1e-6)


def test_a_model_of_three_frames_tells_the_whole_way(tmp_path):
    estimator = odometry(tmp_path, model={"frames": ("before", "previous", "current")})
    motions = drive(estimator, 5)
    assert [(motion.start // STEP, motion.stamp // STEP) for motion in motions] == [(0, 2), (2, 3), (3, 4)]
    np.testing.assert_allclose([motion.transform[0, 3] for motion in motions], [1.0, 0.5, 0.5], atol=1e-6)


def test_the_model_gets_the_frames_oldest_first(tmp_path):
    """The engine's input, read back through the estimator's own buffer, holds the last frames in order."""

    class Recorder:
        def __init__(self, engine):
            self.engine, self.seen = engine, []
            self.model = engine.model

        def run(self, inputs):
            self.seen.append(inputs["images"][:, 0, 0, 0].tolist())
            return self.engine.run(inputs)

    write_pose_model(tmp_path / "pose.onnx", frames=("before", "previous", "current"))
    recorder = Recorder(open_engine(tmp_path / "pose.onnx"))
    estimator = VisualOdometry(recorder, CAMERA, MOUNT)  # type: ignore[arg-type]
    for index in range(1, 6):
        estimator.update(np.full_like(IMAGE, index), index * STEP)
    assert recorder.seen == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]


def test_a_gap_starts_anew(tmp_path):
    estimator = odometry(tmp_path, maximum_gap=0.25)
    assert len(drive(estimator, 3)) == 2
    assert estimator.update(IMAGE, 2 * STEP + 300_000_000) is None
    assert estimator.restarts == 1
    motion = estimator.update(IMAGE, 3 * STEP + 300_000_000)
    assert motion is not None
    assert motion.start == 2 * STEP + 300_000_000


def test_time_that_goes_back_starts_anew_and_a_repeated_frame_is_ignored(tmp_path):
    estimator = odometry(tmp_path)
    drive(estimator, 5, first=10**10)
    assert estimator.update(IMAGE, 10**10 + 4 * STEP) is None  # again
    assert estimator.restarts == 0
    assert estimator.update(IMAGE, 0) is None  # the bag loops
    assert estimator.restarts == 1
    motion = estimator.update(IMAGE, STEP)
    assert motion is not None
    assert motion.seconds == pytest.approx(0.1)


def test_reset_makes_the_next_image_the_first(tmp_path):
    estimator = odometry(tmp_path)
    drive(estimator, 3)
    estimator.reset()
    assert estimator.update(IMAGE, 3 * STEP) is None


def positive_definite(covariance):
    return np.allclose(covariance, covariance.T) and np.linalg.eigvalsh(covariance).min() > 0


LEFT = pose_from(rotation_from_vector([0, 0, 0.1]), [2.0, 0, 0])
"""Of the body, within `STEP`: 2 m forward, 0.1 rad to the left."""


@pytest.mark.parametrize(
    ("noise", "sigmas", "scale_sigma"),
    [
        # Of a file that does not say: 10 % and 2 % of 2 m, 30 % of 0.1 rad, and little at rest and with time.
        (None, [0.2001, 0.0403, 0.0403, 0.0301, 0.0301, 0.0301], 0.2),
        (
            MotionNoise(0.25, 0.1, 0.5, 0.3, 0.02, 4.0, 0.5),
            np.sqrt(
                [
                    0.3**2 + 0.4**2 + 0.5**2,
                    *2 * [0.3**2 + 0.4**2 + 0.2**2],
                    *3 * [0.02**2 + 0.05**2 + 0.05**2],
                ]
            ),
            0.35,
        ),
    ],
    ids=["a file that does not say", "a file that says"],
)
def test_how_sure_a_motion_is_the_model_says(tmp_path, noise, sigmas, scale_sigma):
    said = {} if noise is None else {"motion_noise": noise, "scale_sigma": scale_sigma}
    estimator = odometry(tmp_path, motion=change_frame(LEFT, inverse(MOUNT)), model=said)
    (motion,) = drive(estimator, 2)
    np.testing.assert_allclose(np.sqrt(np.diag(motion.noise)), sigmas, rtol=2e-3)
    assert motion.scale == ScaleEstimate(1.0, scale_sigma, "model")


def test_covariance_is_never_zero_and_grows_with_step_and_doubt(tmp_path):
    still = odometry(tmp_path, motion=np.eye(4))
    (at_rest,) = drive(still, 2)
    (moving,) = drive(odometry(tmp_path), 2)
    slow = odometry(tmp_path)
    slow.update(IMAGE, 0)
    later = slow.update(IMAGE, 5 * STEP)
    doubtful = odometry(tmp_path)
    doubtful.scale = ScaleEstimate(1.0, 0.5, "ground_plane")
    (unsure,) = drive(doubtful, 2)
    assert later is not None
    for motion in (at_rest, moving, later, unsure):
        assert positive_definite(motion.covariance)
    assert np.trace(at_rest.covariance) < np.trace(moving.covariance) < np.trace(later.covariance)
    assert unsure.covariance[0, 0] - moving.covariance[0, 0] == pytest.approx(0.5**2 * (0.5**2 - 0.2**2), rel=1e-3)
    assert unsure.covariance[1, 1] == pytest.approx(moving.covariance[1, 1])


def test_a_jittering_network_is_trusted_less(tmp_path):
    estimator = odometry(tmp_path)
    steady = drive(estimator, 10)[-1]

    class Jittery:
        model = estimator._engine.model

        def __init__(self):
            self.random = np.random.default_rng(0)

        def run(self, inputs):
            return {"motion": pose_from(np.eye(3), [[0, 0, 0.5 + 0.2 * self.random.normal()]]).astype(np.float32)}

    jittery = drive(VisualOdometry(Jittery(), CAMERA, MOUNT), 30)[-1]  # type: ignore[arg-type]
    assert jittery.covariance[0, 0] > steady.covariance[0, 0] + 0.5 * 0.2**2
    assert positive_definite(jittery.covariance)


class Alternating:
    """Answers steps of 0.7 m and 0.3 m ahead in turn."""

    def __init__(self, model):
        self.model, self.runs = model, 0

    def run(self, inputs):
        self.runs += 1
        step = 0.7 if self.runs % 2 else 0.3
        return {"motion": pose_from(np.eye(3), [[0, 0, step]]).astype(np.float32)}


@pytest.mark.parametrize("pause", [STEP, 5 * STEP])
def test_jitter_is_as_large_as_steps_differ_at_any_rate(tmp_path, pause):
    """By 0.4 m from one to the next: that squared is what it adds to the variance of a step, however long that took;
    and once the odometry is reset, nothing."""
    estimator = odometry(tmp_path)
    network = Alternating(estimator._engine.model)
    jittery = VisualOdometry(network, CAMERA, MOUNT)  # type: ignore[arg-type]
    motions = [jittery.update(IMAGE, index * pause) for index in range(80)]
    jittery.reset()
    network.runs = 0
    jittery.update(IMAGE, 0)
    fresh = jittery.update(IMAGE, pause)
    last = motions[-1]
    assert last is not None
    assert fresh is not None
    np.testing.assert_allclose(last.transform, fresh.transform)
    added = last.noise - fresh.noise
    assert added[0, 0] == pytest.approx(0.4**2, rel=1e-3)
    np.testing.assert_allclose(added[1:, 1:], 0, atol=1e-12)


def test_a_relative_model_says_so(tmp_path):
    estimator = odometry(tmp_path, model={"metric": False})
    (motion,) = drive(estimator, 2)
    assert not motion.scale.known
    assert motion.covariance[0, 0] >= UNKNOWN_VARIANCE
    assert motion.covariance[5, 5] < 1.0  # the turn is known all the same


def test_a_motion_that_is_not_finite_is_refused_and_the_next_image_is_the_first(tmp_path):
    broken = np.eye(4)
    broken[0, 3] = np.nan
    estimator = odometry(tmp_path, motion=broken)
    estimator.update(IMAGE, 0)
    with pytest.raises(EstimatorError, match="not finite"):
        estimator.update(IMAGE, STEP)
    assert estimator.update(IMAGE, 2 * STEP) is None


def test_a_depth_model_is_refused(tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    with pytest.raises(EstimatorError, match="depth model, expected a pose model"):
        VisualOdometry(open_engine(tmp_path / "depth.onnx"), CAMERA, MOUNT)


def test_an_image_of_another_resolution_is_refused_and_loses_nothing(tmp_path):
    estimator = odometry(tmp_path)
    estimator.update(IMAGE, 0)
    with pytest.raises(EstimatorError, match="another resolution"):
        estimator.update(np.zeros((64, 64, 3), np.uint8), STEP)
    assert estimator.update(IMAGE, 2 * STEP) is not None


def test_velocity_is_in_the_axes_at_the_end():
    motion = Motion(
        transform=pose_from(rotation_from_vector([0, 0, np.pi / 2]), [1.0, 0.0, 0.0]),
        start=0,
        stamp=500_000_000,
        noise=np.diag([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        scale=ScaleEstimate(1.0, 0.0, "constant"),
    )
    np.testing.assert_allclose(motion.linear_velocity, [0.0, -2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(motion.angular_velocity, [0.0, 0.0, np.pi], atol=1e-12)
    np.testing.assert_allclose(np.diag(motion.velocity_covariance), [8, 4, 12, 20, 16, 24])


def test_what_is_unsure_ahead_at_the_start_is_unsure_to_the_right_of_it_after_a_turn_to_the_left():
    """By 30 degrees: in the axes at the end, the start's forward direction lies 30 degrees to the right."""
    turn = np.pi / 6
    motion = Motion(
        transform=pose_from(rotation_from_vector([0, 0, turn]), [1.0, 0.0, 0.0]),
        start=0,
        stamp=500_000_000,
        noise=np.diag([1.0, 0, 0, 0, 1.0, 0]),
        scale=ScaleEstimate(1.0, 0.0, "constant"),
    )
    ahead, left = [np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0]
    expected = np.zeros((6, 6))
    expected[:3, :3], expected[3:, 3:] = np.outer(ahead, ahead), np.outer(left, left)
    np.testing.assert_allclose(motion.velocity_covariance, expected / 0.5**2, atol=1e-12)
