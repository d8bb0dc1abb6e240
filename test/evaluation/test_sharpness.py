"""Tenengrad against loops over the formula, and of edges whose answer is known."""

import math

import numpy as np
import pytest

from depth_perception.evaluation.sharpness import tenengrad


def by_hand(depth: np.ndarray, threshold: float) -> float:
    padded = np.pad(depth, 1, mode="edge")
    total = 0.0
    for v in range(1, padded.shape[0] - 1):
        for u in range(1, padded.shape[1] - 1):
            across = down = 0.0
            for offset, weight in ((-1, 1), (0, 2), (1, 1)):
                across += weight * (padded[v + offset, u + 1] - padded[v + offset, u - 1])
                down += weight * (padded[v + 1, u + offset] - padded[v - 1, u + offset])
            magnitude = math.hypot(across, down)
            total += magnitude if magnitude > threshold else 0.0
    return total


@pytest.mark.parametrize("threshold", [0.0, 60.0, 150.0])
def test_agrees_with_the_formula_written_out(threshold):
    depth = np.random.default_rng(0).uniform(1, 80, (13, 19))
    assert tenengrad(depth, threshold) == pytest.approx(by_hand(depth, threshold), rel=1e-6)
    assert tenengrad(depth.astype(np.float32), threshold) == pytest.approx(by_hand(depth, threshold), rel=1e-4)


def test_a_step_counts_and_the_same_step_made_soft_does_not():
    columns = np.arange(100.0)
    step = np.tile(np.where(columns < 50, 10.0, 20.0), (50, 1))
    soft = np.tile(np.clip(columns - 40, 0, 10) + 10, (50, 1))
    assert tenengrad(step, 20.0) == pytest.approx(50 * 2 * 4 * 10.0)
    assert tenengrad(soft, 20.0) == 0.0
    assert tenengrad(soft, 0.0) == pytest.approx(tenengrad(step, 0.0))


def test_beside_unknown_pixels_nothing_counts():
    depth = np.full((9, 9), 10.0)
    depth[:, 5:] = np.nan
    assert tenengrad(depth, 0.0) == 0.0
