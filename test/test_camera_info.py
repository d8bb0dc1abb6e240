"""camera_info messages against cameras worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from depth_perception.camera_info import camera_from_info, distortion_model, doubts_about, size_mismatch
from depth_perception.geometry.camera import Camera, GeometryError


def info(**changes: object) -> SimpleNamespace:
    values = {
        "width": 640,
        "height": 480,
        "distortion_model": "plumb_bob",
        "d": [-0.3, 0.1, 0.001, -0.002, 0.0],
        "k": [500.0, 0, 320.0, 0, 510.0, 240.0, 0, 0, 1],
        "p": [450.0, 0, 318.0, 0, 0, 460.0, 241.0, 0, 0, 0, 1, 0],
        "binning_x": 0,
        "binning_y": 0,
        "roi": SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0),
    }
    return SimpleNamespace(**{**values, **changes})


def test_intrinsics_and_distortion():
    assert camera_from_info(info()) == Camera(640, 480, 500, 510, 320, 240, (-0.3, 0.1, 0.001, -0.002, 0.0))


def test_rectified_images_are_those_of_p():
    assert camera_from_info(info(), rectified=True) == Camera(640, 480, 450, 460, 318, 241)


@pytest.mark.parametrize(
    ("model", "coefficients", "expected"),
    [
        ("plumb_bob", [], ()),
        ("plumb_bob", [0.0] * 5, ()),
        ("plumb_bob", [-0.3, 0.1, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0], (-0.3, 0.1, 0.0, 0.0, 0.02)),
        ("plumb_bob", [-0.3, 0.1] + [0.0] * 12, (-0.3, 0.1, 0.0, 0.0, 0.0)),
        ("plumb_bob", [-0.3, 0.1], (-0.3, 0.1, 0.0, 0.0)),
        ("radtan", [-0.3, 0.1, 0.001, 0.002], (-0.3, 0.1, 0.001, 0.002)),
        ("Plumb Bob", [-0.3, 0.1, 0.001, 0.002], (-0.3, 0.1, 0.001, 0.002)),
        ("", [], ()),
        ("none", [0.0], ()),
        ("rational_polynomial", [0.1] * 5, (0.1,) * 5),
        ("rational_polynomial", [0.1] * 8, (0.1,) * 8),
        ("rational_polynomial", [0.1] * 8 + [0.0] * 4, (0.1,) * 8),
        ("rational_polynomial", [0.1] * 12, (0.1,) * 12),
        ("rational_polynomial", [0.1] * 14, (0.1,) * 14),
    ],
)
def test_perspective_lenses(model, coefficients, expected):
    camera = camera_from_info(info(distortion_model=model, d=coefficients))
    assert (camera.projection, camera.distortion) == ("perspective", expected)


@pytest.mark.parametrize("model", ["equidistant", "fisheye", "Kannala_Brandt"])
@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ([], ()),
        ([0.0] * 4, ()),
        ([0.1, 0.02, 0.0, 0.0], (0.1, 0.02, 0.0, 0.0)),
        ([0.1] * 4 + [0.0], (0.1,) * 4),
    ],
)
def test_a_fisheye_is_none_the_less_one_without_coefficients(model, coefficients, expected):
    camera = camera_from_info(info(distortion_model=model, d=coefficients))
    assert (camera.projection, camera.distortion) == ("equidistant", expected)
    assert camera.is_distorted
    assert distortion_model(camera) == "equidistant"


@pytest.mark.parametrize(
    ("model", "coefficients", "said"),
    [
        ("plumb_bob", [0.1] * 8, "8 distortion coefficients of model 'plumb_bob'"),
        ("rational_polynomial", [0.1] * 15, "15 distortion coefficients"),
        ("equidistant", [0.1] * 5, "5 distortion coefficients of model 'equidistant'"),
        ("", [0.1] * 5, "5 distortion coefficients of model ''"),
        ("double_sphere", [0.5, 0.1], "model 'double_sphere', which is not known"),
        ("omnidirectional", [0.0] * 4, "model 'omnidirectional', which is not known"),
    ],
)
def test_other_lenses_are_refused_by_name(model, coefficients, said):
    with pytest.raises(GeometryError, match=said):
        camera_from_info(info(distortion_model=model, d=coefficients))


def test_a_region_of_interest_moves_the_principal_point():
    region = SimpleNamespace(x_offset=100, y_offset=40, width=400, height=300)
    camera = camera_from_info(info(roi=region, d=[]))
    assert camera == Camera(400, 300, 500, 510, 220, 200)


@pytest.mark.parametrize(
    ("x", "y", "width", "height"), [(400, 0, 240, 480), (0, 300, 640, 180), (600, 440, 40, 40), (0, 0, 200, 200)]
)
def test_a_region_beside_the_principal_point_is_legal(x, y, width, height):
    region = SimpleNamespace(x_offset=x, y_offset=y, width=width, height=height)
    camera = camera_from_info(info(roi=region, d=[]))
    assert (camera.cx, camera.cy) == (320 - x, 240 - y)
    assert doubts_about(info(roi=region)) == ()


def test_a_region_outside_of_the_sensor_is_refused():
    region = SimpleNamespace(x_offset=300, y_offset=40, width=400, height=300)
    with pytest.raises(GeometryError, match=r"400x300 at \(300, 40\) reaches to \(700, 340\), outside its 640x480"):
        camera_from_info(info(roi=region))


def test_binning_keeps_pixel_centres_in_place():
    camera = camera_from_info(info(binning_x=2, binning_y=2, d=[]))
    assert (camera.width, camera.height, camera.fx, camera.fy) == (320, 240, 250, 255)
    # the first pixel of the binned image is the middle of the first four: (0.5, 0.5) of the full image
    assert (0 - camera.cx) / camera.fx == pytest.approx((0.5 - 320) / 500)
    assert (0 - camera.cy) / camera.fy == pytest.approx((0.5 - 240) / 510)


def test_binning_takes_whole_blocks():
    """Of the last pixels of a size that it does not divide it shows nothing."""
    k = [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0]
    camera = camera_from_info(info(width=643, height=481, k=k, d=[], binning_x=4, binning_y=2))
    assert (camera.width, camera.height) == (160, 240)
    assert (camera.fx, camera.fy) == (125.0, 250.0)
    assert (camera.cx, camera.cy) == (320.5 / 4 - 0.5, 240.5 / 2 - 0.5)


@pytest.mark.parametrize("count", [1001, 10**7])
def test_more_coefficients_than_any_lens_has_are_refused_at_once(count):
    with pytest.raises(GeometryError, match=f"has {count} distortion coefficients, expected at most 14"):
        camera_from_info(info(d=[0.0] * count))
    assert camera_from_info(info(d=[0.1, *[0.0] * 999])).distortion == (0.1, 0.0, 0.0, 0.0, 0.0)


def test_a_camera_that_is_not_calibrated_is_refused():
    with pytest.raises(GeometryError, match="all-zero K: the camera is not calibrated"):
        camera_from_info(info(k=[0.0] * 9))


@pytest.mark.parametrize(
    ("k", "said"),
    [
        ([1.0, 0, 0, 0, 1, 0, 0, 0, 1], "opens 180°"),
        ([500.0, 0, 0, 0, 510, 0, 320, 240, 1], "transposed or no calibration"),
        ([500.0, 0, 320, 0, 510, 240, 0, 0, 7], "transposed or no calibration"),
        ([500.0, 40, 320, 0, 510, 240, 0, 0, 1], "skew moves the edges of the image by 18.8 px"),
    ],
)
def test_what_is_no_calibration_is_refused_with_its_figures(k, said):
    with pytest.raises(GeometryError, match=said):
        camera_from_info(info(k=k))


def test_doubts_come_with_their_figures():
    assert doubts_about(info()) == ()
    (skewed,) = doubts_about(info(k=[500.0, 4, 320, 0, 510, 240, 0, 0, 1]))
    assert "skew, which moves the edges of the image by 1.9 px, is neglected" in skewed
    (other,) = doubts_about(info(p=[1500.0, 0, 318, 0, 0, 1500, 241, 0, 0, 0, 1, 0]))
    assert "K has a focal length of 500 px" in other
    assert "but P 1500 px" in other


def test_a_calibration_of_another_zoom_is_doubted_by_what_rectifying_can_do():
    """Twice is much for a normal lens, and usual for one that shows half the world."""
    zoomed = {
        "width": 832,
        "height": 256,
        "d": [-0.12, 0.03, 0.0005, -0.0003, 0.0],
        "k": [240.0, 0, 415.5, 0, 240, 120, 0, 0, 1],
        "p": [480.0, 0, 415.5, 0, 0, 480, 120, 0, 0, 0, 1, 0],
    }
    (raw,) = doubts_about(info(**zoomed))
    assert "depth in metres 2 times off if that is K" in raw
    (rectified,) = doubts_about(info(**zoomed), rectified=True)
    assert "depth in metres 2 times off if that is P" in rectified
    (shrunk,) = doubts_about(info(**zoomed | {"k": [960.0, 0, 415.5, 0, 960, 120, 0, 0, 1]}))
    assert "but P 480 px" in shrunk
    wide = {
        "distortion_model": "rational_polynomial",
        "d": [5.8, 3.2, 0.0, 0.0, 0.16, 6.2, 5.2, 0.9],
        "k": [330.0, 0, 320, 0, 330, 240, 0, 0, 1],
    }
    assert doubts_about(info(p=[160.0, 0, 320, 0, 0, 160, 240, 0, 0, 0, 1, 0], **wide)) == ()


def test_binning_and_regions_that_are_told_twice_are_doubted():
    """K is of the images already, width and height of the sensor: rays would come out at half their slope, or off."""
    halved = [250.0, 0, 159.75, 0, 255, 119.75, 0, 0, 1]
    (_, twice) = doubts_about(info(k=halved, binning_x=2, binning_y=2))
    assert "principal point (159.8, 119.8) tells: the binning of 2x2 may be told twice" in twice
    region = SimpleNamespace(x_offset=160, y_offset=80, width=320, height=320)
    (twice,) = doubts_about(info(k=[500.0, 0, 160, 0, 510, 160, 0, 0, 1], roi=region))[-1:]
    assert "the ROI of 320x320 at (160, 80) may be told twice" in twice
    assert doubts_about(info(roi=region)) == ()
    assert doubts_about(info(binning_x=2, binning_y=2)) == ()


def test_an_image_of_another_size_is_told_why():
    assert size_mismatch(info(), 320, 240) == (
        "image is 320x240, camera_info is of 640x480: the calibration belongs to another resolution"
    )
    binned = info(binning_x=2, binning_y=2)
    assert "as large as camera_info is without its binning of 2x2" in size_mismatch(binned, 640, 480)
    assert "camera_info is of 640x480 (binning of 2x2)" in size_mismatch(binned, 100, 100)
