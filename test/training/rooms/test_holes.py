"""Depth as a Kinect measures it: unknown where its projector does not reach."""

from __future__ import annotations

import numpy as np
import pytest

from training.rooms import labels
from training.rooms.holes import BASELINE, FARTHEST, kinect_holes

FOCAL_LENGTH = 260.0
SIZE = (60, 200)


def _holes(depth: np.ndarray, tone: int = 120, label: int = labels.WALL) -> np.ndarray:
    image = np.full((*SIZE, 3), tone, np.uint8)
    return np.isnan(kinect_holes(depth, image, np.full(SIZE, label, np.uint8), FOCAL_LENGTH, np.random.default_rng(0)))


@pytest.mark.parametrize(("near", "far"), [(1.0, 3.0), (1.5, 2.0)])
def test_the_shadow_behind_an_edge_is_as_wide_as_its_disparity(near, far):
    depth = np.full(SIZE, far)
    depth[:, 100:150] = near
    holes = _holes(depth)
    width = FOCAL_LENGTH * BASELINE * (1.0 / near - 1.0 / far)
    assert holes[:, :100].sum(axis=1).mean() == pytest.approx(width, abs=1.5)
    assert np.all(holes[:, 100 - int(width) + 1 : 100])
    assert not holes[:, 100:].any(), "the projector sees the thing, and what is right of it"


def test_flat_and_slanted_walls_are_known_everywhere_and_unchanged():
    slanted = np.linspace(1.5, 5.0, SIZE[1])[None].repeat(SIZE[0], 0)
    image = np.full((*SIZE, 3), 120, np.uint8)
    measured = kinect_holes(slanted, image, np.zeros(SIZE, np.uint8), FOCAL_LENGTH, np.random.default_rng(0))
    assert np.array_equal(measured, slanted.astype(np.float32))


def test_dark_blinding_shiny_and_far_things_have_holes():
    wall = np.full(SIZE, 2.0)
    assert _holes(wall, tone=4).mean() > 0.9
    assert _holes(wall, tone=255).mean() > 0.9
    assert 0.5 < _holes(wall, label=labels.MIRROR).mean() < 1.0
    assert _holes(np.full(SIZE, FARTHEST + 0.1)).all()
    assert 0.05 < _holes(np.full(SIZE, FARTHEST - 0.9)).mean() < 0.9
