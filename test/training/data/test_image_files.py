"""Images on disk: what is damaged is named, never half a picture."""

import cv2
import numpy as np
import pytest
from helpers.datasets import pictures, write_16_bit, write_image

from depth_perception.geometry.camera import Camera
from training.data.image_files import ImageFiles, image_paths, image_size, read_16_bit, read_image
from training.errors import TrainingError

IMAGE = pictures(1, 60, 40)[0]


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_images_come_as_rgb_with_the_size_their_header_says(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_image(path, IMAGE)
    assert np.abs(read_image(path).astype(int) - IMAGE).mean() < (0.01 if suffix == "png" else 8)
    assert image_size(path) == (60, 40)


def test_grey_images_too(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), IMAGE[..., 0])
    assert np.array_equal(read_image(path), IMAGE[..., :1].repeat(3, 2))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98])
def test_one_cut_short_is_named(tmp_path, suffix, share):
    path = tmp_path / f"0000000007.{suffix}"
    write_image(path, IMAGE)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(TrainingError, match=rf"0000000007\.{suffix}: is damaged or cut short"):
        read_image(path)


def test_one_of_another_size_is_named(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, IMAGE)
    with pytest.raises(TrainingError, match="is 60x40, its calibration says 60x41"):
        ImageFiles([path], Camera(60, 41, 50.0, 50.0, 30.0, 20.0))[0]


def test_the_bottom_is_cut_off(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, IMAGE)
    assert np.array_equal(ImageFiles([path], Camera(60, 30, 50.0, 50.0, 30.0, 20.0), cut=10)[0], IMAGE[:30])


def test_what_is_no_longer_16_bit_is_refused(tmp_path):
    path = tmp_path / "a.png"
    values = np.arange(60, dtype=np.uint16).reshape(6, 10) * 1000
    write_16_bit(path, values)
    assert np.array_equal(read_16_bit(path), values)
    write_image(path, IMAGE)
    with pytest.raises(TrainingError, match="expected a 16-bit grey png"):
        read_16_bit(path)


def test_names_are_in_the_order_of_their_numbers(tmp_path):
    for name in ("frame_10.png", "frame_2.png", "frame_1.PNG", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in image_paths(tmp_path)] == ["frame_1.PNG", "frame_2.png", "frame_10.png"]


@pytest.mark.parametrize(
    "names",
    [
        ["1305031102.9753", "1305031103", "1305031103.05", "1305031103.1", "1305031103.175304", "1305031103.2"],
        ["cam0_1.05", "cam0_1.1", "cam0_1.25", "cam0_10.0"],
        ["scene_1.8", "scene_1.9", "scene_1.10", "scene_1.11", "scene_2.0"],
        ["1.900", "1.950", "2.000", "10.050"],
        ["1403636579763555584", "1403636579813555456"],
        ["a_1.2.3", "a_1.2.10"],
    ],
)
def test_stamps_with_fractions_are_numbers_and_counters_are_counters(tmp_path, names):
    for name in sorted(names, key=hash):
        (tmp_path / f"{name}.png").touch()
    assert [path.stem for path in image_paths(tmp_path)] == names
