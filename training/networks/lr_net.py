"""LR-Net: the deep network of Dual Networks that sees the whole at low resolution."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.networks.decoder import Decoder
from training.networks.depth_network import DepthNetwork
from training.networks.disparity import Padding
from training.networks.encoder import Encoder


class LRNet(DepthNetwork):
    """Encoder and decoder with skip connections; disparities at four scales (Dual Networks, section 3.2).

    At full resolution and with a lighter encoder it is what Table 7 compares with.

    Args:
        encoder: with features down to 1/32.
        decoder: widths of the five levels, coarsest first. The last features have 16 channels in the paper.
        minimum_depth, maximum_depth: metres.
    """

    method = "LR-Net of Dual Networks"
    paper = "Zhou et al., Unsupervised High-Resolution Depth Learning From Videos, ICCV 2019"

    def __init__(
        self,
        encoder: Encoder,
        decoder: Sequence[int] = (256, 128, 64, 32, 16),
        minimum_depth: float = 0.5,
        maximum_depth: float = 100.0,
        padding_mode: Padding = "reflect",
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.encoder = encoder
        *skips, deepest = encoder.channels
        self.decoder = Decoder(deepest, skips, decoder, minimum_depth, maximum_depth, padding_mode)

    def features(self, image: Tensor) -> list[Tensor]:
        """Normalised image ``[B, 3, H, W]`` -> the decoder's features ``[B, C, H / 2**i, W / 2**i]``, finest first."""
        *skips, deepest = self.encoder(image)
        return self.decoder.features(deepest, skips)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Normalised image ``[B, 3, H, W]`` -> disparities ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first."""
        *skips, deepest = self.encoder(image)
        return self.decoder(deepest, skips)

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size alone."""
        *skips, deepest = self.encoder(image)
        return self.decoder.finest(deepest, skips)
