"""Colours of depth and error, and where points of a cloud are painted."""

from __future__ import annotations

import numpy as np
import pytest

from depth_perception.evaluation.pictures import FAR, NEAR, cloud_picture, depth_picture, error_picture


def test_near_is_brighter_than_far_and_what_is_not_known_is_black():
    depth = np.array([[NEAR, 5, 20, FAR, np.inf, np.nan]], np.float32)
    brightness = depth_picture(depth)[0].astype(int).sum(axis=-1)
    assert (np.diff(brightness[:4]) < 0).all()
    assert brightness[5] == 0
    assert len(set(depth_picture(depth)[0, 4].tolist())) > 1  # the sky is neither black nor grey


def test_depth_in_other_units_looks_the_same():
    depth = np.linspace(2, 80, 50, dtype=np.float32)[None]
    np.testing.assert_array_equal(depth_picture(depth), depth_picture(depth * 4, unit=0.25))


def test_error_is_relative_and_only_where_there_is_truth():
    truth = np.array([[10, 10, 10, np.nan, 200]], np.float32)
    depth = np.array([[5, 6, 7.5, 5, 5]], np.float32)
    picture = error_picture(truth, depth, scale=2.0, maximum_depth=80.0)[0]
    blue, small, large = picture[:3].astype(int)
    assert blue[2] > blue[0]  # turbo: no error is blue
    assert large[0] > large[2]  # and half of the truth is red
    assert (picture[3:] == 0).all()
    assert not (small == large).all()


def points(x: float, y: float, z: float, rgb: tuple[int, int, int]) -> np.ndarray:
    packed = np.array([rgb[0] << 16 | rgb[1] << 8 | rgb[2]], np.uint32).view(np.float32)
    return np.concatenate([[x, y, z], packed]).astype(np.float32)[None]


@pytest.mark.parametrize(("x", "half"), [(-2.0, "left"), (2.0, "right")])
def test_a_point_is_painted_where_an_onlooker_sees_it(x, half):
    picture = cloud_picture(points(x, 1.5, 12.0, (255, 0, 0)), spacing=0.01)
    red = np.argwhere(picture[..., 0].astype(int) - picture[..., 2] > 80)
    assert len(red)
    assert (red[:, 1] < picture.shape[1] / 2).all() == (half == "left")


def test_a_near_point_hides_a_far_one_whatever_their_order():
    # both on one line from the onlooker, who is at (0, -4.5, -7)
    near, far = points(0, 1.5, 10.0, (255, 0, 0)), points(0, 3.9, 16.8, (0, 255, 0))
    red, green = cloud_picture(near, spacing=0.02), cloud_picture(far, spacing=0.02)
    assert not np.array_equal(red, green)
    for order in ([near, far], [far, near]):
        np.testing.assert_array_equal(cloud_picture(np.concatenate(order), spacing=0.02), red)


def test_a_cloud_without_points_is_an_empty_picture():
    empty = cloud_picture(np.full((5, 4), np.nan, np.float32), spacing=0.01)
    assert empty.std(axis=1).max() < 30
    assert empty.shape == (760, 1600, 3)
