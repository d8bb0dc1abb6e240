"""Any folder of frames: the robot's own view of them, with the calibration that ROS writes."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from helpers.datasets import pictures, write_image

from depth_perception.estimators.view import NetworkView
from depth_perception.geometry.camera import Camera
from training.data.calibration_file import read_camera
from training.data.datasets.folder import FolderData
from training.data.image_files import read_image
from training.errors import TrainingError

CAMERA = Camera(160, 90, 120.0, 119.0, 82.0, 46.0, (-0.2, 0.05, 0.0, 0.0, 0.0))


def matrix(rows, cols, data):
    return {"rows": rows, "cols": cols, "data": list(data)}


def write_calibration(path, camera=CAMERA, **changes):
    """As camera_calibration's cameracalibrator writes it."""
    values = {
        "image_width": camera.width,
        "image_height": camera.height,
        "camera_name": "front",
        "camera_matrix": matrix(3, 3, (float(value) for value in camera.matrix.ravel())),
        "distortion_model": "plumb_bob",
        "distortion_coefficients": matrix(1, 5, camera.distortion),
        "rectification_matrix": matrix(3, 3, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        "projection_matrix": matrix(3, 4, (float(value) for value in np.c_[camera.matrix, np.zeros(3)].ravel())),
    }
    path.write_text(yaml.safe_dump({key: value for key, value in {**values, **changes}.items() if value is not None}))
    return str(path)


@pytest.fixture
def folder(tmp_path):
    """Twelve frames, of which the last three are one picture."""
    images = pictures(10, 160, 90)
    for k, image in enumerate([*images, images[-1], images[-1]]):
        write_image(tmp_path / "drive" / f"frame_{k}.png", image)
    return tmp_path / "drive"


def settings(folder, **options):
    defaults = {"camera": CAMERA, "width": 96, "height": 32, "cache": str(folder.parent / "cache")}
    return FolderData(str(folder), **{**defaults, **options})


def test_frames_are_the_robots_view_of_them_in_the_order_of_their_numbers(folder):
    snippets = settings(folder).open(frames=3)
    view = NetworkView(CAMERA, 96, 32)
    assert snippets[0].camera == view.camera
    for index in (0, 7):
        for got, image in zip(snippets[index].images, pictures(10, 160, 90)[index : index + 3], strict=True):
            assert np.array_equal(got, view.image(image))


def test_standing_frames_are_left_out(folder):
    assert len(settings(folder).open(frames=3)) == 8
    assert len(settings(folder, motion=-1.0).open(frames=3)) == 10


def test_range_and_stride(folder):
    snippets = settings(folder, first=2, last=7, stride=2).open(frames=3)
    assert len(snippets) == 1
    assert snippets[0].name == "drive/4"


def test_noise_is_no_motion(tmp_path):
    """Differences of unsigned numbers wrap: a standing camera with one grey level of noise would look moving."""
    rng = np.random.default_rng(0)
    image = pictures(1, 160, 90)[0]
    for k in range(4):
        noisy = np.clip(image + rng.normal(0.0, 1.0, image.shape), 0, 255).astype(np.uint8)
        write_image(tmp_path / "drive" / f"{k}.png", noisy)
    with pytest.raises(TrainingError, match="middle of 3 moving ones"):
        settings(tmp_path / "drive").open(frames=3)


def test_decoded_once_and_again_when_a_file_changes(folder):
    settings(folder).open(frames=3)
    (stored,) = (folder.parent / "cache").iterdir()
    stamp = (stored / "images.npy").stat().st_mtime_ns
    settings(folder).open(frames=3)
    assert (stored / "images.npy").stat().st_mtime_ns == stamp
    write_image(folder / "frame_3.png", np.zeros((90, 160, 3), np.uint8))
    assert not settings(folder).open(frames=3)[3].images[0].any()


def test_a_calibration_file_is_the_camera(folder, tmp_path):
    path = write_calibration(tmp_path / "camera.yaml")
    assert read_camera(path) == CAMERA
    given = settings(folder, camera=None, calibration=path).open(frames=3)
    assert np.array_equal(given[0].images[0], settings(folder).open(frames=3)[0].images[0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"camera_matrix": None}, "no 'camera_matrix'"),
        ({"camera_matrix": matrix(3, 3, [0.0] * 9)}, "the camera is not calibrated"),
        ({"camera_matrix": matrix(3, 3, [120.0, 0, 500, 0, 120, 46, 0, 0, 1])}, "principal point"),
        ({"distortion_model": "double_sphere"}, "model 'double_sphere', which is not known"),
        ({"camera_matrix": "none"}, "is no calibration"),
    ],
)
def test_what_is_no_calibration_is_named(tmp_path, changes, reason):
    path = write_calibration(tmp_path / "camera.yaml", **changes)
    with pytest.raises(TrainingError, match=rf"camera\.yaml: .*{reason}"):
        read_camera(path)


def test_what_cannot_be_used_is_named_and_leaves_no_cache(folder, tmp_path):
    with pytest.raises(TrainingError, match="no such calibration: write it with"):
        read_camera(tmp_path / "none.yaml")
    with pytest.raises(TrainingError, match="no such folder"):
        settings(tmp_path / "none").open(frames=3)
    with pytest.raises(TrainingError, match="expected one of camera and calibration"):
        settings(folder, camera=None).open(frames=3)
    with pytest.raises(TrainingError, match=r"frame_0\.png: is 160x90, its camera is 320x90"):
        settings(folder, camera=replace(CAMERA, width=320)).open(frames=3)
    data = (folder / "frame_5.png").read_bytes()
    (folder / "frame_5.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(TrainingError, match=r"frame_5\.png: is damaged or cut short"):
        settings(folder).open(frames=3)
    assert not list((tmp_path / "cache").iterdir())


def test_phone_pictures_with_something_after_the_end(folder):
    path = folder / "frame_4.png"
    write_image(path.with_suffix(".jpg"), read_image(path))
    path.unlink()
    with path.with_suffix(".jpg").open("ab") as file:
        file.write(b"\0trailer" * 40)
    assert len(settings(folder).open(frames=3)) == 8
