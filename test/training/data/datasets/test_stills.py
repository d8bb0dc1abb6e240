"""Stills as a source of snippets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data.datasets.stills import PatchSource, StillsData, render_stills_of
from training.data.source import Drive
from training.errors import TrainingError


@pytest.fixture(scope="module")
def data(street_renderer, tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("stills"))
    return StillsData(seeds=(20, 2), frames=3, width=96, height=72, cache=cache)


def test_a_snippet_is_one_picture_with_its_depth(data):
    source = data.open(frames=1)
    assert len(source) == 6
    snippet = source[4]
    assert len(snippet.images) == 1
    assert snippet.images[0].shape == (72, 96, 3)
    assert snippet.depth is not None
    assert snippet.depth.dtype == np.float16
    assert snippet.labels is None, "not asked for"
    assert replace(data, truth=("depth", "labels")).open()[4].labels is not None


def test_each_world_has_a_camera_of_its_own_within_the_range(data):
    cameras = [drive.camera for drive in render_stills_of(data)]
    assert cameras[0] != cameras[1]
    for camera in cameras:
        assert 40.0 <= 2.0 * np.rad2deg(np.arctan(0.5 * 96 / camera.fx)) <= 120.0
        assert abs(camera.cx - 47.5) <= 0.08 * 96
        assert abs(camera.cy - 35.5) <= 0.08 * 72


def test_they_are_rendered_once(data):
    data.open()
    folder = Path(data.cache)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert before
    data.open()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_beside_frames_in_a_row_they_stand(data):
    alone, row = data.open(), data.open(frames=3)
    assert len(row) == len(alone)
    assert len(row[4].images) == 3
    for image in row[4].images:
        np.testing.assert_array_equal(image, alone[4].images[0])
    np.testing.assert_array_equal(row[4].depth, alone[4].depth)


def test_of_what_stands_nothing_is_learnt_but_truth(data):
    with pytest.raises(TrainingError, match=r"single pictures, 3 in a row were asked for and no truth: nothing can"):
        replace(data, truth=()).open(frames=3)


def test_seeds_train_or_evaluate():
    with pytest.raises(TrainingError, match="seeds of stills 990 to 1009 mix training"):
        StillsData(seeds=(990, 20)).open()
    assert StillsData(seeds=(998, 1)).drives() == {Drive("seeds of stills", 998)}
    with pytest.raises(TrainingError, match="openings"):
        StillsData(openings=(120.0, 40.0))


def test_the_pictures_whose_patches_they_carry_are_named():
    plain = StillsData(seeds=(0, 40))
    assert plain.describe().licence == "Apache-2.0"
    carrying = replace(
        plain, patches=(PatchSource("/home/me/clip.mp4", licence="MIT"), PatchSource("/b", "Walls", "MIT"))
    )
    assert carrying.describe().name == plain.title + ", patches of clip.mp4 as textures, patches of Walls as textures"
    assert carrying.describe().licence == "Apache-2.0, MIT"
