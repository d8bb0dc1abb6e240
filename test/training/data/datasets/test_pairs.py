"""Any folder of images with depth and classes: pairs that belong together, in the unit that was promised."""

import re
import warnings

import cv2
import numpy as np
import pytest
from helpers.datasets import pictures, write_16_bit, write_image

from depth_perception.geometry.camera import Camera
from training.data.datasets.pairs import PairsData
from training.errors import TrainingError

CAMERA = Camera(64, 48, 52.0, 52.0, 31.5, 23.5)


@pytest.fixture
def tree(tmp_path):
    """Images 2 and 10, at 2 m and 10 m, with a hole each; all of class 3 but for a row that nobody knows."""
    for number in (2, 10):
        write_image(tmp_path / f"images/view_{number}.png", pictures(1, 64, 48, seed=number)[0])
        depth = np.full((48, 64), number * 1000, np.uint16)
        depth[0, 0] = 0
        write_16_bit(tmp_path / f"depth/view_{number}.png", depth)
        write_labels(tmp_path / f"labels/view_{number}.png", np.vstack([np.full((47, 64), 3), np.full((1, 64), 255)]))
    return tmp_path


def write_labels(path, labels):
    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), labels.astype(np.uint8))


def pairs(tree, **options):
    return PairsData(str(tree), CAMERA, **{"truth": ("depth", "labels"), "label_set": "nyu40", **options})


def test_depth_and_classes_of_each_image(tree):
    first, second = pairs(tree).open()
    assert [first.name, second.name] == ["view_2", "view_10"]
    assert np.array_equal(first.images[0], pictures(1, 64, 48, seed=2)[0])
    assert np.isnan(second.depth[0, 0])
    assert second.depth[1:] == pytest.approx(10.0)
    assert np.unique(first.labels).tolist() == [3, 255]
    assert first.camera == CAMERA


def test_only_what_is_asked_for_must_be_there(tree):
    (tree / "depth/view_10.png").unlink()
    assert pairs(tree, truth=("labels",)).open()[1].depth is None
    assert pairs(tree, truth=("depth",), last=1).open()[0].labels is None
    with pytest.raises(TrainingError, match=r"depth/view_10\.png: there is no depth of .*images/view_10\.png"):
        pairs(tree).open()


@pytest.mark.parametrize(("unit", "words"), [(1.0, "median is 2e\\+03"), (1e-5, "median is 0.02")])
def test_depth_in_another_unit_is_refused(tree, unit, words):
    with pytest.raises(
        TrainingError, match=rf"view_2\.png: 100% .* not within 0\.1 to 10 m, .*{words}: it is in another"
    ):
        pairs(tree, unit=unit).open()[0]
    assert pairs(tree, unit=unit, depth_range=(0.01, 1e5)).open()[0].depth is not None


@pytest.mark.parametrize(
    ("unit", "expected", "said"),
    [
        (0.001, (0.1, 10.0), "7.5 m, at the edge of the 0.1 to 10 m .* 1.5 m with 0.0002 .TUM's"),
        (0.001, (1.0, 80.0), ""),
        (0.0002, (0.1, 10.0), ""),
        (0.0002, (1.0, 80.0), "1.5 m, at the edge of the 1 to 80 m .* 7.5 m with 0.001 .millimetres"),
    ],
)
def test_depth_in_a_unit_that_is_only_unlikely_is_said(tree, unit, expected, said):
    for path in (tree / "depth").iterdir():
        write_16_bit(path, np.full((48, 64), 7500, np.uint16))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pairs(tree, unit=unit, depth_range=expected).open()
    assert len(caught) == bool(said)
    assert re.search(said, str(caught[0].message) if caught else "")


def test_a_label_outside_the_set_is_refused(tree):
    write_labels(tree / "labels/view_2.png", np.full((48, 64), 40))
    with pytest.raises(TrainingError, match=r"labels/view_2\.png: holds the label 40, expected 0 to 39 of nyu40"):
        pairs(tree).open()[0]
    write_labels(tree / "labels/view_2.png", np.full((48, 64), 18))
    assert pairs(tree, label_set="cityscapes").open()[0].labels.max() == 18


def test_classes_in_colours_are_refused(tree):
    write_labels(tree / "labels/view_2.png", np.zeros((48, 64, 3)))
    with pytest.raises(TrainingError, match=r"view_2\.png: is uint8 \(48, 64, 3\), expected an 8-bit grey png"):
        pairs(tree).open()[0]


@pytest.mark.parametrize("what", ["depth", "labels"])
def test_pairs_of_different_sizes_are_refused(tree, what):
    small = np.full((24, 32), 2, np.uint16 if what == "depth" else np.uint8)
    assert cv2.imwrite(str(tree / what / "view_2.png"), small)
    with pytest.raises(TrainingError, match=rf"{what}/view_2\.png: is 32x24, its image 64x48: expected"):
        pairs(tree).open()[0]


def test_an_image_of_another_camera_is_refused(tree):
    write_image(tree / "images/view_11.png", pictures(1, 32, 48)[0])
    with pytest.raises(TrainingError, match=r"view_11\.png: is 32x48, its camera is 64x48"):
        pairs(tree).open()


def test_settings_that_cannot_be_are_refused(tree):
    with pytest.raises(TrainingError, match="has labels: say of which label_set, cityscapes or nyu40"):
        pairs(tree, label_set=None)
    with pytest.raises(TrainingError, match="unit is 0"):
        pairs(tree, unit=0)
    with pytest.raises(TrainingError, match="expected one of camera and calibration"):
        PairsData(str(tree)).open()
    with pytest.raises(TrainingError, match="its camera is distorted: rectify"):
        PairsData(str(tree), Camera(64, 48, 52.0, 52.0, 31.5, 23.5, (0.1, 0.0, 0.0, 0.0))).open()
    with pytest.raises(TrainingError, match="images: there is no such folder"):
        PairsData(str(tree / "depth"), CAMERA).open()
    with pytest.raises(TrainingError, match="holds no image from 2 to None"):
        pairs(tree, first=2).open()
