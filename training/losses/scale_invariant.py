"""Losses of log depth that forgive a common scale (Eigen, Puhrsch and Fergus, NIPS 2014; Eigen and Fergus, ICCV 2015).

In both, ``d = log(depth) - log(truth)`` over the n known pixels of an image, and the mean is over the images.
"""

from __future__ import annotations

import torch
from torch import Tensor


def scale_invariant_loss(depth: Tensor, truth: Tensor, mask: Tensor, balance: float = 0.5) -> Tensor:
    """``sum(d^2) / n - balance * sum(d)^2 / n^2`` (NIPS 2014, eq. 4; ICCV 2015, the first two terms of eq. 1).

    Args:
        depth: ``[B, 1, h, w]`` metres, positive.
        truth: of the same shape.
        mask: of the same shape, bool: where the truth is known.
        balance: of the two terms: 0 is the plain square, 1 does not see an image's scale at all (the figure
            ``sc-inv``), 0.5 is what trains.

    Returns:
        0 where no pixel is known.
    """
    difference, known = _log_difference(depth, truth, mask)
    n = known.sum((1, 2, 3)).clamp(min=1)
    square = difference.square().sum((1, 2, 3)) / n
    return (square - balance * (difference.sum((1, 2, 3)) / n).square()).mean()


def log_gradient_loss(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """``sum((d_x)^2 + (d_y)^2) / n``: edges where the truth has them (ICCV 2015, the last term of eq. 1).

    A difference from one pixel to the next counts where the truth is known at both: an unknown neighbour is no edge.

    Args: see `scale_invariant_loss`.
    """
    difference, known = _log_difference(depth, truth, mask)
    n = known.sum((1, 2, 3)).clamp(min=1)
    total = difference.new_zeros(len(difference))
    for axis in (2, 3):
        length = difference.shape[axis] - 1
        step = difference.narrow(axis, 1, length) - difference.narrow(axis, 0, length)
        both = known.narrow(axis, 1, length) & known.narrow(axis, 0, length)
        total = total + torch.where(both, step, 0.0).square().sum((1, 2, 3))
    return (total / n).mean()


def _log_difference(depth: Tensor, truth: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """d, and 0 where it is not known; and where it is."""
    safe = torch.where(mask, truth, torch.ones_like(truth))
    return torch.where(mask, depth.log() - safe.log(), 0.0), mask
