"""Label sets: as their authors publish them, and what is not of them is refused."""

from dataclasses import dataclass

import numpy as np
import pytest

from training.data.datasets.street import StreetData
from training.data.label_sets import CITYSCAPES, COARSER, LABEL_SETS, NYU4, NYU40, agreed_label_set, labels_of
from training.data.snippet import UNLABELLED
from training.errors import TrainingError
from training.street import labels as street


def test_classes_at_their_published_ids():
    assert {name: len(item.classes) for name, item in LABEL_SETS.items()} == {"cityscapes": 19, "nyu40": 40, "nyu4": 4}
    assert CITYSCAPES.classes[street.VEGETATION].name == "vegetation"
    assert CITYSCAPES.classes[street.BICYCLE].colour == (119, 11, 32)
    gupta = {1: "wall", 2: "floor", 5: "chair", 10: "bookshelf", 22: "ceiling", 30: "whiteboard", 40: "other prop"}
    for number, name in gupta.items():
        assert NYU40.classes[number - 1].name == name


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=LABEL_SETS)
def test_every_class_has_a_name_and_a_colour_of_its_own(labels):
    assert len({item.name for item in labels.classes}) == len(labels.classes)
    assert len({item.colour for item in labels.classes}) == len(labels.classes)
    palette = labels.palette()
    assert tuple(palette[3]) == labels.classes[3].colour
    assert not palette[len(labels.classes) :].any()


@pytest.mark.parametrize("strange", [40, 254, 256, -1])
def test_a_label_outside_the_set_is_refused(strange):
    good = np.array([[0, 39, 255]], np.int32)
    assert np.array_equal(NYU40.check(good, "a.png"), good)
    with pytest.raises(TrainingError, match=rf"a\.png: holds the label {strange}, expected 0 to 39 of nyu40, or 255"):
        NYU40.check(np.append(good, strange), "a.png")


def test_each_of_nyus_classes_has_a_category():
    table = COARSER["nyu40", "nyu4"]
    found = {item.name: NYU4.classes[table[number]].name for number, item in enumerate(NYU40.classes)}
    assert {name for name, category in found.items() if category == "floor"} == {"floor", "floor mat"}
    assert (found["wall"], found["sofa"], found["pillow"]) == ("structure", "furniture", "props")
    assert set(table[40:]) == {UNLABELLED}


@dataclass
class Rooms:
    truth: tuple[str, ...] = ("depth", "labels")
    label_set: str = "nyu40"
    path: str = "somewhere"


def test_labels_of_two_sets_do_not_meet():
    streets = StreetData(truth=("depth", "labels"))
    assert labels_of(streets) == "cityscapes"
    assert labels_of(StreetData()) is None
    assert agreed_label_set([Rooms(), StreetData(), Rooms()], "nyu40") == "nyu40"
    assert agreed_label_set([StreetData(), Rooms()], None) == "nyu40"
    assert agreed_label_set([StreetData()], None) is None
    message = r"labels of Rooms \(somewhere\) are of nyu40, expected cityscapes"
    with pytest.raises(TrainingError, match=message):
        agreed_label_set([Rooms()], "cityscapes")
    with pytest.raises(TrainingError, match=message):
        agreed_label_set([streets, Rooms()], None)
    assert agreed_label_set([Rooms()], "nyu4") == "nyu4"
    with pytest.raises(TrainingError, match="labels of StreetData are of cityscapes, expected nyu4"):
        agreed_label_set([Rooms(), streets], "nyu4")
    with pytest.raises(TrainingError, match="labels of StreetData are of cityscapes, expected nyu40"):
        agreed_label_set([Rooms(), streets], "nyu40")
    with pytest.raises(TrainingError, match="label_set is nyu40, but no source has labels"):
        agreed_label_set([StreetData()], "nyu40")
