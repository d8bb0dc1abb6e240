"""Refined odometry in a street whose geometry is known, with a pose network that is wrong."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from helpers.corridor import CAMERA, HEIGHT, Corridor, View, driven
from helpers.models import write_pose_model

from depth_perception.engines.choose import open_engine
from depth_perception.estimators import refined_odometry
from depth_perception.estimators.landmarks import depth_at
from depth_perception.estimators.odometry import UNKNOWN_VARIANCE, Motion, VisualOdometry
from depth_perception.estimators.refined_odometry import RefinedOdometry, doubt
from depth_perception.estimators.scale import UNKNOWN_SCALE, ScaleEstimate
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.geometry.pose import (
    BODY_FROM_OPTICAL,
    change_frame,
    inverse,
    pose_from,
    rotation_from_vector,
    vector_from_rotation,
)

Poses = list[npt.NDArray[np.float64]]

MOUNT = pose_from(np.eye(3), [0.8, 0.1, HEIGHT]) @ BODY_FROM_OPTICAL
PROPOSED = 0.5
"""Metres straight ahead that the pose network always answers."""
STEP = 100_000_000
SCALE = ScaleEstimate(1.0, 0.05, "ground_plane")


def bend(frames: int, speed: float = 0.7) -> Poses:
    """To the right, nodding."""
    steps = [
        pose_from(rotation_from_vector([0.003 * np.sin(i), 0.015, 0.002 * np.cos(i)]), [0.0, 0.01, speed])
        for i in range(frames - 1)
    ]
    return driven(steps)


@cache
def seen(index: int) -> View:
    return Corridor().see(BEND[index])


BEND = bend(24)


class Drive:
    """One way through the corridor, image by image."""

    def __init__(self, path, *, metric: bool = True, **settings):
        forward = pose_from(np.eye(3), [0.0, 0.0, PROPOSED])
        write_pose_model(path / "pose.onnx", motion=forward, focal_length=50.0, metric=metric)
        engine, chosen = open_engine(path / "pose.onnx"), OdometrySettings(**settings)
        self.network = VisualOdometry(engine, CAMERA, MOUNT, chosen)
        self.odometry = RefinedOdometry(self.network, CAMERA, MOUNT, chosen)
        self.trajectory = Trajectory()
        self.motions: list[Motion | None] = []
        self.stamp = 0

    def go(self, view: View, *, depth: bool = True, scale: ScaleEstimate = SCALE, pause: int = STEP) -> Motion | None:
        self.stamp += pause
        motion = self.odometry.update(view.image, self.stamp)
        if depth:
            self.odometry.add_depth(self.stamp, view.depth, CAMERA, scale)
        if motion is not None:
            self.trajectory.add(motion)
        self.motions.append(motion)
        return motion

    @property
    def last(self) -> Motion:
        motion = self.motions[-1]
        assert motion is not None
        return motion

    @property
    def lengths(self) -> list[float]:
        """Of the steps, from the second image on."""
        return [float(np.linalg.norm(motion.transform[:3, 3])) for motion in self.motions if motion is not None]

    def camera_poses(self) -> Poses:
        """Where the camera was at each image, from the motions."""
        known = [motion for motion in self.motions if motion is not None]
        return driven(change_frame(motion.transform, inverse(MOUNT)) for motion in known)


def errors(estimate: Poses, truth: Poses) -> tuple[float, float]:
    """Of the last pose: metres as a share of the way, and degrees."""
    way = sum(float(np.linalg.norm((inverse(a) @ b)[:3, 3])) for a, b in pairwise(truth))
    error = inverse(truth[-1]) @ estimate[-1]
    return float(np.linalg.norm(error[:3, 3])) / way, float(
        np.degrees(np.linalg.norm(vector_from_rotation(error[:3, :3])))
    )


@pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
def test_a_bend_is_told_from_the_images_whatever_the_network_says(tmp_path, order):
    drive = Drive(tmp_path)
    indices = range(len(BEND))[::order]
    for index in indices:
        drive.go(seen(index))
    assert drive.odometry.source == "corners"
    truth = [inverse(BEND[indices[0]]) @ BEND[index] for index in indices]
    length, angle = errors(drive.camera_poses(), truth)
    assert length < 0.03
    assert angle < 0.8  # of 20 degrees turned
    assert np.sign(drive.last.linear_velocity[0]) == order
    assert drive.last.scale == SCALE
    # The network's own motion stays to be seen.
    proposed = drive.odometry.proposed
    assert proposed is not None
    np.testing.assert_allclose(proposed.transform[:3, 3], [PROPOSED, 0, 0], atol=1e-6)


@pytest.mark.parametrize("every", [2, 3])
def test_a_camera_of_a_lower_rate_goes_as_far(tmp_path, every):
    drive = Drive(tmp_path)
    indices = range(0, len(BEND), every)
    for index in indices:
        drive.go(seen(index), pause=every * STEP)
    length, angle = errors(drive.camera_poses(), [BEND[index] for index in indices])
    assert length < 0.02
    assert angle < 1.0


@pytest.mark.parametrize("late", [1, 2, 3])
def test_depth_that_comes_late_is_as_good(tmp_path, late):
    """New corners are followed for a while before anybody says how far they are."""
    drive = Drive(tmp_path)
    for index in range(len(BEND)):
        drive.go(seen(index), depth=False)
        if index >= late:
            drive.odometry.add_depth(drive.stamp - late * STEP, seen(index - late).depth, CAMERA, SCALE)
    length, angle = errors(drive.camera_poses(), BEND)
    assert length < 0.05
    assert angle < 1.5
    assert np.mean(drive.lengths[late + 1 :]) == pytest.approx(0.7, rel=0.02)


def test_new_corners_are_where_the_last_depth_image_had_something(tmp_path):
    """Until depth of their own image comes: the own vehicle would else be far away while the camera does not turn."""
    drive, looked_at = Drive(tmp_path), 0
    for index in range(12):
        drive.go(seen(index), depth=False)
        corners = drive.odometry._landmarks
        new = (corners.age == 0) & ~corners.measured
        if index > 2 and np.array_equal(drive.odometry._pose, np.eye(4)):  # a keyframe
            there = 1.0 / depth_at(corners.rays[new], seen(index - 3).depth, CAMERA)
            np.testing.assert_allclose(corners.inverse_depth[new], there)
            looked_at += np.count_nonzero(new)
        if index >= 2:
            drive.odometry.add_depth(drive.stamp - 2 * STEP, seen(index - 2).depth, CAMERA, SCALE)
    assert looked_at > 50


@pytest.mark.parametrize("first", [1, 2, 3, 6])
def test_the_first_depth_makes_no_step_too_long_or_too_short(tmp_path, first):
    drive = Drive(tmp_path)
    for index in range(first + 4):
        drive.go(seen(index), depth=index >= first)
    np.testing.assert_allclose(drive.lengths[:first], PROPOSED, rtol=0.05)
    np.testing.assert_allclose(drive.lengths[first:], 0.7, rtol=0.05)


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
@pytest.mark.parametrize("late", [0, 2])
def test_lengths_are_those_of_depth_once_it_says_how_far_anything_is(tmp_path, late, nothing):
    """The network warms up, or a wall is too near for it: a first image that says nothing is no beginning."""
    drive = Drive(tmp_path)
    for index in range(10):
        drive.go(seen(index), depth=False)
        if index >= late:
            depth = np.full_like(seen(0).depth, nothing) if index < late + 3 else seen(index - late).depth
            drive.odometry.add_depth(drive.stamp - late * STEP, depth, CAMERA, SCALE)
        assert drive.odometry.goes_by_depth == (index >= late + 3)
    np.testing.assert_allclose(drive.lengths[: late + 3], PROPOSED, rtol=0.05)
    np.testing.assert_allclose(drive.lengths[late + 3 :], 0.7, rtol=0.05)


def test_depth_that_reaches_a_little_way_says_how_long_a_step_is(tmp_path):
    """Beyond its range is not far away: most of it lies right behind."""
    drive = Drive(tmp_path)
    for index in range(12):
        view = seen(index)
        drive.go(View(view.image, np.where(view.depth < 10, view.depth, np.float32(np.inf))))
    np.testing.assert_allclose(drive.lengths, 0.7, rtol=0.05)


def test_without_depth_lengths_are_the_networks_and_turns_those_of_the_images(tmp_path):
    drive = Drive(tmp_path)
    for index in range(len(BEND)):
        drive.go(seen(index), depth=False)
    poses = drive.camera_poses()
    assert errors([*poses[:-1], pose_from(poses[-1][:3, :3], BEND[-1][:3, 3])], BEND)[1] < 1.0
    assert drive.trajectory.length == pytest.approx(PROPOSED * (len(BEND) - 1), rel=0.05)
    assert drive.last.scale == drive.network.scale


def test_one_depth_image_that_is_wrong_makes_no_length_wrong(tmp_path):
    drive = Drive(tmp_path)
    for index in range(12):
        view = seen(index)
        drive.go(View(view.image, view.depth * np.float32(1.5 if index == 6 else 1.0)))
    np.testing.assert_allclose(drive.lengths, 0.7, rtol=0.08)


def test_depth_without_metres_shows_what_is_near_and_the_network_how_long(tmp_path):
    drive = Drive(tmp_path)
    for index in range(len(BEND)):
        view = seen(index)
        drive.go(View(view.image, view.depth / 7.0), scale=UNKNOWN_SCALE)
    assert drive.trajectory.length == pytest.approx(PROPOSED * (len(BEND) - 1), rel=0.05)
    assert drive.last.scale == drive.network.scale


def test_nobody_who_knows_metres_leaves_none(tmp_path):
    drive = Drive(tmp_path, metric=False)
    for index in range(5):
        drive.go(seen(index), scale=UNKNOWN_SCALE)
    assert np.all(np.diag(drive.trajectory.covariance)[:3] >= UNKNOWN_VARIANCE)


def test_a_parked_car_stays_where_it_is(tmp_path):
    """With the noise of a camera and of light."""
    rng = np.random.default_rng(0)

    def noisy(view: View) -> View:
        image = view.image * rng.uniform(0.98, 1.02) + rng.normal(0, 2, view.image.shape)
        return View(np.clip(image, 0, 255).astype(np.uint8), view.depth)

    drive = Drive(tmp_path)
    for index in range(8):
        drive.go(noisy(seen(index)))
    before = drive.trajectory.pose
    for _ in range(30):
        drive.go(noisy(seen(7)))
    assert drive.odometry.source == "standstill"
    assert np.linalg.norm(drive.trajectory.pose[:3, 3] - before[:3, 3]) < 0.02
    assert drive.last.covariance[0, 0] < 1e-6
    for index in range(8, 16):
        drive.go(noisy(seen(index)))
    assert drive.odometry.source == "corners"
    assert drive.trajectory.length == pytest.approx(15 * 0.7, rel=0.02)


def test_a_lamp_that_flickers_moves_no_parked_car(tmp_path):
    drive, rng = Drive(tmp_path), np.random.default_rng(0)
    for _ in range(12):
        gain = rng.uniform(0.7, 1.0)
        drive.go(View(np.rint(gain * seen(0).image).astype(np.uint8), seen(0).depth))
        assert drive.stamp == STEP or drive.odometry.source == "standstill"
    assert np.linalg.norm(drive.trajectory.pose[:3, 3]) < 1e-9


def test_a_creep_is_not_lost(tmp_path):
    """Two millimetres an image are no motion that an image shows; a hundred of them are."""
    corridor, drive = Corridor(), Drive(tmp_path)
    for index in range(100):
        drive.go(corridor.see(pose_from(np.eye(3), [0, 0, 0.002 * index])))
    assert drive.trajectory.pose[0, 3] == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("street", [0, 3, 4])
def test_a_turn_on_the_spot_goes_nowhere(tmp_path, street):
    """Depth comes late, and a corner that nobody knows the depth of fits any way at all: it went 100 m an image."""
    corridor, drive = Corridor(seed=street), Drive(tmp_path)
    steps = []
    for index in range(10):
        yaw, length = (0.0, 0.7) if index < 5 else (0.05, 0.0)
        turn = rotation_from_vector([0.003 * np.sin(index), yaw, 0.002 * np.cos(index)])
        steps.append(pose_from(turn, [0.0, length / 70, length]))
    views = [corridor.see(pose) for pose in driven(steps)]
    for index, view in enumerate(views):
        drive.go(view, depth=False)
        if index >= 3:
            drive.odometry.add_depth(drive.stamp - 3 * STEP, views[index - 3].depth, CAMERA, SCALE)
    camera = np.array(drive.camera_poses())[:, :3, 3]
    assert np.linalg.norm(np.diff(camera[5:], axis=0), axis=1).max() < 0.1


def test_what_moves_does_not_move_the_camera(tmp_path):
    """A lorry with a sharp pattern fills a third of the image and drives to the side; depth shows it standing there."""
    rng = np.random.default_rng(1)
    pattern = np.repeat(rng.uniform(0, 255, (100, 700, 1)), 3, axis=2).astype(np.uint8)
    pattern = np.repeat(np.repeat(pattern, 4, axis=0), 4, axis=1)
    drive = Drive(tmp_path)
    for index in range(14):
        view = seen(index)
        image, depth = view.image.copy(), view.depth.copy()
        image[40:120, 160:340] = pattern[:80, 8 * index : 8 * index + 180]
        depth[40:120, 160:340] = 12.0
        drive.go(View(image, depth))
    length, angle = errors(drive.camera_poses(), BEND[:14])
    assert length < 0.03
    assert angle < 1.0


def test_the_own_bonnet_is_no_part_of_the_street(tmp_path):
    """It fills the lower fifth of the image, and no depth says what it is."""
    rng = np.random.default_rng(2)
    bonnet = np.repeat(rng.uniform(0, 255, (8, 128, 1)), 3, axis=2).astype(np.uint8)
    bonnet = np.repeat(np.repeat(bonnet, 4, axis=0), 4, axis=1)
    drive = Drive(tmp_path)
    for index in range(len(BEND)):
        view = seen(index)
        image, depth = view.image.copy(), view.depth.copy()
        image[160:], depth[160:] = bonnet, np.nan
        drive.go(View(image, depth))
    length, angle = errors(drive.camera_poses(), BEND)
    assert length < 0.03
    assert angle < 1.0
    assert np.mean(drive.odometry.corners[:, 1] > 160) < 0.05  # at first every sixth


def test_in_the_dark_the_network_is_asked_and_says_how_sure_it_is(tmp_path):
    drive = Drive(tmp_path)
    dark = View(np.zeros_like(seen(0).image), np.full_like(seen(0).depth, np.nan))
    for index in range(5):
        drive.go(seen(index))
    sure = drive.last.noise
    for _ in range(3):
        drive.go(dark)
        assert drive.odometry.source == "network"
        # As the network says it, but as long as the corners would have made it.
        np.testing.assert_allclose(vector_from_rotation(drive.last.transform[:3, :3]), 0, atol=1e-6)
        assert 0.5 < drive.last.transform[0, 3] < 0.75
        less_sure = np.diag(drive.last.noise) / np.diag(sure)
        assert np.all(less_sure[[0, 2, 3, 4, 5]] > 5)
        assert less_sure[1] > 3  # sideways the network, too, is told to be sure
    for index in range(5, 10):
        drive.go(seen(index))
    assert drive.odometry.source == "corners"
    np.testing.assert_allclose(drive.last.transform[0, 3], 0.7, atol=0.03)


def test_a_gap_and_time_that_goes_back_begin_anew(tmp_path):
    drive = Drive(tmp_path)
    for index in range(4):
        drive.go(seen(index))
    assert drive.go(seen(12), pause=5 * 10**9) is None
    assert drive.odometry.restarts == 1
    assert drive.go(seen(13)) is not None
    assert drive.go(seen(0), pause=-(10**9)) is None
    assert drive.odometry.restarts == 2
    assert drive.odometry.source == "network"  # what it was before is forgotten
    stamp = drive.stamp
    assert drive.go(seen(1)) is not None
    drive.stamp = stamp
    assert drive.go(seen(1)) is None  # the same image again


def test_all_lengths_are_stretched_by_the_same_factor(tmp_path):
    """Those of the images at rest too, which are all alike."""
    drive = Drive(tmp_path)
    for index in (0, 1, 2, 2, 2, 2):
        drive.go(seen(index))
    odometry = drive.odometry
    poses = [odometry._pose, *(past.pose for past in odometry._past)]
    before = [pose[:3, 3].copy() for pose in poses]
    near = odometry._landmarks.inverse_depth.copy()
    odometry._pulled = False
    odometry._pull(float(np.log(1.2)), 1.0)
    np.testing.assert_allclose(odometry._landmarks.inverse_depth, near / 1.2)
    np.testing.assert_allclose([pose[:3, 3] for pose in poses], 1.2 * np.array(before))


def test_depth_of_an_image_that_was_never_seen_is_left_aside(tmp_path):
    drive = Drive(tmp_path)
    for index in range(3):
        drive.go(seen(index))
    drive.odometry.add_depth(17, np.full_like(seen(0).depth, 0.5), CAMERA, SCALE)
    drive.go(seen(3))
    np.testing.assert_allclose(drive.last.transform[0, 3], 0.7, atol=0.02)


def test_who_asks_for_the_networks_metres_gets_them(tmp_path):
    drive = Drive(tmp_path, scale_source="constant", scale=2.0, scale_sigma=0.03)
    for index in range(len(BEND)):
        drive.go(seen(index))
    assert drive.trajectory.length == pytest.approx(2.0 * PROPOSED * (len(BEND) - 1), rel=0.05)
    assert drive.last.scale == ScaleEstimate(2.0, 0.03, "constant")


def test_the_longer_corners_were_seen_the_more_is_the_networks_step_as_long_as_theirs(tmp_path):
    """In the dark it is the network's, which is too short by 0.2 m; after 22 steps half of that is made up."""
    short = []
    for frames in (5, 23):
        drive = Drive(tmp_path)
        for index in range(frames):
            drive.go(seen(index))
        drive.go(View(np.zeros_like(seen(0).image), np.full_like(seen(0).depth, np.nan)))
        assert drive.odometry.source == "network"
        short.append(0.7 - drive.last.transform[0, 3])
    assert 0.7 - short[0] > PROPOSED
    assert short[1] < 0.5 * (0.7 - PROPOSED) < short[0]


