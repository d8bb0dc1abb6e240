"""The camera against OpenCV's projection."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import Camera, GeometryError

CAMERA = Camera(640, 360, 500.0, 510.0, 310.0, 190.0)


def test_rays_are_the_inverse_of_opencvs_projection():
    points = (CAMERA.rays() * 7.0).reshape(-1, 3).astype(np.float64)
    pixels = cv2.projectPoints(points, np.zeros(3), np.zeros(3), CAMERA.matrix, np.zeros(4))[0].reshape(360, 640, 2)
    columns, rows = np.meshgrid(np.arange(640), np.arange(360))
    np.testing.assert_allclose(pixels[..., 0], columns, atol=1e-3)
    np.testing.assert_allclose(pixels[..., 1], rows, atol=1e-3)


def test_cropped_and_resized_cameras_keep_the_rays_of_pixel_centres():
    rays = CAMERA.rays()
    cropped = CAMERA.cropped(100, 40, 300, 200).rays()
    np.testing.assert_allclose(cropped, rays[40:240, 100:400], atol=1e-6)
    half = CAMERA.resized(320, 180).rays()
    blocks = rays.reshape(180, 2, 320, 2, 3).mean((1, 3))  # the centre of a 2x2 block is the new pixel's centre
    np.testing.assert_allclose(half, blocks, atol=1e-6)


def test_rays_of_a_distorted_camera_are_refused():
    with pytest.raises(GeometryError, match="rectify"):
        Camera(640, 360, 500.0, 500.0, 320.0, 180.0, (-0.2, 0.0, 0.0, 0.0, 0.0)).rays()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "size"),
        ({"fx": 0.0}, "calibrate"),
        ({"fy": float("nan")}, "finite"),
        ({"distortion": (0.1, 0.2)}, "2 distortion coefficients given, a lens of perspective projection has 0, 4"),
        ({"distortion": (0.1,) * 5, "projection": "equidistant"}, "of equidistant projection has 0 or 4"),
        ({"projection": "fisheye"}, "'fisheye', expected one of perspective, equidistant"),
    ],
)
def test_impossible_cameras_are_refused(changes, message):
    values = {"width": 640, "height": 360, "fx": 500.0, "fy": 500.0, "cx": 320.0, "cy": 180.0} | changes
    with pytest.raises(GeometryError, match=message):
        Camera(**values)


def test_the_smallest_camera_is_one():
    camera = Camera(1, 1, 0.5, 0.25, 0.0, 0.0)
    np.testing.assert_array_equal(camera.rays(), [[[0.0, 0.0, 1.0]]])


def test_what_is_stored_of_cameras_tells_them_apart_and_is_as_it_was():
    assert CAMERA.as_json() == {
        "width": 640, "height": 360, "fx": 500.0, "fy": 510.0, "cx": 310.0, "cy": 190.0, "distortion": ()
    }  # fmt: skip
    assert Camera(**CAMERA.as_json()) == CAMERA
    fisheye = replace(CAMERA, projection="equidistant")
    assert Camera(**fisheye.as_json()) == fisheye


@pytest.mark.parametrize(("change", "alike"), [
    ({"fx": 80.001}, True), ({"cy": 31.505}, True), ({"distortion": (0.1, 0.0, 0.0, 1e-7)}, True),
    ({"fx": 80.1}, False), ({"cx": 63.0}, False), ({"distortion": (0.1, 0.0, 0.0, 1e-3)}, False),
    ({"width": 129}, False), ({"projection": "equidistant"}, False), ({"distortion": ()}, False),
])  # fmt: skip
def test_cameras_that_differ_by_the_last_digits_are_alike(change, alike):
    camera = Camera(128, 64, 80.0, 80.0, 63.5, 31.5, (0.1, 0.0, 0.0, 0.0))
    assert camera.is_like(replace(camera, **change)) == alike
    assert replace(camera, **change).is_like(camera) == alike
