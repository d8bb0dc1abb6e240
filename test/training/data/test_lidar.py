"""Scans as depth maps: points put where a pixel looks come out at that pixel."""

import numpy as np
import pytest
from helpers.datasets import HEIGHT, R_RECT, VELO_TO_CAM, WIDTH, projection, write_scan

from training.data.lidar import LidarDepths, lidar_depth, read_scan
from training.errors import TrainingError

RECTIFIED = np.block([[R_RECT, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])
IMAGE_FROM_LIDAR = projection(2) @ RECTIFIED @ VELO_TO_CAM


def lidar_points(columns, rows, depths):
    """The LiDAR points that lie at some depth on the rays of pixels, by solving for them."""
    points = []
    for column, row, depth in zip(columns, rows, depths, strict=True):
        # three equations in X: (P X)_z = depth, (P X)_x = column depth, (P X)_y = row depth
        right = np.array([column * depth, row * depth, depth])
        points.append(np.linalg.solve(IMAGE_FROM_LIDAR[:, :3], right - IMAGE_FROM_LIDAR[:, 3]))
    return np.array(points)


def depth_of(points, forward=False):
    return lidar_depth(points, IMAGE_FROM_LIDAR, WIDTH, HEIGHT, forward)


def test_points_come_out_where_they_were_seen_one_pixel_earlier():
    columns, rows, depths = [1, 60, WIDTH, 30], [1, 20, HEIGHT, 7], [12.0, 8.5, 33.0, 79.0]
    depth = depth_of(lidar_points(columns, rows, depths))
    assert depth.dtype == np.float32
    for column, row, metres in zip(columns, rows, depths, strict=True):
        assert depth[row - 1, column - 1] == pytest.approx(metres, rel=1e-6)
    assert np.isfinite(depth).sum() == 4
    assert np.isnan(depth[10, 10])


def test_points_outside_of_the_image_are_left_out():
    outside = lidar_points([0, WIDTH + 1, 50, 50], [10, 10, 0, HEIGHT + 1], [10.0] * 4)
    assert not np.isfinite(depth_of(outside)).any()


def test_forward_gives_the_lidars_x():
    points = lidar_points([60, 20], [20, 15], [8.5, 20.0])
    depth = depth_of(points, forward=True)
    assert depth[19, 59] == pytest.approx(points[0, 0], rel=1e-6)
    assert depth[14, 19] == pytest.approx(points[1, 0], rel=1e-6)
    assert abs(depth[19, 59] - 8.5) > 0.1  # LiDAR sits 27 cm behind the camera


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_the_nearest_of_those_that_share_a_pixel_wins(order):
    points = lidar_points([60.0, 60.2, 59.8], [20.0, 19.8, 20.1], [30.0, 9.0, 14.0])[order]
    depth = depth_of(points)
    assert depth[19, 59] == pytest.approx(9.0, rel=1e-6)
    assert np.isfinite(depth).sum() == 1


def test_neighbours_in_different_rows_are_not_taken_for_one():
    """The published index counts with one column less, so that the last pixel of a row meets the next row's first."""
    depth = depth_of(lidar_points([WIDTH, 1], [10, 11], [5.0, 9.0]))
    assert depth[9, WIDTH - 1] == pytest.approx(5.0, rel=1e-6)
    assert depth[10, 0] == pytest.approx(9.0, rel=1e-6)


def test_what_lies_behind_lidar_or_camera_is_left_out():
    behind_both = lidar_points([60], [20], [-9.0])
    between = lidar_points([60], [20], [-0.1])  # in front of the LiDAR, behind the camera
    assert behind_both[0, 0] < 0
    assert between[0, 0] > 0
    assert not np.isfinite(depth_of(np.concatenate([behind_both, between]))).any()
    assert not np.isfinite(depth_of(between, forward=True)).any()


def test_scans_on_disk(tmp_path):
    path = tmp_path / "0000000000.bin"
    points = lidar_points([60], [20], [8.5])
    write_scan(path, points)
    assert read_scan(path) == pytest.approx(points, rel=1e-6)
    depths = LidarDepths([path, None], IMAGE_FROM_LIDAR, WIDTH, HEIGHT)
    first = depths[0]
    assert first is not None
    assert first[19, 59] == pytest.approx(8.5, rel=1e-5)
    assert depths[1] is None


def test_a_scan_that_is_cut_short_is_named(tmp_path):
    path = tmp_path / "0000000000.bin"
    path.write_bytes(b"\0" * 40)
    with pytest.raises(TrainingError, match=r"0000000000\.bin: has 40 bytes, expected 16 for each point"):
        read_scan(path)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_scan(tmp_path / "none.bin")
