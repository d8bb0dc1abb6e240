"""The ground plane on roads whose height and tilt are known."""

import numpy as np
import pytest

from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.ground_plane import GroundPlane, fit_ground_plane, fit_plane, road_region

CAMERA = Camera(640, 192, 370.0, 370.0, 320.0, 80.0)
HEIGHT = 1.65


def gravity_of(pitch_degrees, roll_degrees=0.0):
    """Gravity in the axes of a camera that looks down by the pitch and is rolled clockwise."""
    pitch, roll = np.radians([pitch_degrees, roll_degrees])
    return np.array([np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch)])


def road(gravity, noise=0.0, seed=0):
    """Depth of a flat road HEIGHT below the camera, with multiplicative white noise; NaN above the horizon."""
    fall = CAMERA.rays() @ gravity
    depth = np.where(fall > HEIGHT / 80, HEIGHT / np.where(fall > 0, fall, 1.0), np.nan)
    return (depth * (1 + noise * np.random.default_rng(seed).normal(size=depth.shape))).astype(np.float32)


@pytest.mark.parametrize("wrong_by", [0.0, 1.0])
@pytest.mark.parametrize(("noise", "pitch"), [(0.0, 5), (0.002, 0), (0.01, 4), (0.01, 8), (0.03, 8), (0.1, 4)])
def test_camera_height_is_found_within_a_percent(noise, pitch, wrong_by):
    # Local normals are wrong by up to 83 % on these roads, and gravity that is wrong by a degree by 12 %.
    region = road_region(CAMERA, gravity_of(pitch + wrong_by))
    plane = fit_ground_plane(road(gravity_of(pitch), noise), CAMERA, region)
    assert plane is not None
    assert plane.height == pytest.approx(HEIGHT, rel=0.01)
    assert np.degrees(plane.angle_to(gravity_of(pitch))) < 0.5
    assert plane.inliers > 0.95
    # the median of |e| is 0.6745 sigma
    assert plane.residual == pytest.approx(0.6745 * noise, rel=0.1, abs=1e-5)


def test_roll_is_found():
    plane = fit_ground_plane(road(gravity_of(2, 5), 0.01), CAMERA, road_region(CAMERA, gravity_of(2, 5)))
    assert plane is not None
    assert plane.height == pytest.approx(HEIGHT, rel=0.01)
    np.testing.assert_allclose(plane.normal, gravity_of(2, 5), atol=0.005)


def test_a_car_in_the_lane_is_trimmed_away():
    depth = road(gravity_of(0), 0.01)
    region = road_region(CAMERA)
    rows, columns = np.nonzero(region)
    car = (rows < np.quantile(rows, 0.35)) & (np.abs(columns - 320) < 40)
    depth[rows[car], columns[car]] = 9.0
    plane = fit_ground_plane(depth, CAMERA, region)
    assert plane is not None
    assert 0.1 < car.mean() < 0.3
    assert plane.height == pytest.approx(HEIGHT, rel=0.02)
    assert plane.inliers < 1 - 0.8 * car.mean()
    assert plane.spread == pytest.approx(0.01, rel=0.1)  # the road's noise, and nothing of the car


@pytest.mark.parametrize("share", [0.15, 0.4])
def test_the_own_bonnet_tilts_no_road(share):
    """It is the closest there is, and weighs most in inverse depth."""
    depth = road(gravity_of(0), 0.01)
    region = road_region(CAMERA)
    rows, columns = np.nonzero(region)
    bonnet = rows > np.quantile(rows, 1 - share)
    depth[rows[bonnet], columns[bonnet]] = 1.0
    plane = fit_ground_plane(depth, CAMERA, region)
    assert plane is not None
    assert plane.height == pytest.approx(HEIGHT, rel=0.01)
    assert np.degrees(plane.angle_to(gravity_of(0))) < 0.2
    assert plane.inliers == pytest.approx(1 - bonnet.mean(), abs=0.03)


def test_the_camber_of_an_exact_road_is_not_trimmed():
    depth = road(gravity_of(0))
    across = CAMERA.rays()[..., 0] * depth
    cambered = (depth * (1 + 0.004 * np.abs(across))).astype(np.float32)
    plane = fit_ground_plane(cambered, CAMERA)
    assert plane is not None
    assert plane.inliers > 0.95
    assert plane.height == pytest.approx(HEIGHT, rel=0.01)


