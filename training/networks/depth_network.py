"""What every depth network looks like to a training, an export and a robot."""

from __future__ import annotations

from torch import Tensor, nn


class DepthNetwork(nn.Module):
    """Normalised image ``[B, 3, H, W]`` -> disparities ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first.

    Attributes:
        minimum_depth, maximum_depth: metres; depth is always between them.
    """

    minimum_depth: float
    maximum_depth: float

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size alone; heads and decoders that it does not need do not run."""
        raise NotImplementedError
