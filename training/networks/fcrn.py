"""FCRN: the fully convolutional residual network of Laina et al. (3DV 2016), the baseline of Hybrid CNN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.encoder import Encoder
from training.networks.up_projection import UpConvolution, UpProjection


class FCRN(RegressionNetwork):
    """Encoder, a 1x1 convolution, four up-projections, dropout and a 3x3 convolution; depth at half the image's size.

    Differs from the paper: the last ReLU bends at `minimum_depth` in place of 0, so that no depth is zero, and the last
    bias begins at the geometric mean of the range in place of 0, where a pixel may never come alive.

    Args:
        encoder: with features down to 1/32; ResNet-50 in the paper.
        decoder: widths of the 1x1 convolution and of the up-projections; those of the paper go with ResNet-50.
        minimum_depth, maximum_depth: metres.
        dropout: share of the last features that are left out in training (Harsanyi et al., section 4.3).
        spread: deviation of the decoder's first weights: 0.001 in Harsanyi et al., 0.01 in their code.
    """

    method = "FCRN"
    paper = "Laina et al., Deeper Depth Prediction with Fully Convolutional Residual Networks, 3DV 2016"

    def __init__(
        self,
        encoder: Encoder,
        decoder: Sequence[int] = (1024, 512, 256, 128, 64),
        minimum_depth: float = 0.1,
        maximum_depth: float = 10.0,
        dropout: float = 0.5,
        spread: float = 0.01,
    ) -> None:
        super().__init__()
        if len(decoder) != 5:
            raise TrainingError(
                f"decoder has {len(decoder)} widths, expected 5: of the 1x1 convolution and of four up-projections"
            )
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.encoder = encoder
        self.bridge = nn.Sequential(
            nn.Conv2d(encoder.channels[-1], decoder[0], 1, bias=False), nn.BatchNorm2d(decoder[0])
        )
        self.ups = nn.ModuleList(UpProjection(*widths) for widths in pairwise(decoder))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Conv2d(decoder[-1], 1, 3, padding=1)
        for module in (self.bridge, self.ups, self.head):
            initialise(module, spread)
        nn.init.constant_(self.head.bias, math.sqrt(minimum_depth * maximum_depth))  # type: ignore[arg-type]

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]`` -> canonical depth ``[B, 1, H / 2, W / 2]``."""
        *skips, deepest = self.encoder(image)
        x = self.bridge(deepest)
        for level, (up, skip) in enumerate(zip(self.ups, reversed(skips), strict=True)):
            x = self.join(level, up(x), skip)
        with torch.autocast(x.device.type, enabled=False):  # half precision would round depth to percents
            depth = self.head(self.dropout(x.float()))
        return Prediction((depth.clamp(min=self.minimum_depth),))

    def join(self, level: int, decoded: Tensor, encoded: Tensor) -> Tensor:
        """What goes on of a level's features, ``[B, C, h, w]`` from either side: here the decoder's alone."""
        return decoded


def initialise(network: nn.Module, spread: float) -> None:
    """Weights of convolutions are drawn from N(0, `spread`), their biases are zero (Harsanyi et al., section 4.3)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | UpConvolution):
            nn.init.normal_(module.weight, 0.0, spread)
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.zeros_(module.bias)
