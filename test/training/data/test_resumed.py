"""A run that goes on with other data than it began with is told so, by the names of the settings."""

from dataclasses import replace

import pytest

from depth_perception.geometry.camera import Camera
from training.data.augmentation import Augmentation
from training.data.datasets.street import StreetData
from training.data.datasets.video import VideoData
from training.data.resumed import differences, plain

STREET = StreetData(seeds=(0, 9), cache="here")
VIDEO = VideoData("drive.mp4", Camera(160, 90, 120.0, 119.0, 82.0, 46.0), name="ours")
DATA = {"street": STREET, "videos": [VIDEO], "samples": None, "augmentation": Augmentation()}


def told(**changes):
    return differences(plain(DATA, "data"), plain(DATA | changes, "data"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"samples": 12}, ["data.samples was None and is 12"]),
        ({"street": replace(STREET, seeds=(0, 8))}, ["data.street.seeds was [0, 9] and is [0, 8]"]),
        ({"street": None}, ["data.street.class StreetData is gone"]),
        ({"videos": ()}, ["data.videos.0.class VideoData is gone"]),
        ({"videos": [VIDEO, VIDEO]}, ["data.videos.1.class VideoData is new"]),
        (
            {"videos": [replace(VIDEO, camera=replace(VIDEO.camera, fx=119.0), stride=2)]},
            ["data.videos.0.stride was 1 and is 2", "data.videos.0.camera.fx was 120.0 and is 119.0"],
        ),
        ({"augmentation": Augmentation(jpeg=0.0)}, ["data.augmentation.jpeg was 0.15 and is 0.0"]),
    ],
)
def test_what_changed_is_named(changes, expected):
    assert told(**changes) == expected


def test_where_data_lies_is_no_difference():
    moved = replace(VIDEO, path="/elsewhere/drive.mp4", cache="there", name="theirs", licence="CC BY 4.0")
    assert not told(street=replace(STREET, cache="there"), videos=[moved])


def test_a_setting_that_older_runs_did_not_know_is_no_difference():
    before = plain(DATA, "data")
    del before["data.augmentation.turn"]
    assert not differences(before, plain(DATA, "data"))
