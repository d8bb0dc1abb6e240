"""DispNetS (Mayer et al., CVPR 2016, in the form of Zhou et al., CVPR 2017): depth from a single view, in one unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError
from training.networks.depth_network import DepthNetwork
from training.networks.disparity import DisparityHead
from training.networks.encoder import Encoder

ENCODER = (32, 64, 128, 256, 512, 512, 512)
DECODER = (512, 512, 256, 128, 64, 32, 16)
"""Widths of the paper's network, as the image goes through them."""
SCALES = 4
MINIMUM_DEPTH, MAXIMUM_DEPTH = 1 / 10.01, 100.0
"""Of the disparity ``10 * sigmoid + 0.01`` (Zhou et al., section 3.5)."""


class DispEncoder(Encoder):
    """Each level a convolution of stride 2 and one of stride 1, without normalisation; 1/128 of the image at the last.

    Args:
        widths: of the levels, finest first. The first looks 7x7 pixels wide, the second 5x5, all others 3x3.
    """

    def __init__(self, widths: Sequence[int] = ENCODER) -> None:
        super().__init__()
        self.channels = tuple(widths)
        sizes = (7, 5, *(3 for _ in widths))
        self.levels = nn.ModuleList(
            nn.Sequential(*_convolution(inputs, outputs, size, 2), *_convolution(outputs, outputs, size))
            for (inputs, outputs), size in zip(pairwise((3, *widths)), sizes, strict=False)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        return features


class DispDecoder(nn.Module):
    """A level: transposed convolution, concatenation with the encoder's features of that size and with the coarser
    level's answer, convolution. The finest four answer.

    Args:
        channels: widths of the encoder, finest first.
        widths: of the levels, coarsest first; as many.
        head: what answers at a level, of the width of its features.
        answers: channels of an answer.
        given: channels of what each of the finest four levels is given beside.
    """

    def __init__(
        self,
        channels: Sequence[int],
        widths: Sequence[int],
        head: Callable[[int], nn.Module],
        answers: int = 1,
        given: int = 0,
    ) -> None:
        super().__init__()
        if len(widths) != len(channels) or len(widths) < SCALES:
            raise TrainingError(
                f"decoder has {len(widths)} widths and the encoder {len(channels)}, expected as many, at least {SCALES}"
            )
        *skips, inputs = channels
        self.up = nn.ModuleList()
        self.after = nn.ModuleList()
        self.heads = nn.ModuleList()
        for level, (width, skip) in enumerate(zip(widths, (*reversed(skips), 0), strict=True)):
            first = len(widths) - SCALES
            up = nn.ConvTranspose2d(inputs, width, 3, 2, 1, output_padding=1)
            _initialise(up)
            self.up.append(nn.Sequential(up, nn.ReLU(inplace=True)))
            beside = (answers if level > first else 0) + (given if level >= first else 0)
            self.after.append(nn.Sequential(*_convolution(width + skip + beside, width)))
            if level >= first:
                self.heads.append(head(width))
            inputs = width

    def forward(self, features: Sequence[Tensor], size: torch.Size, given: Sequence[Tensor] = ()) -> list[Tensor]:
        """Answers ``[B, answers, H / 2**i, W / 2**i]``, finest first.

        Args:
            features: of the encoder, finest first.
            size: of the image.
            given: beside the features, ``[B, given, H / 2**i, W / 2**i]``, finest first.
        """
        *skips, x = features
        answers: list[Tensor] = []
        for level, (up, after) in enumerate(zip(self.up, self.after, strict=True)):
            finer = len(skips) - level  # how many levels are still to come
            height, width = skips[finer - 1].shape[-2:] if finer else size[-2:]
            beside = [skips[finer - 1]] if finer else []
            if answers:
                beside.append(_doubled(answers[-1], height, width))
            if given and finer < SCALES:
                beside.append(given[finer])
            x = after(torch.cat((up(x)[..., :height, :width], *beside), 1))
            if finer < SCALES:
                answers.append(self.heads[len(answers)](x))
        return answers[::-1]


class DispNetS(DepthNetwork):
    """The paper's single-view depth network: 31.60 M parameters, 3.67 GMAC at 128x416.

    Differs from the paper: weights begin as He et al.'s, not Xavier's, which a network of 28 layers without
    normalisation passes on; disparity begins at one over `initial_depth`, not at 5.

    Args:
        encoder, decoder: widths of the levels, in the order the image goes through them; as many of the one as of the
            other.
        minimum_depth, maximum_depth, initial_depth: in the unit of the training. From images alone that is any, and
            the weight of smoothness depends on it: the paper's is of depths about one.
    """

    method = "SfMLearner"
    paper = "Zhou et al., Unsupervised Learning of Depth and Ego-Motion from Video, CVPR 2017"

    def __init__(
        self,
        encoder: Sequence[int] = ENCODER,
        decoder: Sequence[int] = DECODER,
        minimum_depth: float = MINIMUM_DEPTH,
        maximum_depth: float = MAXIMUM_DEPTH,
        initial_depth: float = 1.0,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.encoder = DispEncoder(encoder)
        self.decoder = DispDecoder(
            encoder, decoder, lambda width: DisparityHead(width, minimum_depth, maximum_depth, initial_depth, "zeros")
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        disparities: list[Tensor] = self.decoder(self.encoder(image), image.shape)
        return disparities

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size; the coarser ones are part of the way there."""
        return self.forward(image)[0]


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2)
    _initialise(conv)
    return conv, nn.ReLU(inplace=True)


def _initialise(conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)


def _doubled(answer: Tensor, height: int, width: int) -> Tensor:
    """Twice as large, less what the finer level does not have."""
    return F.interpolate(answer, scale_factor=2.0, mode="bilinear", align_corners=False)[..., :height, :width]
