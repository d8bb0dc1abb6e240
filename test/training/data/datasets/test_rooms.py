"""Rooms as a source of snippets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data.datasets.rooms import RoomsData
from training.data.source import Drive
from training.errors import TrainingError


@pytest.fixture(scope="module")
def data(street_renderer, tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("rooms"))
    return RoomsData(seeds=(11, 1), frames=4, width=96, height=72, cache=cache)


def test_a_snippet_of_one_frame_has_exact_depth_and_labels(data):
    source = data.open(frames=1)
    assert len(source) == 4
    snippet = source[2]
    assert len(snippet.images) == 1
    assert snippet.images[0].shape == (72, 96, 3)
    assert snippet.depth is not None
    assert np.isfinite(snippet.depth).all()
    assert snippet.labels is not None
    assert snippet.labels.max() < 40
    assert snippet.poses is None
    assert snippet.camera.fx == pytest.approx(519.0 * 96 / 640)


def test_three_frames_have_their_motion(data):
    source = replace(data, truth=("depth", "poses", "distances")).open(frames=3)
    assert len(source) == 2
    snippet = source[0]
    assert snippet.poses is not None
    assert snippet.distances == pytest.approx(np.linalg.norm(np.diff(snippet.poses[:, :3, 3], axis=0), axis=1))
    assert 0.0 < snippet.distances.max() < 0.35
    assert snippet.labels is None


def test_a_walk_is_rendered_once(data):
    data.open(frames=1)
    folder = Path(data.cache)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert before
    data.open(frames=2)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_holes_are_the_same_every_time_and_change_nothing_else(data):
    exact, source = data.open(frames=1)[1], replace(data, holes=True, truth=("depth",)).open(frames=1)
    first, again = source[1], source[1]
    assert first.depth is not None
    assert again.depth is not None
    assert exact.depth is not None
    holes = np.isnan(first.depth)
    assert 0.0 < holes.mean() < 0.6
    assert np.array_equal(first.depth, again.depth, equal_nan=True)
    assert np.array_equal(first.depth[~holes], exact.depth[~holes].astype(np.float32))
    assert np.array_equal(first.images[0], exact.images[0])
    assert first.labels is None, "not asked for"


def test_seeds_train_or_evaluate():
    with pytest.raises(TrainingError, match=r"room seeds 990 to 1009 mix training \(0-999\) with evaluation \(1000-\)"):
        RoomsData(seeds=(990, 20)).open(frames=1)
    assert RoomsData(seeds=(998, 2)).drives() == {Drive("room seeds", 998), Drive("room seeds", 999)}
