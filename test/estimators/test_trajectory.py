"""The trajectory's covariance against many noisy drives, and what it does with holes."""

from dataclasses import replace

import numpy as np
import pytest

from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.geometry.pose import inverse, pose_from, rotation_from_vector, vector_from_rotation

STEP = 100_000_000
NOISE = np.array([0.05, 0.02, 0.01, 0.002, 0.003, 0.01])


def motion(index, transform=None, scale_sigma=0.0):
    transform = pose_from(np.eye(3), [1.0, 0.0, 0.0]) if transform is None else transform
    scale = ScaleEstimate(1.0, scale_sigma, "constant")
    return Motion(transform, index * STEP, (index + 1) * STEP, np.diag(NOISE**2), scale)


def test_a_straight_line():
    trajectory = Trajectory()
    for index in range(100):
        trajectory.add(motion(index))
    np.testing.assert_allclose(trajectory.pose, pose_from(np.eye(3), [100.0, 0.0, 0.0]), atol=1e-9)
    assert trajectory.length == pytest.approx(100.0)
    assert trajectory.stamp == 100 * STEP


def test_a_pose_that_is_set_is_as_sure_as_it_says_and_forgets_how_it_was_reached():
    trajectory, fresh = Trajectory(), Trajectory()
    for index in range(50):
        trajectory.add(motion(index, scale_sigma=0.1))
    place, covariance = pose_from(rotation_from_vector([0.0, 0.0, 1.0]), [3.0, 4.0, 0.0]), np.diag(NOISE**2)
    trajectory.set(place, covariance)
    fresh.set(place, covariance)
    np.testing.assert_allclose(trajectory.covariance, covariance, atol=2e-6)
    for one in (trajectory, fresh):
        one.add(motion(50, scale_sigma=0.1))
    np.testing.assert_array_equal(trajectory.pose, fresh.pose)
    np.testing.assert_allclose(trajectory.covariance, fresh.covariance)
    assert trajectory.length == pytest.approx(51.0)


def test_covariance_is_that_of_many_noisy_drives():
    """Monte Carlo: the spread of 2000 drives along a bend, each with its own noise, is what the trajectory says."""
    random = np.random.default_rng(0)
    true_step = pose_from(rotation_from_vector([0.0, 0.0, 0.05]), [1.0, 0.1, 0.0])
    drives, steps = 2000, 30
    ends = np.broadcast_to(np.eye(4), (drives, 4, 4))
    trajectory = Trajectory()
    for index in range(steps):
        trajectory.add(motion(index, true_step))
        error = random.normal(size=(drives, 6)) * NOISE
        rotation = rotation_from_vector(error[:, 3:]) @ true_step[:3, :3]
        ends = ends @ pose_from(rotation, true_step[:3, 3] + error[:, :3])
    apart = ends @ inverse(trajectory.pose)
    errors = np.concatenate([ends[:, :3, 3] - trajectory.pose[:3, 3], vector_from_rotation(apart[:, :3, :3])], axis=1)
    measured = np.cov(errors.T)
    said = trajectory.covariance
    np.testing.assert_allclose(np.sqrt(np.diag(said)), np.sqrt(np.diag(measured)), rtol=0.1)
    spread = np.sqrt(np.outer(np.diag(measured), np.diag(measured)))
    np.testing.assert_allclose(said / spread, measured / spread, atol=0.1)


def test_a_wrong_scale_stretches_the_whole_way_and_wanders_along_it():
    """Out and back: after 10 m a scale that is a tenth off is a metre off, at home it is none; what is left is that it
    changes on the way by a quarter of that every 50 m, as a random walk of as many metres."""
    trajectory, exact = Trajectory(), Trajectory()
    turn = pose_from(rotation_from_vector([0, 0, np.pi]), [0, 0, 0])
    ahead = pose_from(np.eye(3), [1.0, 0.0, 0.0])
    share = []
    for index, step in enumerate([ahead] * 10 + [turn] + [ahead] * 10):
        trajectory.add(motion(index, step, scale_sigma=0.1))
        exact.add(motion(index, step))
        share.append(trajectory.covariance[0, 0] - exact.covariance[0, 0])
    wander = (0.25 * 0.1 * 50) ** 2 / 50  # square metres a metre
    assert share[9] == pytest.approx(1.0 + 10 * wander)
    assert share[4] == pytest.approx(0.25 + 5 * wander)
    assert share[-1] == pytest.approx(20 * wander, abs=1e-9)


