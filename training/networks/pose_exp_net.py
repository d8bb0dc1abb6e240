"""PoseExpNet (Zhou et al., CVPR 2017): the camera's motion, and which pixels it cannot explain."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from training.networks.pose_net import PoseNet

SHARED = 5
"""Convolutions, each with its activation, that motion and masks have in common."""


class PoseExpNet(PoseNet):
    """`PoseNet` with the explainability mask: how far each pixel of the target can be believed to be seen in a source.

    The target is the middle frame, as in the paper; of two frames it is the last.

    Layer by layer the paper's mask, with one sigmoid a source in place of the softmax of two: 3.34 M parameters with
    three frames.

    Args:
        frames, rotation_scale, translation_scale, forward_prior: see `PoseNet`.
    """

    def __init__(
        self,
        frames: int = 3,
        rotation_scale: float = 0.01,
        translation_scale: float = 0.01,
        forward_prior: float = 0.0,
    ) -> None:
        super().__init__(frames, rotation_scale, translation_scale, forward_prior)
        widths = (256, 256, 128, 64, 32, 16)
        self.up = nn.ModuleList()
        for inputs, outputs in pairwise(widths):
            conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            self.up.append(nn.Sequential(conv, nn.ReLU(inplace=True)))
        self.heads = nn.ModuleList(nn.Conv2d(width, frames - 1, 3, padding=1) for width in widths[2:])
        for head in self.heads:
            nn.init.normal_(head.weight, std=0.01)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def masks(self, images: Tensor) -> list[Tensor]:
        """Normalised images ``[B, frames, 3, H, W]``, oldest first, H and W multiples of 32 -> ``[B, frames - 1, H /
        2**i, W / 2**i]`` between 0 and 1, finest first: of the target's pixels, one for each source, oldest first."""
        return self._masks(self._shared(images))

    def motions_and_masks(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What `forward` and `masks` answer, at less than the cost of both."""
        shared = self._shared(images)
        return self.motions(self.convolutions[2 * SHARED :](shared)), self._masks(shared)

    def _shared(self, images: Tensor) -> Tensor:
        features: Tensor = self.convolutions[: 2 * SHARED](images.flatten(1, 2))
        return features

    def _masks(self, x: Tensor) -> list[Tensor]:
        levels = []
        for up in self.up:
            x = up(x)
            levels.append(x)
        return [torch.sigmoid(head(x)) for head, x in zip(self.heads, levels[1:], strict=True)][::-1]
