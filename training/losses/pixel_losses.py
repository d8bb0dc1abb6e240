"""How far each pixel's depth is from the truth, by the plain norms: L1, L2 and BerHu."""

from __future__ import annotations

import torch
from torch import Tensor

from training.losses.masked import masked_mean


def l1_loss(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute error, metres.

    Args:
        depth, truth: ``[B, 1, h, w]`` metres.
        mask: where the truth is one.
    """
    return masked_mean(_error(depth, truth, mask).abs(), mask)


def l2_loss(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error, metres squared; see `l1_loss`."""
    return masked_mean(_error(depth, truth, mask).square(), mask)


def berhu_loss(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Reverse Huber, metres: absolute up to a fifth of the batch's largest error, quadratic beyond it (Harsanyi et al.,
    eq. 1, which is Laina et al.'s); see `l1_loss`.

    The bend moves with each batch, but is a constant to the gradient: what the largest error is asked to do does not
    depend on how many others there are.
    """
    error = _error(depth, truth, mask).abs()
    bend = 0.2 * error.detach().amax()
    quadratic = (error.square() + bend.square()) / (2.0 * bend.clamp(min=torch.finfo(bend.dtype).tiny))
    return masked_mean(torch.where(error <= bend, error, quadratic), mask)


def _error(depth: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """The difference, 0 outside of the mask: before anything else is done to it, or NaN would reach the gradient."""
    return torch.where(mask, depth - truth, 0.0)
