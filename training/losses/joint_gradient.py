"""Depth must rise and fall where the truth does."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from training.losses.masked import masked_mean

SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def joint_gradient_loss(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Absolute difference of the Sobel gradients along x and y (Look Deeper into Depth, L_JG).

    Inferred: the supplementary material names this loss, and does not print it. A pixel counts where its whole
    neighbourhood of 3x3 is known; none at the border does.

    Args:
        depth, truth: ``[B, 1, h, w]`` metres.
        mask: where the truth is one.

    Returns: metres a pixel, the mean of both directions.
    """
    error = torch.where(mask, depth - torch.where(mask, truth, 0.0), 0.0)  # a gradient is linear: one is enough
    kernel = error.new_tensor(SOBEL) / 8.0  # of a ramp of 1 it is 1
    gradients = F.conv2d(error, torch.stack((kernel, kernel.T))[:, None])
    whole = F.avg_pool2d(mask.float(), 3, 1) > 1.0 - 1e-3
    return masked_mean(gradients.abs().mean(1, keepdim=True), whole)
