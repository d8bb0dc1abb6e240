"""VGG (Simonyan and Zisserman, ICLR 2015) as an encoder, with torchvision's state-dict names and a width of choice."""

from __future__ import annotations

from torch import Tensor, nn

from training.networks.encoder import Encoder, initialise_convolutions

BLOCKS = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
"""Channels as multiples of the first ones, and convolutions, of each block (configuration D of the paper)."""


class VGG16(Encoder):
    """Features at 1/2, 1/4, 1/8, 1/16 and 1/32, rounded down: each block's after its pooling; 14.7 M parameters at
    width 64.

    Args:
        width: channels of the first block; 64 in the paper, and in torchvision's file.
        weights: see `Encoder`.
    """

    url = "https://download.pytorch.org/models/vgg16-397923af.pth"
    head = ("classifier.",)

    def __init__(self, width: int = 64, weights: str = "random") -> None:
        super().__init__(weights)
        self.width = width
        layers: list[nn.Module] = []
        channels = 3
        for multiple, count in BLOCKS:
            for _ in range(count):
                layers += [nn.Conv2d(channels, width * multiple, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width * multiple
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.channels = tuple(width * multiple for multiple, _ in BLOCKS)
        initialise_convolutions(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        levels = []
        x = image
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.MaxPool2d):
                levels.append(x)
        return levels
