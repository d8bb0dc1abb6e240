"""Figures of a validation: of everything that is known, each sample once."""

import pytest
import torch
from torch.nn import functional as F

from training.systems.validation import ValidationFigures

LABELS = torch.tensor([[[0, 0, 1], [1, 2, 255]], [[2, 2, 2], [2, 2, 2]]])
SAID = torch.tensor([[[0, 1, 1], [1, 2, 0]], [[0, 0, 0], [0, 0, 0]]])


def figures(samples, rank=0, ranks=1):
    found = ValidationFigures()
    found.add_semantics(F.one_hot(SAID, 3).permute(0, 3, 1, 2).float(), LABELS)
    return found.means(samples, rank, ranks, lambda value: value)


def test_classes_are_counted_over_all_samples():
    """Of 11 known pixels 4 are right; both samples together give the three classes 1 of 8, 2 of 3 and 1 of 7."""
    found = figures(2)
    assert found["pixel_accuracy"] == pytest.approx(4 / 11)
    assert found["miou"] == pytest.approx((1 / 8 + 2 / 3 + 1 / 7) / 3)


def test_a_sample_that_a_distributed_loader_repeats_does_not_count():
    """Of three samples the second of two processes has one; its loader gave it another all the same."""
    assert figures(3, rank=1, ranks=2)["pixel_accuracy"] == pytest.approx(4 / 5)


def test_nothing_known_is_no_figure():
    found = ValidationFigures()
    found.add_semantics(torch.zeros(1, 3, 2, 2), torch.full((1, 2, 2), 255))
    found.add_depth(torch.ones(1, 2, 2), torch.full((1, 2, 2), float("nan")), torch.eye(3)[None])
    assert found.means(1, 0, 1, lambda value: value) == {}


def test_what_stands_on_the_road_has_figures_of_its_own():
    """A wall 8 m away that the network puts 1.5 times as far, on a road that it gets right."""
    width, height, focal, tall = 208, 96, 120.0, 1.5
    rows = (torch.arange(height) - 40.0)[:, None].expand(height, width)
    road = torch.where(rows > 0, tall * focal / rows.clamp(min=1e-3), torch.full_like(rows, torch.inf))
    truth = road.clone()
    truth[:, 150:190] = truth[:, 150:190].clamp(max=8.0)
    wall = truth < road - 1e-3
    intrinsics = torch.tensor([[focal, 0.0, 103.5], [0.0, focal, 40.0], [0.0, 0.0, 1.0]])
    found = ValidationFigures()
    found.add_depth(torch.where(wall, 1.5 * truth, truth)[None], truth[None], intrinsics[None])
    means = found.means(1, 0, 1, lambda value: value)
    assert means["ratio/ground"] == pytest.approx(1.0, abs=1e-3)
    for level in ("0.3-1 m", "1-2 m", "> 2 m", "obstacles"):
        assert means[f"ratio/{level}"] == pytest.approx(1.5, abs=1e-3), level
    assert means["abs_rel_obstacles"] == pytest.approx(0.5, abs=0.01)


def test_labels_of_one_byte_tell_forty_classes_apart():
    """A pair of classes does not fit into the byte that a class fits into."""
    labels = torch.arange(40, dtype=torch.uint8).reshape(1, 5, 8)
    found = ValidationFigures()
    found.add_semantics(F.one_hot(labels.long(), 40).permute(0, 3, 1, 2).float(), labels)
    assert found.means(1, 0, 1, lambda sums: sums)["miou"] == 1.0
