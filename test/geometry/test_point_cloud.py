"""Point clouds of scenes whose points are known."""

import numpy as np
import pytest

from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.point_cloud import (
    NO_LIMITS,
    DepthLimits,
    PointCloudBuilder,
    height_limits,
    range_limits,
    voxel_grid,
)
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_vector, transform

CAMERA = Camera(80, 48, 60.0, 62.0, 38.0, 20.0)
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 80, 3), np.uint8)


def random_depth():
    return np.random.default_rng(1).uniform(1, 60, (48, 80)).astype(np.float32)


def there(points):
    return np.isfinite(points[..., :3]).all(-1)


def test_plane_of_constant_depth_is_flat_and_lies_where_the_pinhole_says():
    points = PointCloudBuilder(CAMERA).build(np.full((48, 80), 10.0, np.float32), IMAGE)
    assert points.shape == (48, 80, 4)
    assert points.dtype == np.float32
    assert (points[..., 2] == 10.0).all()
    for row, column in ((0, 0), (47, 79), (20, 38), (5, 70)):
        expected = [10 * (column - 38.0) / 60.0, 10 * (row - 20.0) / 62.0]
        np.testing.assert_allclose(points[row, column, :2], expected, rtol=1e-6)


def test_colour_is_packed_as_point_cloud2_wants_it():
    points = PointCloudBuilder(CAMERA).build(random_depth(), IMAGE)
    packed = np.ascontiguousarray(points[..., 3]).view("<u4")
    red, green, blue = (IMAGE[..., channel].astype(np.uint32) for channel in range(3))
    np.testing.assert_array_equal(packed, red << 16 | green << 8 | blue)
    assert np.isfinite(points[..., 3]).all()  # a fourth byte of 255 would make it NaN


@pytest.mark.parametrize("limits", [NO_LIMITS, height_limits(CAMERA, BODY_FROM_OPTICAL, -100.0, 100.0)])
def test_depth_that_is_no_distance_makes_no_point(limits):
    depth = random_depth()
    depth[0, :4] = [np.nan, np.inf, -np.inf, 0.0]
    depth[20, :2] = [np.inf, 0.0]  # the row of the horizon, which no height limits
    points = PointCloudBuilder(CAMERA, limits).build(depth, IMAGE)
    assert not there(points)[0, :4].any()
    assert there(points).sum() == depth.size - 6
    assert np.isnan(points[0, :4, :3]).all()


def test_range_is_the_distance_from_the_camera():
    depth = random_depth()
    points = PointCloudBuilder(CAMERA, range_limits(CAMERA, 5.0, 30.0)).build(depth, IMAGE)
    distance = np.linalg.norm(CAMERA.rays() * depth[..., None], axis=-1)
    np.testing.assert_array_equal(there(points), (distance >= 5) & (distance <= 30))
    assert 0 < there(points).mean() < 1


@pytest.mark.parametrize("pitch", [0.0, 0.2, np.pi / 2])
def test_height_is_that_of_the_level_frame(pitch):
    pose = pose_from(rotation_from_vector([0, pitch, 0]), [2.0, 0.0, 1.5]) @ BODY_FROM_OPTICAL
    depth = random_depth()
    points = PointCloudBuilder(CAMERA, height_limits(CAMERA, pose, 0.1, 2.0)).build(depth, IMAGE)
    height = transform(pose, (CAMERA.rays() * depth[..., None]).reshape(-1, 3))[:, 2].reshape(48, 80)
    doubtful = np.minimum(np.abs(height - 0.1), np.abs(height - 2.0)) < 1e-4
    np.testing.assert_array_equal((there(points) | doubtful), ((height >= 0.1) & (height <= 2.0)) | doubtful)
    assert 0 < there(points).mean() < 1


def test_height_of_a_ray_that_stays_at_the_cameras_height():
    level = Camera(80, 48, 60.0, 60.0, 38.0, 20.0)  # row 20 looks along the horizon
    for camera_height, expected in ((1.0, True), (3.0, False)):
        pose = pose_from(np.eye(3), [0.0, 0.0, camera_height]) @ BODY_FROM_OPTICAL
        points = PointCloudBuilder(level, height_limits(level, pose, 0.5, 2.0)).build(random_depth(), IMAGE)
        assert (there(points)[20] == expected).all()