def test_when_depth_falls_silent_lengths_are_the_networks_again(tmp_path):
    """Not at once: depth comes late, and now and then not at all."""
    drive = Drive(tmp_path)
    for index in range(6):
        drive.go(seen(index), pause=5 * STEP)
    for index in range(6, 10):  # two seconds
        drive.go(seen(index), depth=False, pause=5 * STEP)
    assert drive.odometry.goes_by_depth
    assert drive.last.scale == SCALE
    for index in range(10, 20):  # seven
        drive.go(seen(index), depth=False, pause=5 * STEP)
    assert not drive.odometry.goes_by_depth
    assert drive.last.scale == drive.network.scale


def test_when_all_lengths_grow_the_next_step_is_expected_to_be_as_much_longer(tmp_path):
    """The first depth says that all is twice as long as the network had it: so is the way to the next image."""
    drive = Drive(tmp_path)
    for index in range(4):
        drive.go(seen(index), depth=False)
    odometry = drive.odometry

    def expected() -> npt.NDArray[np.float64]:
        return odometry._guess(None, 0.1) @ inverse(odometry._pose)

    before, inverse_depth = expected(), odometry._landmarks.inverse_depth.copy()
    odometry._pull(np.log(2.0), 1.0)
    np.testing.assert_allclose(odometry._landmarks.inverse_depth, inverse_depth / 2)
    np.testing.assert_allclose(expected()[:3, 3], 2 * before[:3, 3])
    np.testing.assert_allclose(expected()[:3, :3], before[:3, :3], atol=1e-12)


