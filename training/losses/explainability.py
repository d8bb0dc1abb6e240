"""Believing a view costs nothing, doubting it does."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def explainability_loss(mask: Tensor) -> Tensor:
    """Cross-entropy of the mask to 1, its mean over pixels and sources: or none of them would be believed, which
    explains everything (Zhou et al., CVPR 2017, section 3.3).

    Args:
        mask: ``[B, n, H, W]`` between 0 and 1.
    """
    return F.binary_cross_entropy(mask, torch.ones_like(mask))
