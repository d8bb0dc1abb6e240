"""What all losses of true depth share: which pixels count, and the mean over them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def known(truth: Tensor, maximum: float = float("inf")) -> Tensor:
    """Where true depth in metres is one: not NaN (unknown), not +inf (sky), not 0 (no answer), not beyond `maximum`."""
    return torch.isfinite(truth) & (truth > 0) & (truth <= maximum)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of `values` where `mask`; 0, with a gradient of 0, where that is nowhere."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


def at_size(truth: Tensor, height: int, width: int) -> Tensor:
    """Truth ``[B, C, H, W]`` at the nearest pixels of another size: between two depths there may be none."""
    if truth.shape[-2:] == (height, width):
        return truth
    return F.interpolate(truth, (height, width), mode="nearest-exact")
