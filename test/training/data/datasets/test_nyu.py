"""NYU Depth v2: MATLAB's arrays the right way round, scenes of one split only, and depth that is metres."""

import pickle
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from helpers.datasets import pictures, write_16_bit, write_image, write_mat, write_nyu

from training.data.datasets.nyu import NyuData, NyuRawData
from training.data.module import refuse_shared_drives
from training.errors import TrainingError

SCENES = ["kitchen_0001", "kitchen_0001", "basement_0001", "office_0002"]


def labelled(*arguments, **options):
    return NyuData(*arguments, **options)


def recorded(*arguments, **options):
    return NyuRawData(*arguments, **options)


@pytest.fixture(scope="module")
def ramp():
    """Depth that no transposition leaves as it is, and labels."""
    rows, columns = np.mgrid[:480, :640]
    depth = (1.0 + rows / 240.0 + columns / 160.0).astype(np.float32)
    labels = ((rows // 2 + columns) % 895).astype(np.uint16)
    return depth, labels


@pytest.fixture(scope="module")
def tree(tmp_path_factory, ramp):
    root = tmp_path_factory.mktemp("nyu")
    write_nyu(root, *ramp, SCENES, train=[3, 4], test=[1, 2])
    return root


@pytest.fixture
def changed(tree, tmp_path):
    """A copy of the labelled part in which an array is other than published."""

    def change(name, values):
        for path in tree.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "r+") as file:
            del file[name]
            if values is not None:
                file[name] = values
        return str(tmp_path)

    return change


class TestLabelled:
    def test_arrays_are_the_right_way_round(self, tree, ramp):
        first, second = labelled(str(tree), "test", ("depth", "labels")).open()
        assert [first.name, second.name] == ["kitchen_0001/0001", "kitchen_0001/0002"]
        assert np.array_equal(second.images[0], pictures(4, 640, 480)[1])
        assert np.array_equal(first.depth, ramp[0])
        assert (first.camera.width, first.camera.height) == (640, 480)

    def test_forty_classes(self, tree, ramp):
        """Label 0 is none; the table that the test writes gives label n the class (n - 1) % 40 + 1 of 1 to 40."""
        labels = labelled(str(tree), "test", ("labels",)).open()[0].labels
        own = ramp[1].astype(int)
        assert labels.dtype == np.uint8
        assert np.array_equal(labels, np.where(own == 0, 255, (own - 1) % 40))

    def test_depth_as_measured_has_holes(self, tree, ramp):
        depth = labelled(str(tree), "train", depth="measured").open()[0].depth
        assert np.array_equal(np.isnan(depth), ramp[1] == 0)
        assert np.array_equal(depth[ramp[1] > 0], ramp[0][ramp[1] > 0])

    def test_splits_share_no_scene(self, tree):
        train, test = labelled(str(tree)), labelled(str(tree), "test")
        assert {drive.name for drive in train.drives()} == {"basement_0001", "office_0002"}
        assert {drive.name for drive in test.drives()} == {"kitchen_0001"}
        refuse_shared_drives([train], test)
        with pytest.raises(TrainingError, match=r"NYU scenes \[kitchen_0001\] are in training and in validation"):
            refuse_shared_drives([test], test)

    def test_a_scene_in_both_splits_is_refused(self, changed):
        folder = changed("#refs#/0", np.array([[ord(letter)] for letter in "office_0002"], np.uint16))
        with h5py.File(f"{folder}/nyu_depth_v2_labeled.mat", "r+") as file:
            scenes = np.ravel(file["scenes"])
            scenes[0] = file["#refs#/0"].ref
            file["scenes"][...] = scenes[None]
        with pytest.raises(TrainingError, match=r"splits\.mat: has scene office_0002 in both splits"):
            labelled(folder).open()

    def test_splits_of_another_file_are_refused(self, changed):
        folder = changed("rawDepths", None)
        write_mat(Path(folder) / "splits.mat", trainNdxs=np.array([[1.0]]), testNdxs=np.array([[5.0]]))
        with pytest.raises(TrainingError, match=r"splits\.mat: testNdxs is not of 1 to 4, the images of"):
            labelled(folder).open()

    @pytest.mark.parametrize(("factor", "median"), [(1000.0, "3.99e\\+03"), (0.01, "0.0399")])
    def test_depth_in_another_unit_is_refused(self, changed, ramp, factor, median):
        depth = np.stack([ramp[0].T * factor] * 4).astype(np.float32)
        source = labelled(changed("depths", depth), "test").open()
        message = rf"labeled\.mat: depths of image 1: 100% of its depth is not within 0\.4 to 10 m, .* {median}"
        with pytest.raises(TrainingError, match=message):
            source[0]

    def test_a_label_outside_the_known_ids_is_refused(self, changed):
        labels = np.full((4, 640, 480), 895, np.uint16)
        source = labelled(changed("labels", labels), "test", ("labels",)).open()
        with pytest.raises(TrainingError, match=r"labels of image 1 hold 895, expected 0 to 894"):
            source[0]

    def test_arrays_of_another_form_are_refused(self, changed):
        upright = np.zeros((4, 480, 640), np.float32)
        with pytest.raises(TrainingError, match=r"depths is \(4, 480, 640\), expected \(4, 640, 480\)"):
            labelled(changed("depths", upright)).open()
        with pytest.raises(TrainingError, match=r"is not the labelled part \(.*scenes.*get it from https"):
            labelled(changed("scenes", None)).open()

    def test_what_is_missing_or_damaged_is_named(self, tree, tmp_path):
        with pytest.raises(TrainingError, match=r"labeled\.mat: there is no labelled part of NYU Depth v2.*https"):
            labelled(str(tmp_path)).open()
        whole = (tree / "nyu_depth_v2_labeled.mat").read_bytes()
        (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(TrainingError, match="or cut short"):
            labelled(str(tmp_path)).open()
        (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(whole)
        with pytest.raises(TrainingError, match=r"splits\.mat: there is no splits of NYU"):
            labelled(str(tmp_path)).open()
        (tmp_path / "splits.mat").write_bytes((tree / "splits.mat").read_bytes())
        with pytest.raises(TrainingError, match=r"classMapping40\.mat: there is no table of the 40 classes"):
            labelled(str(tmp_path), truth=("labels",)).open()

    def test_processes_can_share_it(self, tree, ramp):
        source = pickle.loads(pickle.dumps(labelled(str(tree), "test", ("depth", "labels")).open()))
        assert np.array_equal(source[0].depth, ramp[0])


def write_pair(image, depth, frame, metres=2.5):
    if image.suffix == ".ppm":
        image.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(image), frame[..., ::-1])
    else:
        write_image(image, frame)
    write_16_bit(depth, np.full(frame.shape[:2], round(1000 * metres), np.uint16))


@pytest.fixture
def recordings(tmp_path):
    """A scene to train on in two parts, named by numbers and by stamps, and one to judge by."""
    frames = pictures(3, 640, 480)
    for number in (0, 2, 10):
        folder = tmp_path / "basement_0001b"
        write_pair(
            folder / f"rgb_{number:05d}.jpg", folder / f"sync_depth_{number:05d}.png", frames[0], 2 + number / 10
        )
    folder = tmp_path / "basement_0001c"
    for stamp, later, metres in ((100.0, 0.01, 3.0), (100.1, -0.03, 4.0), (100.2, 0.3, 5.0)):
        image = folder / f"r-{stamp:.6f}-3143361483.ppm"
        write_pair(image, folder / f"d-{stamp + later:.6f}-3167048395.pgm", frames[1], metres)
    (folder / "a-100.000000-1.dump").write_bytes(b"accelerometer")
    write_pair(tmp_path / "kitchen_0001/rgb_00000.jpg", tmp_path / "kitchen_0001/sync_depth_00000.png", frames[2])
    return tmp_path


class TestRecordings:
    def test_pairs_by_number_and_by_stamp(self, tree, recordings):
        source = recorded(str(recordings), str(tree)).open()
        names = [f"basement_0001{part}" for part in ("b/0", "b/1", "b/2", "c/0", "c/1")]
        assert [snippet.name for snippet in source] == names
        assert [snippet.depth[0, 0] for snippet in source] == pytest.approx([2.0, 2.2, 3.0, 3.0, 4.0])
        assert np.array_equal(source[3].images[0], pictures(3, 640, 480)[1])
        assert len(recorded(str(recordings), str(tree), every=2).open()) == 3

    def test_scenes_of_the_other_split_are_never_taken(self, tree, recordings):
        data = recorded(str(recordings), str(tree))
        assert {drive.name for drive in data.drives()} == {"basement_0001"}
        with pytest.raises(TrainingError, match="kitchen_0001: is not a scene of split train"):
            recorded(str(recordings), str(tree), scenes=("kitchen_0001",)).open()
        refuse_shared_drives([data], labelled(str(tree), "test"))

    @pytest.mark.parametrize("unit", [1.0, 100.0, 10000.0, 65000.0])
    def test_depth_in_another_unit_is_refused(self, tree, recordings, unit):
        """Metres, centimetres and tenths of millimetres, and a Kinect's readings with their bytes swapped."""
        path = recordings / "basement_0001b/sync_depth_00000.png"
        write_16_bit(path, np.full((480, 640), min(2.5 * unit, 65287), np.uint16))
        with pytest.raises(TrainingError, match=r"sync_depth_00000\.png: 100% of its depth is not within 0\.4 to 10 m"):
            recorded(str(recordings), str(tree)).open()[0]

    def test_float_metres_are_refused(self, tree, recordings):
        path = recordings / "basement_0001b/sync_depth_00000.png"
        path.write_bytes(cv2.imencode(".tiff", np.full((480, 640), 2.5, np.float32))[1].tobytes())
        with pytest.raises(TrainingError, match=r"sync_depth_00000\.png: is float32 .* expected a 16-bit grey png"):
            recorded(str(recordings), str(tree)).open()[0]

    def test_a_pair_of_different_sizes_is_refused(self, tree, recordings):
        path = recordings / "basement_0001b/sync_depth_00000.png"
        write_16_bit(path, np.full((240, 320), 2500, np.uint16))
        with pytest.raises(TrainingError, match=r"sync_depth_00000\.png: is 320x240, its image 640x480"):
            recorded(str(recordings), str(tree)).open()[0]

    def test_a_file_that_is_cut_short_is_named(self, tree, recordings):
        path = next((recordings / "basement_0001c").glob("d-100.01*.pgm"))
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(TrainingError, match=r"3167048395\.pgm: is damaged or cut short"):
            recorded(str(recordings), str(tree)).open()[3]

    def test_what_is_missing_is_named(self, tree, recordings):
        for path in (recordings / "basement_0001b").glob("sync_depth*"):
            path.unlink()
        with pytest.raises(TrainingError, match=r"basement_0001b: there is no depth such as sync_depth_00000\.png"):
            recorded(str(recordings), str(tree)).open()
        with pytest.raises(TrainingError, match="there is no scene of split train"):
            recorded(str(recordings / "kitchen_0001"), str(tree)).open()
