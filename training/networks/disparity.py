"""Disparity, the inverse of depth, as the networks put it out."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError

Padding = Literal["reflect", "zeros", "replicate"]
"""What a convolution sees beyond the border; ``reflect`` is the paper's, ``zeros`` the fastest."""


class DisparityHead(nn.Module):
    """Features -> disparity in 1/m: ``1/maximum + (1/minimum - 1/maximum) * sigmoid(conv3x3)``.

    Source: Godard et al., Digging Into Self-Supervised Monocular Depth Estimation, ICCV 2019.

    A *guided* head corrects a coarser answer: its convolution is added to the guide, the argument that the sigmoid had
    there. It begins by repeating the guide.

    Args:
        channels: width of the features.
        minimum_depth, maximum_depth: metres; depth is always between them. Sky sits at the maximum.
        initial_depth: what an untrained head answers everywhere. A head that starts at half a metre, as a plain sigmoid
            does, has to travel far before view synthesis can guide it.
        padding_mode: of the convolution.
        guided: whether `forward` is given a guide.
        enlarged: how many times larger the disparity is than the features; a convolution then answers for every
            sub-pixel (Shi et al., Real-Time Single Image Super-Resolution, CVPR 2016).
    """

    def __init__(
        self,
        channels: int,
        minimum_depth: float,
        maximum_depth: float,
        initial_depth: float = 12.0,
        padding_mode: Padding = "reflect",
        guided: bool = False,
        enlarged: int = 1,
    ) -> None:
        super().__init__()
        if not 0 < minimum_depth < initial_depth < maximum_depth:
            raise TrainingError(
                f"depth range is {minimum_depth} to {maximum_depth} m with {initial_depth} m to start from,"
                " expected 0 < minimum < start < maximum"
            )
        self.enlarged = enlarged
        self.conv = nn.Conv2d(channels, enlarged**2, 3, padding=1, padding_mode=padding_mode)
        self.floor = 1.0 / maximum_depth
        self.span = 1.0 / minimum_depth - 1.0 / maximum_depth
        start = (1.0 / initial_depth - self.floor) / self.span
        nn.init.normal_(self.conv.weight, std=0.01)
        nn.init.constant_(self.conv.bias, 0.0 if guided else math.log(start / (1.0 - start)))  # type: ignore[arg-type]

    def logit(self, features: Tensor) -> Tensor:
        """``[B, channels, H, W]`` -> the argument of the sigmoid, ``[B, 1, H, W]`` (or as many times larger).

        In single precision even under mixed precision: half of it would round depth to percents.
        """
        with torch.autocast(features.device.type, enabled=False):
            logit: Tensor = self.conv(features.float())
            return logit if self.enlarged == 1 else F.pixel_shuffle(logit, self.enlarged)

    def forward(self, features: Tensor, guide: Tensor | None = None) -> Tensor:
        """``[B, channels, H, W]``, and a guide ``[B, 1, h, w]`` of any size -> disparity as `logit`'s."""
        logit = self.logit(features)
        if guide is not None:
            if guide.shape[-2:] != logit.shape[-2:]:
                guide = F.interpolate(guide, logit.shape[-2:], mode="bilinear", align_corners=False)
            logit = logit + guide
        return self.floor + self.span * torch.sigmoid(logit)
