"""camera_info messages against cameras worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from depth_perception.camera_info import camera_from_info
from depth_perception.geometry.camera import Camera, GeometryError


def info(**changes: object) -> SimpleNamespace:
    values = {
        "width": 640,
        "height": 480,
        "distortion_model": "plumb_bob",
        "d": [-0.3, 0.1, 0.001, -0.002, 0.0],
        "k": [500.0, 0, 320.0, 0, 510.0, 240.0, 0, 0, 1],
        "binning_x": 0,
        "binning_y": 0,
        "roi": SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0),
    }
    return SimpleNamespace(**{**values, **changes})


def test_intrinsics_and_distortion():
    assert camera_from_info(info()) == Camera(640, 480, 500, 510, 320, 240, (-0.3, 0.1, 0.001, -0.002, 0.0))


@pytest.mark.parametrize(
    ("model", "coefficients", "expected"),
    [
        ("plumb_bob", [], ()),
        ("plumb_bob", [0.0] * 5, ()),
        ("", [], ()),
        ("equidistant", [0.0] * 4, ()),
        ("rational_polynomial", [0.1] * 8, (0.1,) * 8),
        ("rational_polynomial", [0.1] * 8 + [0.0] * 4, (0.1,) * 8),
    ],
)
def test_lens_models_that_are_taken(model, coefficients, expected):
    assert camera_from_info(info(distortion_model=model, d=coefficients)).distortion == expected


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [("equidistant", [0.1] * 4), ("plumb_bob", [0.1] * 8), ("rational_polynomial", [0.1] * 12), ("", [0.1] * 5)],
)
def test_lens_models_that_are_refused(model, coefficients):
    with pytest.raises(GeometryError, match=f"{len(coefficients)} distortion coefficients of model '{model}'"):
        camera_from_info(info(distortion_model=model, d=coefficients))


def test_a_region_of_interest_moves_the_principal_point():
    region = SimpleNamespace(x_offset=100, y_offset=40, width=400, height=300)
    camera = camera_from_info(info(roi=region, d=[]))
    assert camera == Camera(400, 300, 500, 510, 220, 200)


def test_binning_keeps_pixel_centres_in_place():
    camera = camera_from_info(info(binning_x=2, binning_y=2, d=[]))
    assert (camera.width, camera.height, camera.fx, camera.fy) == (320, 240, 250, 255)
    # the first pixel of the binned image is the middle of the first four: (0.5, 0.5) of the full image
    assert (0 - camera.cx) / camera.fx == pytest.approx((0.5 - 320) / 500)
    assert (0 - camera.cy) / camera.fy == pytest.approx((0.5 - 240) / 510)


def test_a_camera_that_is_not_calibrated_is_refused():
    with pytest.raises(GeometryError, match="all-zero K: the camera is not calibrated"):
        camera_from_info(info(k=[0.0] * 9))
