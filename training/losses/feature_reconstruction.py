"""How unlike the features of two views are: what a photometric loss cannot tell where there is no texture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def feature_reconstruction_loss(target: Tensor, views: Sequence[Tensor]) -> Tensor:
    """L2 norm of the difference of features, the smallest over the sources, per pixel (Dual Networks, eq. 8).

    Differs from the paper: a mean in place of a sum, in units of the mean norm of the target's features, so that its
    weight depends neither on the image's size nor on how large features have grown: 0 is the same, 1 as good as none.

    Args:
        target: ``[B, C, H, W]``. Without a gradient, or features that are the same everywhere would be the best.
        views: the features of each source, warped to the target as images are.
    """
    error = torch.stack([torch.linalg.vector_norm(target - view, dim=1) for view in views]).amin(0)
    return error.mean() / torch.linalg.vector_norm(target, dim=1).mean().clamp(min=1e-6)
