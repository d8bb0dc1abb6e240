"""What every encoder looks like to a decoder."""

from __future__ import annotations

from torch import Tensor, nn


class Encoder(nn.Module):
    """Image ``[B, 3, H, W]`` -> features at 1/2, 1/4, 1/8, ... of its size, finest first.

    Attributes:
        channels: width of each of them.
    """

    channels: tuple[int, ...]

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError
