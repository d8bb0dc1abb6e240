"""MobileNetV2 (Sandler et al., CVPR 2018) as an encoder, with torchvision's state-dict names."""

from __future__ import annotations

from torch import Tensor, nn

from training.networks.encoder import Encoder, initialise_convolutions

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, how many of them, and stride of the first (Table 2 of the paper)."""


class MobileNetV2(Encoder):
    """Features at 1/2 (after the first block), 1/4, 1/8, 1/16 and 1/32, each the last of its size; 1.8 M parameters.

    Ends with the last block: the 1x1 convolution to 1280 channels serves classification.

    Args:
        weights: see `Encoder`.
    """

    url = "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth"
    head = ("features.18.", "classifier.")
    channels = (16, 24, 32, 96, 320)

    def __init__(self, weights: str = "random") -> None:
        super().__init__(weights)
        layers: list[nn.Module] = [_convolution(3, 32, 3, 2)]
        channels = 32
        for expansion, outputs, count, stride in BLOCKS:
            for i in range(count):
                layers.append(InvertedResidual(channels, outputs, stride if i == 0 else 1, expansion))
                channels = outputs
        self.features = nn.Sequential(*layers)
        initialise_convolutions(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        levels = []
        x = image
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in (1, 3, 6, 13, 17):
                levels.append(x)
        return levels


class InvertedResidual(nn.Module):
    """1x1 convolution to more channels, 3x3 on each of them, 1x1 to few and no activation; a shortcut where it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            *([_convolution(inputs, width, 1)] if expansion > 1 else []),
            _convolution(width, width, 3, stride, groups=width),
            nn.Conv2d(width, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return x + y if self.shortcut else y


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )
