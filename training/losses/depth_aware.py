"""Far pixels, and those whose depth is still far off, count more."""

from __future__ import annotations

import torch
from torch import Tensor

from training.losses.masked import masked_mean


def depth_aware_loss(depth: Tensor, truth: Tensor, mask: Tensor, maximum: float) -> Tensor:
    """Absolute error, each pixel's weighted by ``alpha + lambda`` (Look Deeper into Depth, the depth-aware L_DA).

    alpha is the truth over `maximum`: the long tail of depth has few pixels. lambda is ``1 - min / max`` of the two
    logarithms, between 0 at the truth and 1: near pixels would hardly count without it.

    Differs from the paper: the logarithm is that of 1 + depth. That of depth changes its sign at 1 m, where lambda is
    then negative, above 1 or infinite. Both weights are constants to the gradient.

    Args:
        depth, truth: ``[B, 1, h, w]`` metres, depth not negative.
        mask: where the truth is one, and above 0.
        maximum: metres, at which alpha is 1.
    """
    truth = torch.where(mask, truth, 1.0)
    with torch.no_grad():
        ours, true = torch.log1p(depth), torch.log1p(truth)
        attention = truth / maximum + 1.0 - torch.minimum(ours, true) / torch.maximum(ours, true)
    return masked_mean(attention * (depth - truth).abs(), mask)
