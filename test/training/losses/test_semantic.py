"""Cross entropy and the focal loss against loops in plain Python."""

import math

import pytest
import torch

from training.losses.semantic import cross_entropy_loss, semantic_focal_loss

UNKNOWN = 255


def mean_over_labelled(scores, labels, of_probability):
    values = []
    for b, row, column in torch.nonzero(labels != UNKNOWN).tolist():
        exponentials = [math.exp(float(s)) for s in scores[b, :, row, column]]
        values.append(of_probability(exponentials[int(labels[b, row, column])] / sum(exponentials)))
    return sum(values) / len(values)


@pytest.fixture
def scores():
    return 3.0 * torch.randn(2, 5, 4, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    labels = torch.randint(5, (2, 4, 6), generator=torch.Generator().manual_seed(1))
    labels[0, :2] = UNKNOWN
    return labels


def test_cross_entropy(scores, labels):
    expected = mean_over_labelled(scores, labels, lambda p: -math.log(p))
    assert float(cross_entropy_loss(scores, labels)) == pytest.approx(expected, rel=1e-4)


def test_focal(scores, labels):
    expected = mean_over_labelled(scores, labels, lambda p: -0.25 * (1 - p) ** 2 * math.log(p))
    assert float(semantic_focal_loss(scores, labels)) == pytest.approx(expected, rel=1e-4)


def test_what_is_sure_hardly_counts_and_has_a_gradient():
    scores = torch.tensor([40.0, 0.0]).reshape(1, 2, 1, 1).requires_grad_()
    loss = semantic_focal_loss(scores, torch.zeros(1, 1, 1, dtype=torch.long))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-9)
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_unlabelled_pixels_do_not_pull(scores, labels):
    scores.requires_grad_()
    semantic_focal_loss(scores, labels).backward()
    assert scores.grad is not None
    assert scores.grad[0, :, :2].abs().max() == 0
    assert scores.grad[0, :, 2:].abs().max() > 0


def test_nothing_labelled_is_no_loss(scores):
    assert semantic_focal_loss(scores, torch.full((2, 4, 6), UNKNOWN)) == 0


def test_labels_of_twice_the_size_are_taken_at_the_nearest_pixel(scores, labels):
    large = labels.repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert torch.equal(cross_entropy_loss(scores, large), cross_entropy_loss(scores, labels))
