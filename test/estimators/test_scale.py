"""Scale: from the ground, fused over time."""

import numpy as np
import pytest

from depth_perception.estimators.scale import (
    UNKNOWN_SCALE,
    GroundPlaneScale,
    ScaleEstimate,
    ScaleFilter,
)
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.ground_plane import DOWN, fit_ground_plane

CAMERA = Camera(640, 192, 370.0, 370.0, 320.0, 60.0)


def road(height, pitch_degrees=0.0, noise=0.0, seed=0):
    pitch = np.radians(pitch_degrees)
    fall = CAMERA.rays() @ np.array([0.0, np.cos(pitch), np.sin(pitch)])
    depth = np.where(fall > height / 80, height / np.where(fall > 0, fall, 1.0), np.nan)
    return (depth * (1 + noise * np.random.default_rng(seed).normal(size=depth.shape))).astype(np.float32)


@pytest.mark.parametrize("pitch", [0.0, 5.0])
def test_ground_gives_the_scale_of_a_pitched_camera_within_a_percent(pitch):
    angle = np.radians(pitch)
    source = GroundPlaneScale(1.65, gravity=(0.0, np.cos(angle), np.sin(angle)))
    estimate = source.update(road(0.55, pitch, noise=0.03), CAMERA)
    assert estimate.value == pytest.approx(3.0, rel=0.01)
    assert estimate.source == "ground_plane"
    assert 0.01 <= estimate.sigma <= 0.05


def test_ground_that_is_not_seen_changes_nothing():
    source = GroundPlaneScale(1.65)
    wall = np.full((192, 640), 8.0, np.float32)
    assert source.update(wall, CAMERA) == UNKNOWN_SCALE
    known = source.update(road(0.55), CAMERA)
    assert source.update(wall, CAMERA) == known
    assert source.update(np.full((192, 640), np.nan, np.float32), CAMERA) == known
    assert source.update(road(0.9, pitch_degrees=15), CAMERA) == known  # a plane, but not level


def test_a_road_that_is_seen_without_an_error_is_no_surer_than_roads_are_flat():
    """To a percent of the camera's height, two centimetres: that an image agrees with itself says no more."""
    estimate = GroundPlaneScale(1.65).measure(road(0.55), CAMERA)
    assert estimate is not None
    assert 0.01 <= estimate.sigma < 0.02


def test_a_road_of_which_most_is_something_else_is_not_trusted():
    """Two fifths of its pixels are, the others lie anywhere before it: that a level plane is left after trimming says
    nothing where most of what should lie on it does not."""
    rng = np.random.default_rng(0)
    depth = road(0.55)
    other = rng.random(depth.shape) < 0.6
    cluttered = np.where(other, depth * rng.uniform(0.1, 1.0, depth.shape), depth).astype(np.float32)
    plane = fit_ground_plane(cluttered, CAMERA)
    assert plane is not None
    assert plane.inliers < 0.5
    assert np.degrees(plane.angle_to(DOWN)) < 5.0
    assert GroundPlaneScale(1.65).measure(cluttered, CAMERA) is None


def test_filter_fuses_in_log_scale_by_inverse_variance():
    scale = ScaleFilter(ScaleEstimate(2.0, 0.1, "constant"), drift=0.0)
    fused = scale.update(ScaleEstimate(8.0, 0.1, "ground_plane"))
    assert fused.value == pytest.approx(4.0)  # the geometric mean of equals
    assert fused.sigma == pytest.approx(0.1 / np.sqrt(2))
    heavy = ScaleFilter(ScaleEstimate(2.0, 0.1, "constant"), drift=0.0).update(ScaleEstimate(8.0, 0.2, "ground_plane"))
    assert np.log(heavy.value / 2.0) == pytest.approx(np.log(4.0) / 5)


def test_filter_follows_a_change_and_smooths_jitter():
    random = np.random.default_rng(0)
    scale = ScaleFilter(UNKNOWN_SCALE)
    values = []
    for truth in [30.0] * 300 + [31.5] * 300:
        measured = ScaleEstimate(float(truth * np.exp(0.05 * random.normal())), 0.05, "ground_plane")
        values.append(scale.update(measured).value)
    assert np.mean(values[200:300]) == pytest.approx(30.0, rel=0.01)
    assert np.std(np.log(values[200:300])) < 0.02
    assert np.mean(values[-100:]) == pytest.approx(31.5, rel=0.01)


def test_filter_freezes_while_measurements_are_unsure():
    scale = ScaleFilter(ScaleEstimate(2.0, 0.05, "constant"))
    assert scale.update(ScaleEstimate(9.0, 0.31, "ground_plane")) == ScaleEstimate(2.0, 0.05, "constant")
    assert scale.update(ScaleEstimate(9.0, float("inf"), "ground_plane")).value == 2.0


@pytest.mark.parametrize(("value", "sigma"), [(0.0, 0.1), (-1.0, 0.1), (float("nan"), 0.1), (1.0, -0.1), (1.0, np.nan)])
def test_impossible_scales_are_refused(value, sigma):
    with pytest.raises(EstimatorError, match="scale"):
        ScaleEstimate(value, sigma, "constant")


def test_a_camera_may_be_close_to_the_ground():
    assert GroundPlaneScale(0.3).update(road(0.6), CAMERA).value == pytest.approx(0.5, rel=0.01)


def test_impossible_camera_height_is_refused():
    with pytest.raises(EstimatorError, match="camera height is 0 m above the base frame, expected a positive number"):
        GroundPlaneScale(0)


@pytest.mark.parametrize(
    ("value", "sigma"), [(0.0, 0.1), (-1.0, 0.1), (1e200, 0.1), (1e-9, 0.1), (float("nan"), 0.1), (1.0, float("nan"))]
)
def test_a_scale_that_cannot_be_is_refused(value, sigma):
    """One that came with a message once would stay in a trajectory for good."""
    with pytest.raises(EstimatorError, match=r"expected 0\.0001 to 10000"):
        ScaleEstimate(value, sigma, "depth")
