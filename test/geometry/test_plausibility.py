"""Which calibrations are believed, which are doubted, and which no camera has."""

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.plausibility import check_camera, off_centre

SOUND = {
    "vga": Camera(640, 480, 500.0, 510.0, 320.0, 240.0),
    "kitti": Camera(1241, 376, 718.9, 718.9, 607.2, 185.2),
    "euroc": Camera(752, 480, 458.654, 457.296, 367.215, 248.375, (-0.283, 0.074, 0.0002, 0.00002)),
    "kinect": Camera(640, 480, 518.9, 519.5, 325.6, 253.7),
    "wide": Camera(1920, 1080, 960.0, 960.0, 960.0, 540.0),  # 90 degrees
    "telephoto": Camera(1920, 1200, 12_000.0, 12_000.0, 960.0, 600.0),
    "fisheye": Camera(1280, 1280, 380.0, 380.0, 640.0, 640.0, (0.01, 0.0, 0.0, 0.0), "equidistant"),  # 193 degrees
    "barrel": Camera(1920, 1080, 960.0, 960.0, 960.0, 540.0, (-0.35, 0.0, 0.0, 0.0)),
    "pincushion": Camera(640, 480, 500.0, 500.0, 320.0, 240.0, (0.3, 0.0, 0.0, 0.0)),
    "strong pincushion": Camera(128, 64, 80.0, 80.0, 63.5, 31.5, (0.3, 0.1, 0.0, 0.0, 0.0)),
    "kitti_raw": Camera(1392, 512, 984.2, 980.8, 690.0, 233.2, (-0.3728, 0.2037, 0.0022, 0.0014, -0.0723)),
    "action": Camera(1920, 1080, 870.0, 870.0, 960.0, 540.0, (-0.264, 0.09, 0.0, 0.0, -0.014)),
    "squeezed": Camera(832, 256, 556.7, 480.0, 415.5, 120.0),
}


@pytest.mark.parametrize("name", SOUND)
def test_real_cameras_are_believed(name):
    assert check_camera(SOUND[name]) == ()


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (Camera(832, 256, 1.0, 1.0, 0.0, 0.0), "opens 180°"),
        (Camera(832, 256, 0.577, 1.875, 0.5, 0.47), "opens 180°"),  # in units of the image's size
        (Camera(832, 256, 0.004, 0.004, 415.0, 120.0), "in another unit"),
        (Camera(1920, 1080, 772.0, 1.0, 960.0, 540.0), "opens 180° vertically"),
        (Camera(640, 480, 500.0, 120.0, 320.0, 240.0), "pixels 4.17 times as long as wide"),
        (Camera(640, 480, 1e9, 1e9, 320.0, 240.0), "opens 3.67e-05°"),
        (Camera(640, 480, 2000.0, 2000.0, 1900.0, 1000.0), r"principal point \(1900, 1000\) lies outside"),
        (Camera(640, 480, 80.0, 80.0, 320.0, 240.0, (), "equidistant"), "opens 458°"),
        (Camera(832, 256, 480.0, 480.0, 415.5, 120.0, (1e3, 0.0, 0.0, 0.0)), r"\(1000, 0, 0, 0\) lets 2% of the rect"),
        (Camera(832, 256, 480.0, 480.0, 415.5, 120.0, (0.5, -0.3, 415.5, 120.0)), "lets 0% of the rectified image"),
        (Camera(832, 256, 480.0, 480.0, 415.5, 120.0, (1e200, 0.0, 0.0, 0.0)), "lets 0% of the rectified image"),
        (Camera(640, 480, 300.0, 300.0, 320.0, 240.0, (50.0, 0.0, 0.0, 0.0), "equidistant"), "of the rectified image"),
    ],
)
def test_what_no_camera_has_is_refused_with_its_figures(camera, said):
    with pytest.raises(GeometryError, match=said):
        check_camera(camera)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (Camera(640, 480, 100.0, 100.0, 320.0, 240.0), ("opens 145° horizontally", "opens 135° vertically")),
        (Camera(640, 480, 9000.0, 9000.0, 320.0, 240.0), ("opens 3.06° vertically",)),
        (Camera(640, 480, 500.0, 250.0, 320.0, 240.0), ("not square (2 to 1)",)),
        (Camera(832, 256, 240.0, 240.0, 207.5, 60.0), ("principal point (207.5, 60) is 26% of the 832x256 image off",)),
        (Camera(1280, 720, 500.0, 500.0, 320.0, 240.0), ("is 25% of the 1280x720",)),
        (
            Camera(832, 256, 480.0, 480.0, 415.5, 120.0, (-3.5, 25.0, 0.0, 0.0, -60.0)),
            ("distortion of (-3.5, 25, 0, 0, -60) lets 52% of the rectified image be seen",),
        ),
    ],
)
def test_what_is_unusual_is_said_with_its_figures(camera, said):
    doubts = " ".join(check_camera(camera))
    for words in said:
        assert words in doubts


def test_angles_are_those_of_opencv():
    camera = Camera(640, 480, 90.0, 75.0, 320.0, 240.0)
    horizontal, vertical, *_ = cv2.calibrationMatrixValues(camera.matrix, (640, 480), 1.0, 1.0)
    doubts = check_camera(camera)
    assert f"opens {horizontal:.3g}° horizontally" in doubts[0]
    assert f"opens {vertical:.3g}° vertically" in doubts[1]
    assert np.isclose(horizontal, 148.6, atol=0.1)


def test_the_middle_of_an_image_lies_between_its_middle_pixels():
    """Pixel centres are at whole numbers: of four columns the middle is at 1.5, and 4 - 0.5 is the image's edge."""
    assert off_centre(Camera(4, 2, 4.0, 4.0, 1.5, 0.5)) == 0.0
    assert off_centre(Camera(4, 2, 4.0, 4.0, 3.5, 0.5)) == pytest.approx(0.5)
    assert off_centre(Camera(4, 2, 4.0, 4.0, 1.5, -0.5)) == pytest.approx(0.5)
