"""Where depth is known: its logarithm, and the steps in it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def supervised_depth_loss(
    disparity: Tensor, truth: Tensor, maximum: float, slim: float = 0.0
) -> tuple[Tensor, dict[str, Tensor]]:
    """Absolute difference of log depth, and of its finite differences at steps of 1, 2, 4 and 8 pixels.

    The second part (after Li and Snavely, MegaDepth, CVPR 2018, eq. 4) makes edges sharp and surfaces flat.

    Args:
        disparity: ``[B, 1, H, W]``, 1/m.
        truth: depth ``[B, 1, H * k, W * k]`` in the same units, k whole: every k-th pixel is compared. NaN is absent,
            +inf and all beyond `maximum` count as `maximum`.
        maximum: metres; what the network can reach.
        slim: how much more a pixel of a slim thing counts, see `slimness`.

    Returns:
        The sum and its parts ``log`` and ``gradient``; zero where no truth is there.
    """
    step = truth.shape[-1] // disparity.shape[-1]
    truth = truth[..., step // 2 :: step, step // 2 :: step]
    known = ~torch.isnan(truth)
    log_truth = torch.log(torch.where(known, truth, torch.full_like(truth, maximum)).clamp(max=maximum))
    weight = known.float()
    if slim:
        weight = weight * (1.0 + slim * slimness(log_truth))
    error = torch.where(known, -torch.log(disparity) - log_truth, torch.zeros_like(log_truth))
    log = (weight * error.abs()).sum() / weight.sum().clamp(min=1)

    gradient = error.new_zeros(())
    for axis in (2, 3):
        for distance in (1, 2, 4, 8):
            length = error.shape[axis] - distance
            first, second = weight.narrow(axis, 0, length), weight.narrow(axis, distance, length)
            both = torch.where((first > 0) & (second > 0), torch.maximum(first, second), torch.zeros_like(first))
            difference = error.narrow(axis, distance, length) - error.narrow(axis, 0, length)
            gradient = gradient + (difference.abs() * both).sum() / both.sum().clamp(min=1)
    gradient = gradient / 8.0
    return log + gradient, {"log": log, "gradient": gradient}


def slimness(log_depth: Tensor) -> Tensor:
    """How far each pixel stands out of a background that is seen on both sides of it, ``[B, 1, H, W]``, 0 to 1.

    The black top-hat of log depth along the rows, a tenth of the height long: poles, trunks and signs are a percent of
    the pixels, and a mean over all pixels hardly misses them.

    Args:
        log_depth: ``[B, 1, H, W]`` of metres, finite.
    """
    reach = log_depth.shape[-2] // 20
    size, padding = (1, 2 * reach + 1), (0, reach)
    dilated = F.max_pool2d(log_depth, size, 1, padding)
    closed = -F.max_pool2d(-dilated, size, 1, padding)
    return (closed - log_depth).clamp(0.0, 1.0)
