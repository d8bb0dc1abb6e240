"""What is known of the depth of corners."""

import numpy as np
import pytest
from helpers.corridor import CAMERA

from depth_perception.estimators.landmarks import Landmarks, depth_at


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
    assert landmarks(depth, 0.05).compare(1.3 * depth) == pytest.approx(np.log(1.3))
    assert landmarks(depth, 0.05, age=0).compare(1.3 * depth) is None


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
