"""Heights above the ground, of scenes whose heights are known."""

import itertools

import numpy as np
import pytest

from depth_perception.evaluation.frame import Frame
from depth_perception.evaluation.heights import LEVELS, by_height, heights_above_ground, obstacle_ratios
from depth_perception.evaluation.protocol import RECORDING
from depth_perception.geometry.camera import Camera

CAMERA = Camera(width=208, height=96, fx=120.0, fy=120.0, cx=103.5, cy=40.0)
TALL = 1.5


def road(pitch=0.0):
    """Depth of a flat road under a camera that looks down by `pitch` radians."""
    normal = np.array([0.0, np.cos(pitch), np.sin(pitch)])
    fall = CAMERA.rays().astype(np.float64) @ normal
    return np.where(fall > 1e-3, TALL / np.maximum(fall, 1e-3), np.inf).astype(np.float32), normal


@pytest.mark.parametrize("pitch", [-0.05, 0.0, 0.08])
def test_a_wall_is_as_high_as_it_stands_above_the_road(pitch):
    depth, normal = road(pitch)
    wall = np.zeros(depth.shape, bool)
    wall[:, 150:180] = True
    depth = np.where(wall, np.minimum(depth, 9.0), depth)
    heights = heights_above_ground(depth, CAMERA)
    assert heights is not None
    points = CAMERA.rays().astype(np.float64) * np.where(np.isfinite(depth), depth, np.nan)[..., None]
    expected = TALL - points @ normal
    known = np.isfinite(expected)
    assert np.abs(heights - expected)[known & (depth < 40)].max() < 0.03
    assert np.isnan(heights[np.isinf(depth)]).all()
    assert heights[10, 160] > 2.0
    assert abs(float(np.nanmedian(heights[60:, :100]))) < 0.02


def test_levels_leave_nothing_out():
    edges = list(LEVELS.values())
    assert edges[0][0] == -np.inf
    assert edges[-1][1] == np.inf
    assert all(low == high for (_, high), (low, _) in itertools.pairwise(edges))
    assert edges[1] == (0.3, 1.0)


def test_points_of_a_lidar_are_enough():
    depth, _ = road()
    seen = np.random.default_rng(0).random(depth.shape) < 0.1
    heights = heights_above_ground(np.where(seen, depth, 0.0), CAMERA)
    assert heights is not None
    assert np.isnan(heights[~seen]).all()
    assert np.abs(heights[seen & np.isfinite(depth)]).max() < 0.02


def test_where_no_ground_is_seen_nothing_is_said():
    assert heights_above_ground(np.full((96, 208), np.nan, np.float32), CAMERA) is None
    bushes = np.random.default_rng(0).uniform(3.0, 12.0, (96, 208)).astype(np.float32)
    assert heights_above_ground(bushes, CAMERA) is None


def test_a_car_that_hides_the_lane_ahead_is_not_the_ground():
    depth, _ = road()
    hidden = np.zeros(depth.shape, bool)
    hidden[20:90, 50:160] = True
    depth = np.where(hidden, np.minimum(depth, 5.0), depth)
    heights = heights_above_ground(depth, CAMERA)
    assert heights is not None
    assert np.abs(heights[(depth < 20) & ~hidden]).max() < 0.05
    assert heights[40, 100] == pytest.approx(TALL, abs=0.05)


def test_a_dock_beside_the_lane_is_not_the_ground_though_more_of_it_is_seen():
    """It is as even as the road and 0.7 m higher: what has much below it is no ground."""
    depth, _ = road()
    on_the_dock = depth * (TALL - 0.7) / TALL
    dock = np.zeros(depth.shape, bool)
    dock[:, 60:] = True
    heights = heights_above_ground(np.where(dock, on_the_dock, depth).astype(np.float32), CAMERA)
    assert heights is not None
    near = depth < 20
    assert np.abs(heights[near & ~dock]).max() < 0.05
    np.testing.assert_allclose(heights[near & dock], 0.7, atol=0.05)


@pytest.mark.parametrize(("size", "told"), [(3, False), (8, True)])
def test_a_handful_of_pixels_is_no_obstacle(size, told):
    """Nine, that a LiDAR's stray points or an edge may be, and sixty-four."""
    depth, _ = road()
    depth[20 : 20 + size, 100 : 100 + size] = 9.0
    ratios = obstacle_ratios(Frame("post", np.zeros((96, 208, 3), np.uint8), depth, CAMERA), 1.3 * depth)
    assert ratios == ([pytest.approx(1.3)] if told else [])


def test_a_frame_is_divided_by_height_and_obstacles_are_judged_as_they_come():
    depth, _ = road()
    depth[:, 150:180] = np.minimum(depth[:, 150:180], 9.0)
    frame = Frame("wall", np.zeros((96, 208, 3), np.uint8), depth, CAMERA)
    parts = by_height(frame, RECORDING)
    assert list(parts) == [f"{name}, up to 20 m" for name in (*LEVELS, "obstacles")]
    assert parts["> 2 m, up to 20 m"][5, 160]
    assert not parts["> 2 m, up to 20 m"][5, 20]
    assert parts["ground, up to 20 m"][90, 20]
    assert obstacle_ratios(frame, 1.3 * depth) == [pytest.approx(1.3)]
    assert obstacle_ratios(frame, 1.3 * depth, reach=8.0) == []
    unknown = Frame("no camera", frame.image, depth)
    assert by_height(unknown, RECORDING) == {}
    assert obstacle_ratios(unknown, depth) == []
