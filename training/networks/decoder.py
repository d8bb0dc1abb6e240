"""The decoder of both depth networks: features up to the image's size, a disparity at each of the last four sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.disparity import DisparityHead, Padding

SCALES = 4
"""Disparities at 1/1, 1/2, 1/4 and 1/8 (Dual Networks, section 3.2)."""


class ConvElu(nn.Module):
    """3x3 (or larger) convolution with reflection padding and ELU."""

    def __init__(
        self, inputs: int, outputs: int, size: int = 3, stride: int = 1, padding_mode: Padding = "reflect"
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, padding_mode=padding_mode)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.activation = nn.ELU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.conv(x))


class Decoder(nn.Module):
    """A level: convolution, nearest x2, concatenation with the encoder's features of that size, convolution (the
    decoder of Godard et al., ICCV 2019).

    Args:
        inputs: width of the deepest features.
        skips: widths of the encoder's other features, finest first (1/2, 1/4, ...).
        widths: of the levels, coarsest first. One more than there are skips: the last is the image's own size. As many
            as there are skips: the last is half of it, and the finest disparity is a sub-pixel convolution of that one
            (Shi et al., CVPR 2016), which takes a tenth of the time of a level of the image's size.
        guided: see `DisparityHead`.
    """

    def __init__(
        self,
        inputs: int,
        skips: Sequence[int],
        widths: Sequence[int],
        minimum_depth: float,
        maximum_depth: float,
        padding_mode: Padding = "reflect",
        guided: bool = False,
    ) -> None:
        super().__init__()
        self.sub_pixel = len(widths) == len(skips)
        if not len(skips) <= len(widths) <= len(skips) + 1 or len(widths) + self.sub_pixel < SCALES:
            raise ValueError(
                f"decoder has {len(widths)} widths, expected {len(skips) + 1}, or {len(skips)} to end at half the size;"
                f" {SCALES} disparities at least"
            )
        self.before = nn.ModuleList()
        self.after = nn.ModuleList()
        for width, skip in zip(widths, (*reversed(skips), 0)[: len(widths)], strict=True):
            self.before.append(ConvElu(inputs, width, padding_mode=padding_mode))
            self.after.append(ConvElu(width + skip, width, padding_mode=padding_mode))
            inputs = width
        heads = [(width, 1) for width in widths] + ([(widths[-1], 2)] if self.sub_pixel else [])
        self.heads = nn.ModuleList(
            DisparityHead(
                width, minimum_depth, maximum_depth, padding_mode=padding_mode, guided=guided, enlarged=enlarged
            )
            for width, enlarged in heads[-SCALES:]
        )

    def features(self, deepest: Tensor, skips: Sequence[Tensor]) -> list[Tensor]:
        """What the heads of 1/1, 1/2, 1/4 and 1/8 see, finest first.

        Args:
            deepest: ``[B, inputs, h, w]``.
            skips: finest first, as the encoder gives them.
        """
        x = deepest
        levels = []
        for level, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            x = F.interpolate(before(x), scale_factor=2.0, mode="nearest")
            if level < len(skips):
                x = torch.cat((x, skips[len(skips) - 1 - level]), 1)
            x = after(x)
            levels.append(x)
        if self.sub_pixel:
            levels.append(x)
        return levels[: -SCALES - 1 : -1]

    def forward(self, deepest: Tensor, skips: Sequence[Tensor], guide: Tensor | None = None) -> list[Tensor]:
        """Disparities ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first."""
        features = self.features(deepest, skips)
        return [head(x, guide) for head, x in zip(reversed(self.heads), features, strict=True)]

    def finest(self, deepest: Tensor, skips: Sequence[Tensor], guide: Tensor | None = None) -> Tensor:
        """The disparity at the image's size alone: all that a robot needs."""
        return self.heads[-1](self.features(deepest, skips)[0], guide)

    def finest_logit(self, deepest: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """The argument of the finest disparity's sigmoid, ``[B, 1, H, W]``: a guide to another decoder."""
        logit: Tensor = self.heads[-1].logit(self.features(deepest, skips)[0])  # type: ignore[operator]
        return logit
