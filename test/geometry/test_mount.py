"""Which mounts of a camera are believed."""

import numpy as np
import pytest

from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.mount import check_mount
from depth_perception.geometry.pose import camera_mount, pose_from, rotation_from_angles

OPTICAL = "camera_optical_frame"


def mount(roll=0.0, pitch=0.0, yaw=0.0):
    """Degrees."""
    return camera_mount([1.0, 0.0, 1.5, *np.radians([roll, pitch, yaw])])


@pytest.mark.parametrize("yaw", [0, 90, 180, -120])
@pytest.mark.parametrize("pitch", [0, 40, -40])
@pytest.mark.parametrize("roll", [0, 40, -40])
def test_a_camera_looks_anywhere_but_up_and_down(roll, pitch, yaw):
    assert check_mount(mount(roll, pitch, yaw), OPTICAL) == ()
    assert check_mount(mount(roll, pitch, yaw), "front") == ()


@pytest.mark.parametrize("yaw", [0, 90, 180])
@pytest.mark.parametrize("pitch", [0, 15, -30])
@pytest.mark.parametrize("frame", ["camera_link", "base_link", "front_camera"])
def test_the_body_of_a_camera_is_no_optical_frame(frame, pitch, yaw):
    link = pose_from(rotation_from_angles(0.0, *np.radians([pitch, yaw])), [1.0, 0.0, 1.5])
    with pytest.raises(
        GeometryError, match=rf"frame '{frame}' has z up, .* such as camera_optical_frame, .* camera_pose"
    ):
        check_mount(link, frame)


@pytest.mark.parametrize(
    ("angles", "said"),
    [
        ((0, 90, 0), "looks down by 90°"),
        ((0, 60, 30), "looks down by 60°"),
        ((0, -90, 0), "looks up by 90°"),
        ((180, 0, 0), "is mounted upside down"),
        ((170, 10, 90), "is mounted upside down"),
        ((90, 0, 0), "is mounted on its side"),
        ((-90, 0, 180), "is mounted on its side"),
        ((70, 0, 0), "is mounted on its side"),  # which it is nearer to than to being upright
        ((-70, 0, 90), "is mounted on its side"),
    ],
)
def test_unusual_mounts_are_said(angles, said):
    (doubt,) = check_mount(mount(*angles), OPTICAL)
    assert f"'{OPTICAL}' {said}" in doubt


def test_a_mount_of_nan_is_refused():
    with pytest.raises(GeometryError, match="not finite"):
        check_mount(np.full((4, 4), np.nan), OPTICAL)
