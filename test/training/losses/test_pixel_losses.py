"""L1, L2 and BerHu against numbers worked out by hand, and where truth is missing."""

import math

import pytest
import torch

from training.losses.pixel_losses import berhu_loss, l1_loss, l2_loss

LOSSES = [l1_loss, l2_loss, berhu_loss]


def pixels(*values):
    return torch.tensor(values).reshape(1, 1, 1, -1)


def everywhere(depth):
    return torch.ones_like(depth, dtype=torch.bool)


def test_by_hand():
    depth, truth = pixels(1.0, 2.5, 9.0), pixels(1.5, 2.0, 4.0)  # off by 0.5, 0.5 and 5: BerHu bends at 1
    assert l1_loss(depth, truth, everywhere(depth)).item() == pytest.approx(2.0)
    assert l2_loss(depth, truth, everywhere(depth)).item() == pytest.approx((0.25 + 0.25 + 25.0) / 3)
    assert berhu_loss(depth, truth, everywhere(depth)).item() == pytest.approx((0.5 + 0.5 + (25.0 + 1.0) / 2.0) / 3)


def test_berhu_bends_by_the_whole_batch():
    """The second image's error of 10 makes the first one's 1.5 a small one."""
    depth = torch.tensor([[1.5], [10.0]]).reshape(2, 1, 1, 1)
    truth = torch.zeros_like(depth)
    expected = (1.5 + (100.0 + 4.0) / 4.0) / 2
    assert berhu_loss(depth, truth, everywhere(depth)).item() == pytest.approx(expected)
    alone = (1.5**2 + 0.3**2) / 0.6
    assert berhu_loss(depth[:1], truth[:1], everywhere(depth[:1])).item() == pytest.approx(alone)


def test_berhu_counts_errors_of_either_sign():
    low, high = (
        berhu_loss(pixels(sign * 5.0, 0.5), pixels(0.0, 0.0), everywhere(pixels(0.0, 0.0))) for sign in (-1, 1)
    )
    assert low.item() == high.item() == pytest.approx((13.0 + 0.5) / 2)


def test_berhu_is_continuous_and_smooth_where_it_bends():
    """At 1, a fifth of the largest error: value 1 and slope 1 from either side."""
    values, slopes = [], []
    for error in (1.0 - 1e-4, 1.0, 1.0 + 1e-4):
        depth = pixels(error, 5.0).double().requires_grad_()
        loss = 2 * berhu_loss(depth, torch.zeros_like(depth), everywhere(depth)) - 13.0  # less the largest one's share
        loss.backward()
        assert depth.grad is not None
        values.append(loss.item())
        slopes.append(depth.grad[0, 0, 0, 0].item())
    assert values == pytest.approx([1.0 - 1e-4, 1.0, 1.0 + 1e-4], abs=1e-7)
    assert slopes == pytest.approx([1.0, 1.0, 1.0], abs=2e-4)


def test_the_bend_is_a_constant_to_the_gradient():
    """Of the largest error, (e^2 + c^2) / 2c, the slope is e / c = 5, and not what a moving bend would add."""
    depth = pixels(2.0, 0.1).requires_grad_()
    berhu_loss(depth, pixels(0.0, 0.0), everywhere(depth)).backward()
    assert depth.grad is not None
    assert (2 * depth.grad).flatten().tolist() == pytest.approx([5.0, 1.0])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("unknown", [math.nan, math.inf, 0.0, 1e30])
def test_outside_of_the_mask_nothing_counts(loss, unknown):
    depth, truth = pixels(1.0, 2.0, 7.0), pixels(1.5, 3.0, unknown)
    mask = torch.tensor([True, True, False]).reshape(1, 1, 1, 3)
    with_unknown = depth.clone().requires_grad_()
    loss(with_unknown, truth, mask).backward()
    known = depth[..., :2].clone().requires_grad_()
    loss(known, truth[..., :2], mask[..., :2]).backward()
    assert with_unknown.grad is not None
    assert known.grad is not None
    assert torch.equal(with_unknown.grad[..., :2], known.grad)
    assert with_unknown.grad[..., 2].item() == 0.0


@pytest.mark.parametrize("loss", LOSSES)
def test_no_error_and_no_truth_give_zero_and_no_gradient(loss):
    for truth, mask in ((pixels(1.0, 2.0), True), (pixels(math.nan, math.nan), False)):
        depth = pixels(1.0, 2.0).requires_grad_()
        value = loss(depth, truth, torch.full_like(truth, mask, dtype=torch.bool))
        value.backward()
        assert value.item() == 0.0
        assert depth.grad is not None
        assert not depth.grad.any()
