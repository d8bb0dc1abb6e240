"""How well corners fit a pose."""

import numpy as np
import pytest

from depth_perception.estimators.pose_fit import sight


def cost(pose, depths):
    rays = np.array([[0.1, 0.0, 1.0], [-0.1, 0.1, 1.0]])
    near = 1.0 / np.array(depths)
    return sight(pose, rays, near, np.full(2, 1e-6), rays[:, :2], 1e-3).cost


@pytest.mark.filterwarnings("error")
def test_a_corner_behind_the_camera_costs_all_that_one_can():
    forwards = np.eye(4)
    forwards[2, 3] = -5.0  # of what is seen: the camera went 5 m on, past the corner that was 2 m away
    assert cost(np.eye(4), [2.0, 1e4]) == pytest.approx(0.0, abs=1e-6)
    assert cost(forwards, [2.0, 1e4]) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
def test_what_seems_to_lie_beyond_infinity_is_taken_to_be_100_m_beyond_at_most(axis):
    """Going forwards, all moves outwards, however far: this corner moved inwards, as at 20 m behind infinity."""
    forwards = np.eye(4)
    forwards[2, 3] = -5.0
    ray, seen, unknown = np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 2)), np.array([1.0])
    ray[0, axis], seen[0, axis] = 0.2, 0.15
    assert sight(forwards, ray, np.zeros(1), unknown, seen, 1e-3).points[2, 0] == pytest.approx(1.0 + 5.0 / 100.0)
    at = sight(forwards, ray, np.zeros(1), unknown, seen, 1e-3)
    assert at.change[0] == pytest.approx(-1 / 100)
    assert not at.inliers[0]  # 39 pixels from where it would be seen there, at 1,000 pixels of focal length


@pytest.mark.parametrize("axis", [0, 1], ids=["across", "down"])
def test_what_is_far_may_seem_a_little_farther_than_infinity(axis):
    forwards = np.eye(4)
    forwards[2, 3] = -5.0
    ray, seen = np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 2))
    ray[0, axis], seen[0, axis] = 0.2, 0.199  # a pixel
    at = sight(forwards, ray, np.zeros(1), np.array([1.0]), seen, 1e-3)
    assert at.inliers[0]
    assert at.change[0] == pytest.approx(-1 / 1000, rel=0.05)
    seen[0, axis] = 0.2 / (1 + 5.0 / 100.0) - 0.002  # two sigma from where it would be seen at 100 m beyond
    at = sight(forwards, ray, np.zeros(1), np.array([1.0]), seen, 1e-3)
    assert at.inliers[0]
    assert at.change[0] == pytest.approx(-1 / 100)
