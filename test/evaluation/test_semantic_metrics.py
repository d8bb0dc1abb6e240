"""Scores of classes, on label images small enough to count by hand, and on random ones counted with sets."""

import numpy as np
import pytest

from depth_perception.evaluation.semantic_metrics import confusion, semantic_scores

TRUTH = np.array([[0, 0, 0, 0], [1, 1, 255, 255]], np.uint8)
SAID = np.array([[0, 0, 1, 2], [1, 0, 1, 0]], np.uint8)


def test_pixels_are_counted_by_class_and_the_unknown_not_at_all():
    """Four pixels of class 0, of which 0 is said of two; of class 2 there is none, but it is said once."""
    counts = confusion(TRUTH, SAID, 3)
    assert counts.tolist() == [[2, 1, 1], [1, 1, 0], [0, 0, 0]]
    scores = semantic_scores(counts)
    assert scores["pixel_accuracy"] == pytest.approx(3 / 6)
    assert scores["mean_accuracy"] == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert scores["miou"] == pytest.approx((2 / 5 + 1 / 3) / 2)


def test_agrees_with_sets_of_pixels():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(-1, 6, (2, 500))
    said = np.clip(said, 0, 4)
    truths = [set(np.flatnonzero(truth == k)) for k in range(5)]
    known = set().union(*truths)
    answers = [set(np.flatnonzero(said == k)) & known for k in range(5)]
    scores = semantic_scores(confusion(truth, said, 5))
    each = [len(a & b) / len(a | b) for a, b in zip(truths, answers, strict=True)]
    assert scores["miou"] == pytest.approx(np.mean(each))
    right = sum(len(a & b) for a, b in zip(truths, answers, strict=True))
    assert scores["pixel_accuracy"] == pytest.approx(right / len(known))


def test_a_class_of_one_pixel_is_found_whole():
    assert semantic_scores(confusion(np.array([0, 1, 1]), np.array([0, 1, 1]), 2))["miou"] == 1.0
