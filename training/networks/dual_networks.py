"""Dual Networks (Zhou et al., ICCV 2019): LR-Net for the whole, HR-Net for the details, attention between them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from training.networks.depth_network import DepthNetwork
from training.networks.disparity import Padding
from training.networks.hr_net import HRNet
from training.networks.lr_net import LRNet
from training.networks.resampling import enlarge, mean_pool
from training.networks.self_assembled_attention import Normalisation, SelfAssembledAttention

REDUCTION = 3
"""LR-Net sees the image average-pooled by this: 384x1248 and 128x416 in the paper."""


class DualNetworks(DepthNetwork):
    """The whole network.

    Args:
        lr: LR-Net; its deepest features go to HR-Net.
        hr_encoder, hr_convolutions, hr_decoder, padding_mode: see `HRNet`.
        attention: width of the Self-assembled Attention's embedding; 0 hands the features over as they are.
        normalisation: of the attention's weights.
        guided: HR-Net corrects the disparity of LR-Net in place of beginning anew. Differs from the paper, where only
            the deepest features are handed over; learns in a fraction of the steps, for LR-Net's decoder at run time.
    """

    method = "Dual Networks"
    paper = "Zhou et al., Unsupervised High-Resolution Depth Learning From Videos, ICCV 2019"

    def __init__(
        self,
        lr: LRNet,
        hr_encoder: Sequence[int] = (32, 64, 128, 160),
        hr_convolutions: Sequence[int] = (1, 2, 1, 1),
        hr_decoder: Sequence[int] = (160, 96, 32, 24),
        attention: int = 96,
        normalisation: Normalisation = "mean",
        padding_mode: Padding = "reflect",
        guided: bool = False,
    ) -> None:
        super().__init__()
        self.multiple = 32 * REDUCTION
        self.minimum_depth = lr.minimum_depth
        self.maximum_depth = lr.maximum_depth
        self.lr = lr
        self.guided = guided
        deepest = lr.encoder.channels[-1]
        self.attention = SelfAssembledAttention(deepest, attention, normalisation) if attention else None
        self.hr = HRNet(
            attention or deepest,
            hr_encoder,
            hr_convolutions,
            hr_decoder,
            lr.minimum_depth,
            lr.maximum_depth,
            padding_mode,
            guided,
        )

    def global_view(self, image: Tensor) -> tuple[Tensor, Tensor | None]:
        """What HR-Net is told of the whole: normalised image ``[B, 3, H, W]`` -> features ``[B, C, H / 96, W / 96]``,
        and the guide ``[B, 1, H, W]`` if it is guided."""
        small = mean_pool(image, REDUCTION)
        *skips, deepest = self.lr.encoder(small)
        features = deepest if self.attention is None else self.attention(deepest, small)
        if not self.guided:
            return features, None
        guide = self.lr.decoder.finest_logit(deepest, skips)
        return features, enlarge(guide, REDUCTION)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Normalised image ``[B, 3, H, W]``, H and W multiples of 96 -> HR-Net's disparities
        ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first."""
        return self.hr(image, *self.global_view(image))

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size alone; heads and decoders that it does not need do not run."""
        return self.hr.finest(image, *self.global_view(image))
