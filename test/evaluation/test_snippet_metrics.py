"""Snippet errors against loops over SfMLearner's formula."""

import math

import numpy as np
import pytest

from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.snippet_metrics import ate_sfmlearner, snippet_errors


def random_poses(number: int, seed: int) -> np.ndarray:
    """A drive that wanders: each pose a small random motion after the one before."""
    random = np.random.default_rng(seed)
    poses = [np.eye(4)]
    poses[0][:3, 3] = random.normal(0, 50, 3)
    for _ in range(number - 1):
        a, b, c = random.normal(0, 0.05, 3)
        step = np.eye(4)
        step[:3, :3] = (
            np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
            @ np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
            @ np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
        )
        step[:3, 3] = random.normal([0, 0, 1], 0.1)
        poses.append(poses[-1] @ step)
    return np.stack(poses)


def by_hand(truth: np.ndarray, estimate: np.ndarray) -> float:
    """The published code's steps, number by number, with both snippets in the frame of their first pose."""
    theirs = [(np.linalg.inv(truth[0]) @ pose)[:3, 3] for pose in truth]
    ours = [(np.linalg.inv(estimate[0]) @ pose)[:3, 3] for pose in estimate]
    above = sum(float(a * b) for x, y in zip(theirs, ours, strict=True) for a, b in zip(x, y, strict=True))
    below = sum(float(b * b) for y in ours for b in y)
    squares = sum(
        (float(a) - above / below * float(b)) ** 2
        for x, y in zip(theirs, ours, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    return math.sqrt(squares) / len(truth)


@pytest.mark.parametrize("frames", [3, 5])
def test_agrees_with_the_formula_written_out(frames):
    for seed in range(10):
        truth, estimate = random_poses(frames, seed), random_poses(frames, seed + 100)
        assert ate_sfmlearner(truth, estimate) == pytest.approx(by_hand(truth, estimate), rel=1e-6)


@pytest.mark.parametrize("frames", [3, 5])
def test_it_is_the_rmse_over_the_root_of_the_number_of_frames(frames):
    truth, estimate = random_poses(frames, 1), random_poses(frames, 2)
    theirs = (np.linalg.inv(truth[0]) @ truth)[:, :3, 3]
    ours = (np.linalg.inv(estimate[0]) @ estimate)[:, :3, 3]
    scale = np.sum(theirs * ours) / np.sum(ours**2)
    rmse = np.sqrt(np.mean(np.sum((theirs - scale * ours) ** 2, axis=1)))
    assert ate_sfmlearner(truth, estimate) == pytest.approx(rmse / math.sqrt(frames), rel=1e-6)


def test_place_heading_and_unit_do_not_matter():
    truth = random_poses(5, 3)
    elsewhere = random_poses(2, 4)[1] @ truth
    elsewhere[:, :3, 3] *= 7.0
    assert ate_sfmlearner(truth, elsewhere) == pytest.approx(0.0, abs=1e-9)


def test_a_snippet_that_stands_still_has_an_error_and_no_division_by_zero():
    truth = np.tile(np.eye(4), (3, 1, 1))
    truth[:, 2, 3] = [0.0, 1.0, 2.0]
    assert ate_sfmlearner(truth, np.tile(np.eye(4), (3, 1, 1))) == pytest.approx(math.sqrt(5) / 3)


def test_all_snippets_of_a_trajectory():
    truth, estimate = random_poses(12, 5), random_poses(12, 6)
    snippets = np.stack([estimate[i : i + 5] for i in range(8)])
    errors = [by_hand(truth[i : i + 5], snippets[i]) for i in range(8)]
    got = snippet_errors(truth, snippets)
    assert (got.frames, got.snippets) == (5, 8)
    assert got.mean == pytest.approx(sum(errors) / 8, rel=1e-6)
    assert got.std == pytest.approx(math.sqrt(sum((e - sum(errors) / 8) ** 2 for e in errors) / 8), rel=1e-6)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(EvaluationError, match=r"\(3, 4, 4\) and \(5, 4, 4\)"):
        ate_sfmlearner(random_poses(3, 0), random_poses(5, 0))
    with pytest.raises(EvaluationError, match="12 true poses and snippets of shape"):
        snippet_errors(random_poses(12, 0), np.stack([random_poses(5, 0)] * 3))
    with pytest.raises(EvaluationError, match="2 true poses"):
        snippet_errors(random_poses(2, 0), np.zeros((0, 3, 4, 4)))
