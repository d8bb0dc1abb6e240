"""Depth in metres out of features, for networks that learn it from truth."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError


class DepthHead(nn.Module):
    """Features ``[B, channels, H, W]`` -> depth ``[B, 1, H, W]``: ``minimum + softplus(conv3x3)``.

    Never 0 and nowhere flat: the logarithm of depth is finite, and no pixel ever stops learning, as behind a ReLU.

    Args:
        channels: width of the features.
        minimum_depth, maximum_depth: metres. An untrained head answers a quarter of the maximum everywhere.
    """

    def __init__(self, channels: int, minimum_depth: float, maximum_depth: float) -> None:
        super().__init__()
        start = 0.25 * maximum_depth - minimum_depth
        if minimum_depth <= 0 or start <= 0:
            raise TrainingError(
                f"depth range is {minimum_depth} to {maximum_depth} m, expected a minimum above 0 and below a quarter"
                " of the maximum"
            )
        self.conv = nn.Conv2d(channels, 1, 3, padding=1)
        self.minimum_depth = minimum_depth
        nn.init.normal_(self.conv.weight, std=0.01)
        nn.init.constant_(self.conv.bias, start + math.log(-math.expm1(-start)))  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        """In single precision even under mixed precision: half of it would round depth to percents."""
        with torch.autocast(features.device.type, enabled=False):
            return self.minimum_depth + F.softplus(self.conv(features.float()))
