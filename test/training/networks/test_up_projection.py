"""The fast up-convolution against the three slow forms it stands for."""

import pytest
import torch
from torch.nn import functional as F

from training.networks.up_projection import UpConvolution, UpProjection


@pytest.fixture(name="up")
def up_convolution():
    torch.manual_seed(0)
    return UpConvolution(5, 3).double()


@pytest.fixture(name="x")
def features():
    return torch.randn(2, 5, 4, 6, dtype=torch.double)


def correlation(up):
    """The taps as a convolution meets them, ``[outputs, inputs, 5, 5]``."""
    return up.weight.flip(2, 3).transpose(0, 1)


def test_is_a_convolution_over_pixels_with_zeros_between(up, x):
    """Unpooling, then 5x5: the up-convolution as it is defined."""
    unpooled = x.new_zeros(2, 5, 8, 12)
    unpooled[:, :, ::2, ::2] = x
    expected = F.conv2d(unpooled, correlation(up), padding=2)
    assert torch.allclose(up(x), expected, atol=1e-12)


def test_is_four_convolutions_interleaved(up, x):
    """A (3x3), B (2x3), C (3x2) and D (2x2): the fast form of Laina et al., padded as Harsanyi et al. do."""
    taps = correlation(up)
    expected = x.new_zeros(2, 3, 8, 12)
    expected[:, :, 0::2, 0::2] = F.conv2d(F.pad(x, (1, 1, 1, 1)), taps[:, :, 0::2, 0::2])
    expected[:, :, 1::2, 0::2] = F.conv2d(F.pad(x, (1, 1, 0, 1)), taps[:, :, 1::2, 0::2])
    expected[:, :, 0::2, 1::2] = F.conv2d(F.pad(x, (0, 1, 1, 1)), taps[:, :, 0::2, 1::2])
    expected[:, :, 1::2, 1::2] = F.conv2d(F.pad(x, (0, 1, 0, 1)), taps[:, :, 1::2, 1::2])
    assert torch.allclose(up(x), expected, atol=1e-12)


def test_is_a_transposed_convolution_and_learns_as_one(up, x):
    """One more form of the same, with a gradient of its own to compare with."""
    up(x).square().sum().backward()
    weight = up.weight.detach().clone().requires_grad_()
    F.conv_transpose2d(x, weight, stride=2, padding=2, output_padding=1).square().sum().backward()
    assert up.weight.grad is not None
    assert weight.grad is not None
    assert torch.allclose(up.weight.grad, weight.grad, atol=1e-9)


def test_kinds_have_9_6_6_and_4_taps(up):
    taps = (up.kernel() != 0).reshape(3, 4, 5, 3, 3)
    assert (taps == taps[:1, :, :1]).all()
    assert taps[0, :, 0].flatten(1).sum(1).tolist() == [9, 6, 6, 4]


def test_projection_is_two_branches():
    """The two up-convolutions that are computed as one, apart, and normalisation by hand."""
    torch.manual_seed(1)
    block = UpProjection(4, 3).double()
    x = torch.randn(2, 4, 3, 5, dtype=torch.double)
    first, second = (
        F.conv_transpose2d(x, weight, stride=2, padding=2, output_padding=1) for weight in block.up.weight.chunk(2, 1)
    )
    inner = F.conv2d(F.relu(standardised(first)), block.conv.weight, padding=1)
    expected = F.relu(standardised(inner) + standardised(second))
    assert torch.allclose(block(x), expected, atol=1e-9)


def standardised(x):
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5)
