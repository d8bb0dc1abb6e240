"""How unlike two views are: structural similarity and absolute difference, the best of several sources."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

SSIM_SHARE = 0.85
"""Dual Networks, alpha of eq. 5."""
C1, C2 = 0.01**2, 0.03**2
"""Of Wang et al., for images between 0 and 1."""


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity of each pixel's 3x3 surroundings, ``[B, C, H, W]`` between -1 and 1 (Wang et al., TIP 2004,
    eq. 13, with a plain mean as window; borders reflected). Images ``[B, C, H, W]`` between 0 and 1."""
    channels = first.shape[1]
    padded = F.pad(torch.cat((first, second), 1), (1, 1, 1, 1), mode="reflect")
    a, b = padded.split(channels, 1)
    mean_a, mean_b, aa, bb, ab = _means(torch.cat((padded, a * a, b * b, a * b), 1)).split(channels, 1)
    product, squares = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    similarity = (2 * product + C1) * (2 * (ab - product) + C2)
    return similarity / ((squares + C1) * (aa + bb - squares + C2))


def photometric_error(target: Tensor, view: Tensor) -> Tensor:
    """Per pixel, ``[B, 1, H, W]`` (Dual Networks, eq. 5 before the minimum, and 6). Images ``[B, 3, H, W]``, 0 to 1."""
    dissimilarity = (0.5 * (1.0 - ssim(target, view))).clamp(0.0, 1.0)
    difference = (target - view).abs()
    return (SSIM_SHARE * dissimilarity + (1.0 - SSIM_SHARE) * difference).mean(1, keepdim=True)


def minimum_error(target: Tensor, views: Sequence[Tensor]) -> Tensor:
    """The smallest error over the sources, per pixel, ``[B, 1, H, W]``: a pixel hidden in one is seen in the other."""
    return torch.stack([photometric_error(target, view) for view in views]).amin(0)


def moving_pixels(error: Tensor, still: Tensor) -> Tensor:
    """The automask, ``[B, 1, H, W]`` of 0 and 1: where a synthesised view is better than the source as it is.

    Pixels that do not change (a standing camera, a car ahead at our speed, our own bonnet) say nothing about depth. A
    tie is no improvement and is masked too, which replaces the random noise of Godard et al. (ICCV 2019, section 3.2).

    Args:
        error: `minimum_error` of the views.
        still: `minimum_error` of the sources themselves.
    """
    return (error.detach() < still).to(error.dtype)


def photometric_loss(target: Tensor, views: Sequence[Tensor], still: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean over the pixels that count, and the error ``[B, 1, H, W]`` of all (Dual Networks, eq. 5).

    Differs from the paper: a mean in place of a sum, so that the weight of a loss does not depend on the image's size.

    Args:
        target: ``[B, 3, H, W]`` between 0 and 1.
        views: the target view synthesised from each source.
        still: `minimum_error` of the sources themselves: gives the automask. None: every pixel counts.
    """
    error = minimum_error(target, views)
    if still is None:
        return error.mean(), error
    mask = moving_pixels(error, still)
    return (error * mask).sum() / mask.sum().clamp(min=1.0), error


def _means(images: Tensor) -> Tensor:
    """Of each 3x3 window, ``[B, C, H, W]`` -> ``[B, C, H - 2, W - 2]``; several times faster than pooling on a CPU."""
    channels = images.shape[1]
    window = torch.full((channels, 1, 3, 3), 1.0 / 9.0, device=images.device, dtype=images.dtype)
    return F.conv2d(images.contiguous(memory_format=torch.channels_last), window, groups=channels)
