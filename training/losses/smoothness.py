"""Depth is smooth except where the image has an edge."""

from __future__ import annotations

import torch
from torch import Tensor


def smoothness_loss(disparity: Tensor, image: Tensor) -> Tensor:
    """Dual Networks, eq. 7, on disparity divided by its mean (DDVO, Wang et al., CVPR 2018: or it shrinks to nothing).

    Differs from the paper: a mean in place of a sum.

    Args:
        disparity: ``[B, 1, H, W]``.
        image: ``[B, 3, H, W]`` between 0 and 1.
    """
    disparity = disparity / disparity.mean((2, 3), keepdim=True).clamp(min=1e-6)
    loss = disparity.new_zeros(())
    for axis in (2, 3):
        edge = torch.diff(image, dim=axis).abs().mean(1, keepdim=True)
        loss = loss + (torch.diff(disparity, dim=axis).abs() * torch.exp(-edge)).mean()
    return loss