def test_limits_combine():
    pose = pose_from(np.eye(3), [0.0, 0.0, 1.5]) @ BODY_FROM_OPTICAL
    near, high = range_limits(CAMERA, 2.0, 20.0), height_limits(CAMERA, pose, 0.0, 3.0)
    depth = random_depth()
    both = there(PointCloudBuilder(CAMERA, near & high).build(depth, IMAGE))
    expected = there(PointCloudBuilder(CAMERA, near).build(depth, IMAGE)) & there(
        PointCloudBuilder(CAMERA, high).build(depth, IMAGE)
    )
    np.testing.assert_array_equal(both, expected)


def test_voxels_hold_the_means_of_their_points():
    points = PointCloudBuilder(CAMERA, range_limits(CAMERA, 0.0, 40.0)).build(random_depth(), IMAGE)
    reduced = voxel_grid(points, 2.0)
    cells: dict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
    for point, colour in zip(points[there(points)], IMAGE[there(points)], strict=True):
        cells.setdefault(tuple(np.floor(point[:3] / np.float32(2.0)).astype(int)), []).append((point[:3], colour))
    assert len(reduced) == len(cells) < there(points).sum()
    packed = reduced[:, 3].copy().view("<u4")
    for point, colour in zip(reduced, packed, strict=True):
        members = cells[tuple(np.floor(point[:3] / np.float32(2.0)).astype(int))]
        np.testing.assert_allclose(point[:3], np.mean([xyz for xyz, _ in members], axis=0), atol=1e-4)
        red, green, blue = np.mean([rgb for _, rgb in members], axis=0)
        assert abs((colour >> 16) - red) <= 0.5
        assert abs((colour >> 8 & 255) - green) <= 0.5
        assert abs((colour & 255) - blue) <= 0.5


def test_cells_beside_each_other_stay_apart_whatever_the_extents():
    corners = np.stack(np.meshgrid(np.arange(2), np.arange(3), np.arange(5)), axis=-1).reshape(-1, 3) + 0.5
    points = np.zeros((len(corners), 4), np.float32)
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]):
        points[:, :3] = corners[:, order]
        assert {tuple(point) for point in voxel_grid(points, 1.0)} == {tuple(point) for point in points}


@pytest.mark.parametrize("height", [1, 95, 96, 97, 250])  # less than a strip of rows, one, and more
def test_every_row_is_where_its_camera_sees_it(height):
    camera = Camera(7, height, 40.0, 30.0, 3.0, height / 2)
    depth = np.random.default_rng(height).uniform(1.0, 50.0, (height, 7)).astype(np.float32)
    image = np.random.default_rng(0).integers(0, 256, (height, 7, 3), np.uint8)
    nearest = np.linspace(2.0, 20.0, height * 7).reshape(height, 7)
    memory = np.zeros((height, 7, 4), np.float32)
    points = PointCloudBuilder(camera, DepthLimits(nearest, 40.0)).build(depth, image, memory)
    assert points is memory
    is_there = (depth >= nearest) & (depth <= 40.0)
    assert (np.isfinite(points[..., :3]) == is_there[..., None]).all()
    np.testing.assert_allclose(points[is_there][:, :3], (camera.rays() * depth[..., None])[is_there], rtol=1e-6)
    red, green, blue = image.astype(np.uint32).transpose(2, 0, 1)
    assert (points.view(np.uint32)[..., 3] == red << 16 | green << 8 | blue).all()


def test_voxels_of_nothing_are_nothing():
    assert voxel_grid(np.full((4, 4, 4), np.nan, np.float32), 0.1).shape == (0, 4)


def test_sizes_that_do_not_fit_are_refused():
    builder = PointCloudBuilder(CAMERA)
    with pytest.raises(GeometryError, match="depth is float64"):
        builder.build(random_depth().astype(np.float64), IMAGE)
    with pytest.raises(GeometryError, match="image"):
        builder.build(random_depth(), IMAGE[:-1])
    for into in (np.zeros((48, 80, 3), np.float32), np.zeros((48, 80, 4)), np.zeros((48, 160, 4), np.float32)[:, ::2]):
        with pytest.raises(GeometryError, match="into is"):  # or the points would be written elsewhere
            builder.build(random_depth(), IMAGE, into)  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match="range"):
        range_limits(CAMERA, 5.0, 1.0)
    with pytest.raises(GeometryError, match="height"):
        height_limits(CAMERA, np.eye(4), 1.0, 1.0)
    with pytest.raises(GeometryError, match="voxel"):
        voxel_grid(np.zeros((2, 4), np.float32), 0.0)