def test_corners_that_fit_badly_leave_doubt(tmp_path, monkeypatch):
    assert doubt(0.2) == doubt(0.29) == 1.0
    assert [doubt(cost) for cost in (0.31, 0.34)] == pytest.approx([2.0, 5.8], rel=0.02)
    noise = []
    for factor in (1.0, 9.0):
        monkeypatch.setattr(refined_odometry, "doubt", lambda cost, factor=factor: factor if 0 < cost < 1 else 0.0)
        drive = Drive(tmp_path)
        for index in range(3):
            drive.go(seen(index))
        noise.append(np.trace(drive.last.noise))
    assert noise[1] == pytest.approx(9 * noise[0], rel=0.1)  # but for the floor


@pytest.mark.parametrize(("times", "source"), [(9.0, "corners"), (11.0, "network")])
def test_corners_that_are_far_less_sure_than_the_network_say_nothing(tmp_path, monkeypatch, times, source):
    """As in near darkness, where they made metres a second of noise, to a camera that stood."""
    drive = Drive(tmp_path)
    for index in range(3):
        drive.go(seen(index))
    proposed = drive.odometry.proposed
    assert proposed is not None
    own, scaled, other = (
        np.trace(covariance[:3, :3])
        for covariance in (drive.last.noise, drive.last.covariance - drive.last.noise, proposed.covariance)
    )
    factor = (times**2 * other - scaled) / own
    drive = Drive(tmp_path)
    for index in range(2):
        drive.go(seen(index))
    monkeypatch.setattr(refined_odometry, "doubt", lambda cost: factor)
    drive.go(seen(2))
    assert drive.odometry.source == source
    assert (drive.last.transform[0, 3] == pytest.approx(0.7, abs=0.03)) == (source == "corners")


