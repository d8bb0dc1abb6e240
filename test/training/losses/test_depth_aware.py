"""The depth-aware loss against the formula in plain Python, where the paper's own form has no value too."""

import math

import pytest
import torch

from training.losses.depth_aware import depth_aware_loss
from training.losses.masked import known


def single(depth, truth, maximum=10.0):
    one = torch.tensor([[[[truth]]]])
    return float(depth_aware_loss(torch.tensor([[[[depth]]]]), one, known(one), maximum))


def weight(depth, truth, maximum=10.0):
    logs = sorted((math.log(1 + depth), math.log(1 + truth)))
    return truth / maximum + 1 - logs[0] / logs[1]


@pytest.mark.parametrize(("depth", "truth"), [(2.0, 4.0), (4.0, 2.0), (0.9, 0.8), (0.8, 1.2), (1.0, 1.0), (9.9, 0.1)])
def test_absolute_error_times_attention(depth, truth):
    assert single(depth, truth) == pytest.approx(weight(depth, truth) * abs(depth - truth), rel=1e-5)


def test_a_far_pixel_counts_more_than_a_near_one_with_the_same_ratio_of_errors():
    assert single(8.8, 8.0) / 0.8 > single(1.1, 1.0) / 0.1


def test_finite_with_its_gradient_wherever_depth_can_be():
    values = torch.cat((torch.tensor([1e-12, 1e-6, 1e-3, 1.0]), torch.linspace(0.01, 10.0, 60)))
    depth, truth = (grid[None, None].clone() for grid in torch.meshgrid(values, values, indexing="ij"))
    depth.requires_grad_()
    loss = depth_aware_loss(depth, truth, known(truth), 10.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert depth.grad is not None
    assert torch.isfinite(depth.grad).all()
    apart = depth.detach() != truth
    assert (depth.grad.sign() == (depth.detach() - truth).sign())[apart].all()  # nowhere away from the truth


def test_the_attention_is_a_constant_to_the_gradient():
    depth = torch.tensor([[[[3.0]]]], requires_grad=True)
    truth = torch.tensor([[[[5.0]]]])
    depth_aware_loss(depth, truth, known(truth), 10.0).backward()
    assert depth.grad is not None
    assert float(depth.grad) == pytest.approx(-weight(3.0, 5.0), rel=1e-5)


def test_unknown_pixels_neither_count_nor_pull():
    truth = torch.tensor([[[[2.0, torch.nan, torch.inf, 0.0]]]])
    depth = torch.tensor([[[[3.0, 3.0, 3.0, 3.0]]]], requires_grad=True)
    loss = depth_aware_loss(depth, truth, known(truth), 10.0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(weight(3.0, 2.0), rel=1e-5)
    assert depth.grad is not None
    assert depth.grad[0, 0, 0, 1:].tolist() == [0.0, 0.0, 0.0]
