"""What every encoder looks like to a decoder, and where its first weights come from."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn


class Encoder(nn.Module):
    """Image ``[B, 3, H, W]`` -> features at 1/2, 1/4, 1/8, ... of its size, finest first.

    Attributes:
        channels: width of each of them.
        weights: what a training begins with (see `training.networks.imagenet`): the path of torchvision's .pth file;
            ``imagenet`` to have it downloaded; ``random`` for none.
        url: of torchvision's file.
        head: prefixes of the names that are in that file, but not in the encoder.
    """

    channels: tuple[int, ...]
    url: ClassVar[str]
    head: ClassVar[tuple[str, ...]]

    def __init__(self, weights: str = "random") -> None:
        super().__init__()
        self.weights = weights

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError


def initialise_convolutions(network: nn.Module) -> None:
    """He et al.'s (ICCV 2015), as torchvision has it: by the outputs of a convolution."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