def test_a_mended_strip_of_an_exact_road_is_not_trimmed():
    """It lies 5 mm higher, a third of a percent of the camera's height: no depth is so exact that this is no road."""
    depth = road(gravity_of(0))
    depth[:, 300:340] *= 1 - 0.005 / HEIGHT
    plane = fit_ground_plane(depth, CAMERA)
    assert plane is not None
    assert plane.inliers == 1.0


def test_residual_tells_a_road_from_a_mess():
    bumpy = road(gravity_of(0))
    waves = 1 + 0.4 * np.sin(np.arange(192) / 4)[:, None]
    plane = fit_ground_plane((bumpy * waves).astype(np.float32), CAMERA)
    assert plane is not None
    assert plane.residual > 0.1


def test_region_is_the_own_lane_in_camera_heights():
    region = road_region(CAMERA, half_width=1.0, reach=10.0)
    points = CAMERA.rays() * road(gravity_of(0))[..., None]
    side, ahead = np.abs(points[..., 0]) / HEIGHT, points[..., 2] / HEIGHT
    doubtful = (np.abs(side - 1) < 1e-3) | (np.abs(ahead - 10) < 1e-3)
    np.testing.assert_array_equal(region | doubtful, ((side < 1) & (ahead < 10)) | doubtful)
    assert 0.01 < region.mean() < 0.2


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_no_road_is_no_plane(value):
    assert fit_ground_plane(np.full((192, 640), value, np.float32), CAMERA) is None


def test_a_wall_is_a_plane_but_not_the_ground():
    plane = fit_ground_plane(np.full((192, 640), 12.0, np.float32), CAMERA)
    assert plane is not None
    assert plane.height == pytest.approx(12.0)
    assert np.degrees(plane.angle_to((0, 1, 0))) == pytest.approx(90.0)


def test_points_on_one_line_are_no_plane():
    rays = np.column_stack([np.zeros(500), np.linspace(0.1, 0.5, 500), np.ones(500)])
    assert fit_plane(rays, 1.5 / rays[:, 1]) is None


@pytest.mark.parametrize("gravity", [(0.0, 0.0, 1.0), (0.0, 0.0, 0.0), (0.0, np.nan, 0.0)])
def test_a_camera_that_looks_at_no_road_is_refused(gravity):
    with pytest.raises(GeometryError, match="no road ahead"):
        road_region(CAMERA, gravity)


def test_another_size_is_refused():
    with pytest.raises(GeometryError, match="depth has shape"):
        fit_ground_plane(np.ones((10, 10), np.float32), CAMERA)


def test_the_length_of_a_direction_does_not_matter():
    plane = GroundPlane(normal=(0.0, 1.0, 0.0), height=1.5, inliers=1.0, residual=0.0, spread=0.0)
    assert np.degrees(plane.angle_to((0.0, 2.0, 2.0))) == pytest.approx(45.0)


def test_no_angle_is_nan():
    """Of many directions the cosine with themselves comes out beyond one."""
    for direction in np.random.default_rng(0).normal(size=(300, 3)):
        normal = tuple(direction / np.linalg.norm(direction))
        plane = GroundPlane(normal=normal, height=1.5, inliers=1.0, residual=0.0, spread=0.0)
        assert plane.angle_to(direction) < 1e-7
        assert plane.angle_to(-direction) == pytest.approx(np.pi)


def test_normal_errors_are_kept_up_to_two_and_a_half_deviations():
    """Which are 98.76 % of them."""
    plane = fit_ground_plane(road(gravity_of(4), 0.03), CAMERA, road_region(CAMERA, gravity_of(4)))
    assert plane is not None
    assert plane.inliers == pytest.approx(0.9876, abs=0.003)


@pytest.mark.parametrize("count", [99, 100])
def test_a_hundred_pixels_are_enough(count):
    region = np.zeros((192, 640), np.bool_)
    rows, columns = np.nonzero(road_region(CAMERA))
    chosen = np.linspace(0, len(rows) - 1, count).astype(int)
    region[rows[chosen], columns[chosen]] = True
    assert (fit_ground_plane(road(gravity_of(0)), CAMERA, region) is None) == (count < 100)