@pytest.mark.parametrize("steps", [1, 4, 40])
def test_how_a_scale_wanders_along_ten_metres_does_not_depend_on_the_steps_they_took(steps):
    ahead = pose_from(np.eye(3), [10.0 / steps, 0.0, 0.0])
    trajectory, exact = Trajectory(), Trajectory()
    for index in range(steps):
        trajectory.add(motion(index, ahead, scale_sigma=0.1))
        exact.add(motion(index, ahead))
    wander = (0.25 * 0.1 * 50) ** 2 / 50  # square metres a metre, as above
    assert trajectory.covariance[0, 0] - exact.covariance[0, 0] == pytest.approx(1.0 + 10 * wander)


def test_a_turn_that_is_wrong_all_the_way_bends_it():
    """Monte Carlo: 3000 drives along a bend, each with an error of its own that goes on alike at every metre."""
    random = np.random.default_rng(0)
    step = pose_from(rotation_from_vector([0.0, 0.0, 0.02]), [2.0, 0.0, 0.0])
    drives, steps = 3000, 100
    bent = random.normal(size=(drives, 3)) * np.radians(0.15) / 100 * 2.0
    steps_of_each = np.broadcast_to(step, (drives, 4, 4)).copy()
    steps_of_each[:, :3, :3] = rotation_from_vector(bent) @ step[:3, :3]
    start = 1e-3 * random.normal(size=(drives, 6))  # as unsure as every trajectory begins
    ends, trajectory = pose_from(rotation_from_vector(start[:, 3:]), start[:, :3]), Trajectory()
    silent = Motion(step, 0, STEP, 1e-18 * np.eye(6), ScaleEstimate(1.0, 0.0, "constant"))
    for index in range(steps):
        ends = ends @ steps_of_each
        trajectory.add(replace(silent, start=index * STEP, stamp=(index + 1) * STEP))
    apart = ends @ inverse(trajectory.pose)
    errors = np.concatenate([ends[:, :3, 3] - trajectory.pose[:3, 3], vector_from_rotation(apart[:, :3, :3])], axis=1)
    measured, said = np.cov(errors.T), trajectory.covariance
    np.testing.assert_allclose(np.sqrt(np.diag(said)), np.sqrt(np.diag(measured)), rtol=0.1)
    spread = np.sqrt(np.outer(np.diag(measured), np.diag(measured)))
    np.testing.assert_allclose(said / spread, measured / spread, atol=0.1)


def test_an_unknown_scale_says_so():
    trajectory = Trajectory()
    trajectory.add(motion(0, scale_sigma=float("inf")))
    trajectory.add(motion(1))
    assert np.isfinite(trajectory.covariance).all()
    assert trajectory.covariance[0, 0] >= 1e6
    assert trajectory.covariance[5, 5] < 1


def test_covariance_is_never_zero_and_only_grows():
    trajectory = Trajectory()
    last = trajectory.covariance
    assert np.linalg.eigvalsh(last).min() > 0
    for index in range(20):
        trajectory.add(motion(index))
        assert (np.diag(trajectory.covariance) > np.diag(last)).all()
        last = trajectory.covariance


def test_a_hole_does_not_move_the_pose_but_costs_certainty():
    whole, holed = Trajectory(), Trajectory()
    for index in range(10):
        whole.add(motion(index))
        if index < 5 or index >= 8:
            holed.add(motion(index))
    np.testing.assert_allclose(holed.pose[:3, 3], [7.0, 0.0, 0.0])
    sigma = np.sqrt(holed.covariance[0, 0])
    assert sigma > 3.0  # three unseen steps of a metre each
    assert sigma > 5 * np.sqrt(whole.covariance[0, 0])


def test_the_axes_stay_orthogonal_over_a_long_way():
    trajectory = Trajectory()
    step = pose_from(rotation_from_vector([0.01, -0.02, 0.03]), [1.0, 0.0, 0.0]).astype(np.float32)
    for index in range(5000):
        trajectory.add(motion(index, step))
    rotation = trajectory.pose[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


def test_reset_is_back_at_the_origin():
    trajectory = Trajectory()
    trajectory.add(motion(0))
    trajectory.reset()
    np.testing.assert_array_equal(trajectory.pose, np.eye(4))
    assert (trajectory.length, trajectory.stamp) == (0.0, None)
