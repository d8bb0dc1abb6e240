"""The losses of Eigen and Fergus against their formulas written out pixel by pixel, and the bugs of other forms."""

import math

import numpy as np
import pytest
import torch

from training.losses.scale_invariant import log_gradient_loss, scale_invariant_loss


def pair(unknown=0.3):
    """Two images of depth, their truth with holes, and where it is known; the second image knows half as much."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.5, 10.0, (2, 1, 7, 9))
    depth = truth * rng.lognormal(0.2, 0.4, truth.shape)
    mask = rng.random(truth.shape) > [[[[unknown]]], [[[0.5 + unknown / 2]]]]
    truth[~mask] = np.nan
    return torch.from_numpy(depth), torch.from_numpy(truth), torch.from_numpy(mask)


def by_loops(depth, truth, mask, balance):
    """Both losses, as the papers print them."""
    invariant, gradient = [], []
    for image in range(len(depth)):
        height, width = depth.shape[-2:]
        d = {
            (v, u): math.log(depth[image, 0, v, u]) - math.log(truth[image, 0, v, u])
            for v in range(height)
            for u in range(width)
            if mask[image, 0, v, u]
        }
        n = len(d)
        invariant.append(sum(x**2 for x in d.values()) / n - balance / n**2 * sum(d.values()) ** 2)
        steps = [d[v, u + 1] - d[v, u] for v, u in d if (v, u + 1) in d]
        steps += [d[v + 1, u] - d[v, u] for v, u in d if (v + 1, u) in d]
        gradient.append(sum(step**2 for step in steps) / n)
    return np.mean(invariant), np.mean(gradient)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_is_the_formula(balance):
    depth, truth, mask = pair()
    invariant, gradient = by_loops(depth, truth, mask, balance)
    assert float(scale_invariant_loss(depth, truth, mask, balance)) == pytest.approx(invariant, rel=1e-9)
    assert float(log_gradient_loss(depth, truth, mask)) == pytest.approx(gradient, rel=1e-9)


def test_a_common_scale_costs_what_the_balance_says():
    depth, truth, mask = pair()
    scale = torch.tensor([3.0, 0.2], dtype=torch.float64)[:, None, None, None]  # of each image its own
    for loss in (lambda d: scale_invariant_loss(d, truth, mask, 1.0), lambda d: log_gradient_loss(d, truth, mask)):
        assert float(loss(scale * depth)) == pytest.approx(float(loss(depth)), rel=1e-9)
    wrong = truth.nan_to_num(1.0) * scale
    squares = [math.log(3.0) ** 2, math.log(0.2) ** 2]
    assert float(scale_invariant_loss(wrong, truth, mask, 0.5)) == pytest.approx(0.5 * np.mean(squares))
    assert float(scale_invariant_loss(wrong, truth, mask, 1.0)) == pytest.approx(0.0, abs=1e-12)


def test_unknown_neighbours_are_no_edges():
    """Where unknown pixels were zeros, every hole would have an outline of errors."""
    truth = torch.full((1, 1, 8, 8), 5.0)
    truth[..., 2:6, 2:6] = torch.nan
    assert log_gradient_loss(2.0 * torch.ones_like(truth), truth, ~truth.isnan()) == 0


@pytest.mark.parametrize("loss", [scale_invariant_loss, log_gradient_loss])
def test_nothing_known_is_no_loss_and_no_gradient(loss):
    depth = torch.rand(2, 1, 4, 5) + 0.5
    depth.requires_grad_()
    truth = torch.full_like(depth, torch.nan).detach()
    truth[1] = 3.0  # of one image nothing is known, of the other all
    value = loss(depth, truth, ~truth.isnan())
    value.backward()
    assert depth.grad is not None
    assert depth.grad[0].abs().max() == 0
    assert depth.grad[1].abs().max() > 0
    alone = loss(depth[1:], truth[1:], ~truth[1:].isnan())
    assert float(value.detach()) == pytest.approx(float(alone.detach()) / 2, rel=1e-5)
