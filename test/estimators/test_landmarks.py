"""What is known of the depth of corners."""

import numpy as np
import pytest
from helpers.corridor import CAMERA

from depth_perception.estimators.landmarks import Landmarks, depth_at
from depth_perception.estimators.pose_fit import fit_pose, sight
from depth_perception.geometry.pose import pose_from, rotation_from_vector, vector_from_rotation


def landmarks(depth, sigma, age=3):
    """Of corners ahead, with a relative error of their depth."""
    inverse_depth = 1.0 / np.asarray(depth, np.float64)
    count = len(inverse_depth)
    rays = np.tile([0.0, 0.0, 1.0], (count, 1))
    variance = (sigma * inverse_depth) ** 2
    return Landmarks(np.arange(count), rays, inverse_depth, variance, np.full(count, age), np.ones(count, bool))


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_another_unit_of_length_leaves_the_relative_error_of_a_depth_as_it_was(factor):
    corners = landmarks([2.0, 10.0], 0.1)
    corners.rescale(factor)
    np.testing.assert_allclose(1.0 / corners.inverse_depth, np.multiply([2.0, 10.0], factor))
    np.testing.assert_allclose(np.sqrt(corners.variance) / corners.inverse_depth, 0.1)


def test_lengths_are_compared_by_corners_that_were_followed():
    """What is known of a new corner nobody has seen move, however sure it says that it is."""
    depth = np.linspace(4.0, 12.0, 40)
    assert landmarks(depth, 0.05).compare(np.full(40, 1.3)) == pytest.approx(np.log(1.3))
    assert landmarks(depth, 0.05, age=0).compare(np.full(40, 1.3)) is None


def unmeasured(depth, sigma):
    corners = landmarks(depth, sigma, age=0)
    corners.measured[:] = False
    return corners


def test_what_a_network_says_first_is_believed_as_far_as_a_corner_knows_less():
    loose, tight = unmeasured([10.0], 0.6), unmeasured([10.0], 0.1)
    for corners in (loose, tight):
        corners.learn(np.array([13.0]))
    assert 1 / loose.inverse_depth[0] == pytest.approx(13.0)
    assert np.sqrt(loose.variance[0]) * 13.0 == pytest.approx(0.2, abs=0.01)
    # by inverse variance: 1/10 with a sigma of 0.01, 1/13 with one of 0.0154
    assert 1 / tight.inverse_depth[0] == pytest.approx(10.7, abs=0.1)
    assert tight.variance[0] < 0.8 * 0.01**2
    before = tight.inverse_depth[0]
    tight.learn(np.array([13.0]))
    assert tight.inverse_depth[0] == before


def test_a_first_word_far_from_what_a_corner_knows_is_a_doubt():
    corners = unmeasured([10.0], 0.1)
    corners.learn(np.array([5.0]))
    assert corners.inverse_depth[0] == pytest.approx(0.1)
    assert np.sqrt(corners.variance[0]) == pytest.approx(0.07)


def test_new_corners_know_what_is_expected_there_or_nothing():
    corners = Landmarks()
    corners.append(np.arange(3), np.tile([0.0, 0.0, 1.0], (3, 1)), np.array([0.2, 0.0, np.nan]))
    np.testing.assert_allclose(corners.inverse_depth, [0.2, 0.0, 0.02])
    np.testing.assert_allclose(np.sqrt(corners.variance), [0.12, 0.1, 0.5])  # beyond a range of 5 m and more


@pytest.mark.parametrize("ratio", [np.nan, np.inf, -3.0, 0.0])
@pytest.mark.filterwarnings("error")
def test_lengths_are_not_compared_where_there_is_no_depth(ratio):
    ratios = np.where(np.arange(40) < 24, ratio, 1.3)
    assert landmarks(np.full(40, 5.0), 0.05).compare(ratios) == pytest.approx(np.log(1.3))


@pytest.mark.parametrize("beside", [-1, 1])
@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
def test_a_corner_on_an_edge_is_as_far_as_what_stands_before(axis, beside):
    """A post at 5 m before a wall at 20 m: a corner that is seen a pixel beside the post's edge is the post's."""
    depth = np.full((CAMERA.height, CAMERA.width), 20.0, np.float32)
    depth[60:101, 200:241] = 5.0
    corner = {(0, -1): (199, 80), (0, 1): (241, 80), (1, -1): (220, 59), (1, 1): (220, 101)}[axis, beside]
    places = np.array([corner, (220, 80), (150, 20)])
    rays = np.column_stack([(places - [CAMERA.cx, CAMERA.cy]) / [CAMERA.fx, CAMERA.fy], np.ones(3)])
    np.testing.assert_allclose(depth_at(rays, depth, CAMERA), [5.0, 5.0, 20.0])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_turns_do_not_bear_themselves_out_on_a_motorway(seed):
    """Nothing is near, nothing straight ahead, and the network puts what is far too near: each corner's depth can take
    up a turn that is wrong, and teach it to the next image. Such a turn grew to 0.2 degrees an image, and more.
    """
    rng = np.random.default_rng(seed)
    noise, back = 0.35 / 600, np.array([0.0, 0.0, -2.7])
    points, corners, wrong = np.empty((0, 3)), Landmarks(), []
    for image in range(200):
        while len(points) < 150:
            point = rng.uniform([6, -8, 0], [40, 1.5, 0]) * [rng.choice([-1, 1]), 1, 1]
            point[2] = np.exp(rng.uniform(np.log(15), np.log(200)))
            if in_view(point) and abs(point[0]) > 0.08 * point[2]:
                points = np.vstack([points, point])
        new = points[len(corners) :]
        told = np.full(len(points), np.nan)
        told[len(corners) :] = (new[:, 2] - 0.3 * np.maximum(new[:, 2] - 20, 0)) * rng.lognormal(0, 0.1, len(new))
        corners.append(np.arange(len(new)) + 1000 * image, new / new[:, 2:], np.full(len(new), np.nan))
        corners.learn(told)

        turn = rotation_from_vector([0, np.radians(0.05) * rng.normal(), 0])
        points = points @ turn.T + turn @ back
        seen = points[:, :2] / points[:, 2:] + rng.normal(0, noise, (len(points), 2))
        known = corners.rays, corners.inverse_depth, corners.variance, seen, noise
        pose = fit_pose(pose_from(np.eye(3), back), *known).pose
        wrong.append(np.degrees(vector_from_rotation(pose[:3, :3] @ turn.T)[1]))
        points = points[corners.move(pose, sight(pose, *known), seen, noise)]
        stays = np.array([in_view(point) and point[2] > 3 for point in points])
        points = points[stays]
        corners.select(stays)
    assert abs(np.mean(wrong)) < 0.015
    assert np.sqrt(np.mean(np.square(wrong))) < 0.03


def in_view(point):
    return abs(point[0]) < 0.9 * point[2] and abs(point[1]) < 0.35 * point[2]
