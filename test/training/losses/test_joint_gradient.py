"""The joint-gradient loss on ramps, whose gradient is known, and beside holes."""

import pytest
import torch

from training.losses.joint_gradient import joint_gradient_loss
from training.losses.masked import known


def ramp(x, y, height=8, width=10):
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return (5.0 + x * columns + y * rows)[None, None]


def test_mean_difference_of_slopes_in_metres_a_pixel():
    truth = ramp(0.1, 0.0)
    loss = joint_gradient_loss(ramp(0.3, -0.4), truth, known(truth))
    assert float(loss) == pytest.approx((0.2 + 0.4) / 2, rel=1e-4)


def test_blind_to_an_offset():
    truth = ramp(0.1, 0.2)
    assert joint_gradient_loss(truth + 3.0, truth, known(truth)) < 1e-6


def test_an_unknown_pixel_takes_its_neighbourhood_out():
    truth = ramp(0.1, 0.0)
    depth = truth.clone()
    depth[..., 2:5, 2:5] += 50.0  # all in the neighbourhood of the unknown one
    everywhere = joint_gradient_loss(depth, truth, known(truth))
    truth[..., 3, 3] = torch.nan
    depth = ramp(0.1, 0.0)
    depth[..., 3, 3] = 1e6
    depth.requires_grad_()
    loss = joint_gradient_loss(depth, truth, known(truth))
    loss.backward()
    assert everywhere > 1.0
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-5)
    assert depth.grad is not None
    assert torch.isfinite(depth.grad).all()
    assert depth.grad[..., 3, 3] == 0


def test_nothing_known_is_no_loss():
    truth = torch.full((1, 1, 8, 8), torch.nan)
    assert joint_gradient_loss(torch.ones(1, 1, 8, 8), truth, known(truth)) == 0
