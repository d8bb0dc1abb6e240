"""Images made smaller and larger by a whole number, as convolutions: CPUs take a fraction of the time for them, and the
numbers are those of `torch.nn.functional`. Weights are whole numbers, which half precision holds exactly."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def mean_pool(images: Tensor, size: int) -> Tensor:
    """``[B, C, H, W]`` -> ``[B, C, H / size, W / size]``, the mean of every square: `avg_pool2d`."""
    channels = images.shape[1]
    same = torch.eye(channels, dtype=images.dtype, device=images.device)
    return F.conv2d(images, same[:, :, None, None].expand(-1, -1, size, size), stride=size) / size**2


def enlarge(values: Tensor, times: int) -> Tensor:
    """``[B, 1, H, W]`` -> ``[B, 1, times * H, times * W]``: `interpolate`, bilinear.

    Raises: `ValueError` for an even `times`, whose sub-pixels lie between these.
    """
    if times % 2 == 0:
        raise ValueError(f"times is {times}, expected an odd number")
    place = torch.arange(times, dtype=values.dtype, device=values.device) - times // 2
    left, right = (-place).clamp(min=0), place.clamp(min=0)
    along = torch.stack((left, times - place.abs(), right), 1)  # of sub-pixels, by the pixel and its neighbours
    weights = along[:, None, :, None] * along[None, :, None, :]
    around = F.pad(values, (1, 1, 1, 1), mode="replicate")
    with torch.autocast(values.device.type, enabled=False):  # mixed precision would round what is between pixels
        return F.pixel_shuffle(F.conv2d(around, weights.reshape(times**2, 1, 3, 3)), times) / times**2
