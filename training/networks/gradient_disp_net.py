"""DispNetS that also says how depth changes, and a second decoder that is told both (Takamine and Endo)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.networks.depth_network import DepthNetwork
from training.networks.disp_net import (
    DECODER,
    ENCODER,
    MAXIMUM_DEPTH,
    MINIMUM_DEPTH,
    DispDecoder,
    DispEncoder,
)
from training.networks.disparity import DisparityHead


class GradientDispNet(DepthNetwork):
    """One encoder with three decoders: depth and its gradient, and from both together refined depth.

    Section III-C, Figs. 5 and 7. What the paper leaves open: the gradient's decoder has the form of the depth's, with
    two channels for one and no bound on them; the refining one, "the same size as the original", is given disparity and
    gradient at the four sizes that they have.

    Args:
        encoder, decoder, minimum_depth, maximum_depth, initial_depth: see `DispNetS`.
        refined: whether the answer is the refining decoder's, as in the second stage, or the first's.
    """

    method = "SfMLearner with depth gradient"
    paper = (
        "Takamine and Endo, Monocular Depth Estimation with a Multi-task and Multiple-input Architecture Using Depth"
        " Gradient"
    )

    def __init__(
        self,
        encoder: Sequence[int] = ENCODER,
        decoder: Sequence[int] = DECODER,
        minimum_depth: float = MINIMUM_DEPTH,
        maximum_depth: float = MAXIMUM_DEPTH,
        initial_depth: float = 1.0,
        refined: bool = False,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.refined = refined

        def disparity(width: int) -> DisparityHead:
            return DisparityHead(width, minimum_depth, maximum_depth, initial_depth, "zeros")

        self.encoder = DispEncoder(encoder)
        self.depth_decoder = DispDecoder(encoder, decoder, disparity)
        self.gradient_decoder = DispDecoder(encoder, decoder, _gradient_head, answers=2)
        self.refining_decoder = DispDecoder(encoder, decoder, disparity, given=3)

    def first_stage(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Normalised image ``[B, 3, H, W]`` -> disparities ``[B, 1, H / 2**i, W / 2**i]``, finest first, and the
        gradients of depth ``[B, 2, H / 2**i, W / 2**i]``: metres from the pixel before to the pixel after, along x and
        y."""
        return self._first_stage(self.encoder(image), image)

    def forward(self, image: Tensor) -> list[Tensor]:
        features = self.encoder(image)
        if not self.refined:
            return self.depth_decoder(features, image.shape)  # type: ignore[no-any-return]
        given = [torch.cat(pair, 1) for pair in zip(*self._first_stage(features, image), strict=True)]
        return self.refining_decoder(features, image.shape, given)  # type: ignore[no-any-return]

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size; the coarser ones are part of the way there."""
        return self.forward(image)[0]

    def _first_stage(self, features: Sequence[Tensor], image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        return self.depth_decoder(features, image.shape), self.gradient_decoder(features, image.shape)


def _gradient_head(width: int) -> nn.Conv2d:
    conv = nn.Conv2d(width, 2, 3, padding=1)
    nn.init.normal_(conv.weight, std=0.01)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv
