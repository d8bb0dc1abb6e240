"""Cityscapes' video: rows of frames, one calibration for each, the bonnet cut off."""

import numpy as np
import pytest
from helpers.datasets import pictures, write_cityscapes

from training.data.cityscapes import CityscapesData
from training.errors import TrainingError


def cityscapes(*arguments, **options):
    return CityscapesData(*arguments, **options)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("cityscapes")
    write_cityscapes(root, "aachen", 0, range(4), annotated=2)
    write_cityscapes(root, "aachen", 1, range(3), annotated=2)
    write_cityscapes(root, "bochum", 0, [19, 20, 21, 40, 41, 42, 43], annotated=20)
    write_cityscapes(root, "bochum", 0, [40, 41, 42, 43], annotated=42)
    return root


def test_no_snippet_crosses_sequences_or_gaps(tree):
    names = [snippet.name for snippet in cityscapes(str(tree)).open(frames=3)]
    assert names == ["aachen_000000/1", "aachen_000000/2", "aachen_000001/1"] + [
        f"bochum_000000/{number}" for number in (20, 41, 42)
    ]


def test_the_bottom_is_cut_off_and_nothing_else_moves(tree):
    snippet = cityscapes(str(tree), cities=("aachen",)).open(frames=3)[0]
    assert np.array_equal(snippet.images[1], pictures(4, 128, 64)[1][:48])
    assert (snippet.camera.width, snippet.camera.height) == (128, 48)
    assert snippet.camera.matrix == pytest.approx(
        np.array([[141.4075, 0, 68.56125], [0, 141.58136, 32.0710625], [0, 0, 1]])
    )
    whole = cityscapes(str(tree), cities=("aachen",), crop=0.0).open(frames=3)[0]
    assert whole.images[0].shape == (64, 128, 3)


def test_depth_from_disparity_that_begins_at_one(tree):
    depth = cityscapes(str(tree), truth=("depth",)).open(frames=3)[0].depth
    assert depth.shape == (48, 128)
    assert np.isnan(depth[:2]).all()  # unknown, and a disparity of nothing
    assert depth[2:] == pytest.approx(np.full((46, 128), 141.4075 * 0.209313 / 20), rel=1e-5)


def test_distances_from_the_cars_speed(tree):
    data = cityscapes(str(tree), truth=("distances",))
    assert data.open(frames=3)[0].distances == pytest.approx([0.5, 0.5])
    assert len(cityscapes(str(tree), minimum_speed=8.0).open(frames=3)) == 6
    with pytest.raises(TrainingError, match="middle of 3 moving ones"):
        cityscapes(str(tree), minimum_speed=9.0).open(frames=3)


def test_drives_are_cities(tree):
    assert {drive.name for drive in cityscapes(str(tree)).drives()} == {"aachen", "bochum"}


def test_what_is_missing_is_named(tree, tmp_path):
    with pytest.raises(TrainingError, match=r"leftImg8bit_sequence/train: there is no folder of Cityscapes.*https"):
        cityscapes(str(tmp_path)).open(frames=3)
    with pytest.raises(TrainingError, match="ulm: there is no city"):
        cityscapes(str(tree), cities=("ulm",)).open(frames=3)
    write_cityscapes(tmp_path, "ulm", 0, range(3), annotated=30)
    with pytest.raises(TrainingError, match=r"ulm_000000_\*_camera\.json: there is no calibration"):
        cityscapes(str(tmp_path)).open(frames=3)
    write_cityscapes(tmp_path, "ulm", 0, range(3), annotated=1)
    (tmp_path / "camera/train/ulm/ulm_000000_000001_camera.json").write_text('{"intrinsic": {}}')
    with pytest.raises(TrainingError, match="is no calibration of Cityscapes"):
        cityscapes(str(tmp_path)).open(frames=3)
