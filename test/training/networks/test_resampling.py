"""Resampling by convolutions is torch's own."""

import pytest
import torch
from torch.nn import functional as F

from training.networks.resampling import enlarge, mean_pool


@pytest.mark.parametrize("size", [2, 3])
def test_means_are_those_of_average_pooling(size):
    images = torch.randn(2, 3, 12, 18)
    torch.testing.assert_close(mean_pool(images, size), F.avg_pool2d(images, size))


@pytest.mark.parametrize("times", [1, 3, 5])
def test_between_pixels_it_is_bilinear(times):
    values = torch.randn(2, 1, 5, 7)
    expected = F.interpolate(values, scale_factor=times, mode="bilinear", align_corners=False)
    torch.testing.assert_close(enlarge(values, times), expected)


def test_between_the_sub_pixels_nothing_is_enlarged():
    with pytest.raises(ValueError, match="times is 2, expected an odd number"):
        enlarge(torch.randn(1, 1, 5, 7), 2)
