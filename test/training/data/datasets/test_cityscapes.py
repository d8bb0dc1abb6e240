"""Cityscapes' video: rows of frames, one calibration for each, the bonnet cut off."""

import cv2
import numpy as np
import pytest
from helpers.datasets import pictures, write_cityscapes, write_cityscapes_annotation

from training.data.datasets.cityscapes import CityscapesData
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


class TestFineAnnotations:
    @pytest.fixture
    def ids(self):
        """A column of each published id and of none, above a bonnet that is cut off."""
        ids = np.repeat(np.arange(128, dtype=np.uint8)[None] % 34, 64, 0)
        ids[48:] = 1
        return ids

    @pytest.fixture
    def annotated(self, tmp_path, ids):
        return write_cityscapes_annotation(tmp_path, "aachen", 19, ids)

    def test_ids_become_classes(self, tmp_path, annotated, ids):
        """Written again from the published table: 19 of the ids are trained on, in their order."""
        trained = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
        (snippet,) = cityscapes(str(tmp_path), truth=("labels",), annotated=True).open(frames=1)
        assert snippet.name == "aachen_000000/19"
        assert snippet.images[0].shape == (48, 128, 3)
        expected = [trained.index(number) if number in trained else 255 for number in ids[0]]
        assert np.array_equal(snippet.labels, np.repeat([expected], 48, 0))

    def test_train_ids_are_taken_too(self, tmp_path, annotated):
        path = annotated.with_name(annotated.name.replace("labelIds", "labelTrainIds"))
        annotated.rename(path)
        write_ids(path, np.full((64, 128), 18))
        data = cityscapes(str(tmp_path), truth=("labels",), annotated=True)
        assert (data.open(frames=1)[0].labels == 18).all()
        write_ids(path, np.full((64, 128), 19))
        with pytest.raises(TrainingError, match=r"TrainIds\.png: holds the label 19, expected 0 to 18 of cityscapes"):
            data.open(frames=1)[0]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (np.full((64, 128), 34), "holds the id 34, expected 0 to 33 of Cityscapes"),
            (np.zeros((64, 128, 3)), "expected an 8-bit grey png of class ids: give the ids, not their colours"),
            (np.zeros((32, 64)), "is 64x32, its image 128x64: expected a pair of one size"),
        ],
    )
    def test_what_is_no_annotation_is_refused(self, tmp_path, annotated, values, message):
        write_ids(annotated, values)
        with pytest.raises(TrainingError, match=rf"gtFine_labelIds\.png: .*{message}"):
            cityscapes(str(tmp_path), truth=("labels",), annotated=True).open(frames=1)[0]

    def test_of_the_video_only_annotated_frames_have_labels(self, tmp_path, annotated):
        write_cityscapes(tmp_path, "aachen", 0, range(18, 21), annotated=19)
        snippets = cityscapes(str(tmp_path), truth=("labels",)).open(frames=1)
        assert [snippet.labels is None for snippet in snippets] == [True, False, True]

    def test_what_is_missing_is_named(self, tmp_path, annotated):
        annotated.unlink()
        with pytest.raises(TrainingError, match=r"labelIds\.png: there is no annotation of Cityscapes \(gtFine.*https"):
            cityscapes(str(tmp_path), truth=("labels",), annotated=True).open(frames=1)


def write_ids(path, values):
    assert cv2.imwrite(str(path), values.astype(np.uint8))
