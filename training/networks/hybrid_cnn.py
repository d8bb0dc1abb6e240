"""Hybrid CNN (Harsanyi et al., MISSI 2018): FCRN with the lateral connections of a U-net."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.networks.encoder import Encoder
from training.networks.fcrn import FCRN, initialise


class HybridCNN(FCRN):
    """After each up-projection, the encoder's features of that size are concatenated, and a 1x1 convolution brings the
    channels back to as many as they were (section 3).

    Args:
        encoder, decoder, minimum_depth, maximum_depth, dropout, spread: see `FCRN`. With the same seed, both begin with
            the same weights in what they share.
    """

    method = "Hybrid CNN"
    paper = "Harsanyi et al., A hybrid CNN approach for single image depth estimation, MISSI 2018"

    def __init__(
        self,
        encoder: Encoder,
        decoder: Sequence[int] = (1024, 512, 256, 128, 64),
        minimum_depth: float = 0.1,
        maximum_depth: float = 10.0,
        dropout: float = 0.5,
        spread: float = 0.01,
    ) -> None:
        super().__init__(encoder, decoder, minimum_depth, maximum_depth, dropout, spread)
        skips = reversed(encoder.channels[:-1])
        self.laterals = nn.ModuleList(
            nn.Conv2d(width + skip, width, 1) for width, skip in zip(decoder[1:], skips, strict=True)
        )
        initialise(self.laterals, spread)

    def join(self, level: int, decoded: Tensor, encoded: Tensor) -> Tensor:
        """Both, brought back to the decoder's width."""
        joined: Tensor = self.laterals[level](torch.cat((encoded, decoded), 1))
        return joined