def test_errors_of_the_camera_are_errors_of_a_body_that_turns_about_it(tmp_path):
    """By finite differences: a camera 3 m ahead of the body's origin and beside it that is wrong about its turn moves
    the origin sideways. The last step's axes turn the errors, which are those of its end, into those at its start."""
    rng = np.random.default_rng(0)
    drive, mount = Drive(tmp_path), pose_from(rotation_from_vector([0.1, 0.2, -0.1]), [3.0, -0.7, 1.2]) @ MOUNT
    odometry = RefinedOdometry(drive.network, CAMERA, mount)
    step = pose_from(rotation_from_vector([0.02, -0.3, 0.1]), [0.2, -0.1, -1.5])
    root = rng.normal(size=(6, 6)) * 1e-2
    covariance = root @ root.T

    def body(error):
        wrong = pose_from(rotation_from_vector(error[:3]), error[3:]) @ step
        return change_frame(inverse(wrong), mount)

    right, tiny, columns = body(np.zeros(6)), 1e-6, []
    for error in tiny * np.eye(6):
        moved = body(error)
        turned = vector_from_rotation(moved[:3, :3] @ right[:3, :3].T)
        columns.append(np.concatenate([moved[:3, 3] - right[:3, 3], turned]) / tiny)
    expected = np.column_stack(columns) @ covariance @ np.column_stack(columns).T
    motion = odometry._motion(step, covariance, 0, STEP)
    np.testing.assert_allclose(motion.transform, right)
    # Times what neighbouring steps have alike, and no step is known better than to a tenth of a millimetre.
    alike = np.trace(motion.noise) / np.trace(expected)
    np.testing.assert_allclose(motion.noise, alike * expected, rtol=1e-3, atol=1e-6)
