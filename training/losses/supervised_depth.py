"""Where depth is known: its logarithm, and the steps in it."""

from __future__ import annotations

import torch
from torch import Tensor


def supervised_depth_loss(disparity: Tensor, truth: Tensor, maximum: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Absolute difference of log depth, and of its finite differences at steps of 1, 2, 4 and 8 pixels.

    The second part (after Li and Snavely, MegaDepth, CVPR 2018, eq. 4) makes edges sharp and surfaces flat.

    Args:
        disparity: ``[B, 1, H, W]``, 1/m.
        truth: depth ``[B, 1, H * k, W * k]`` in the same units, k whole: every k-th pixel is compared. NaN is absent,
            +inf and all beyond `maximum` count as `maximum`.
        maximum: metres; what the network can reach.

    Returns:
        The sum and its parts ``log`` and ``gradient``; zero where no truth is there.
    """
    step = truth.shape[-1] // disparity.shape[-1]
    truth = truth[..., step // 2 :: step, step // 2 :: step]
    known = ~torch.isnan(truth)
    error = -torch.log(disparity) - torch.log(torch.where(known, truth, torch.ones_like(truth)).clamp(max=maximum))
    error = torch.where(known, error, torch.zeros_like(error))
    log = error.abs().sum() / known.sum().clamp(min=1)

    gradient = error.new_zeros(())
    for axis in (2, 3):
        for distance in (1, 2, 4, 8):
            length = error.shape[axis] - distance
            both = known.narrow(axis, 0, length) & known.narrow(axis, distance, length)
            difference = error.narrow(axis, distance, length) - error.narrow(axis, 0, length)
            gradient = gradient + (difference.abs() * both).sum() / both.sum().clamp(min=1)
    gradient = gradient / 8.0
    return log + gradient, {"log": log, "gradient": gradient}
