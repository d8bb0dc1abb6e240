"""Twice the size by convolution: the up-projection of Laina et al. (3DV 2016), in its fast form."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class UpConvolution(nn.Module):
    """Zeros between the pixels, then a 5x5 convolution, in its fast form (Laina et al., Harsanyi et al., fig. 3).

    Of the 25 taps, a pixel in an even row and column of the answer meets 9 pixels and else zeros; the other three kinds
    meet 6, 6 and 4. The paper has a convolution for each kind (3x3, 2x3, 3x2 and 2x2) and interleaves their answers.
    Here one 3x3 convolution computes all four side by side, with zeros where a kind has no tap, and PixelShuffle
    interleaves: the same answer by two operations that every engine has. Only the 25 real taps are parameters.

    Without the bias that each of the four convolutions has in the paper: normalisation follows, which takes their mean
    away, and what is left would be a checkerboard.

    Args:
        inputs, outputs: channels.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs, 5, 5))
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, h, w]`` -> ``[B, outputs, 2 h, 2 w]``."""
        return F.pixel_shuffle(F.conv2d(x, self.kernel(), padding=1), 2)

    def kernel(self) -> Tensor:
        """The 3x3 kernels of the four kinds, ``[4 * outputs, inputs, 3, 3]``, in the order that PixelShuffle takes."""
        # Every second tap belongs to one kind: what takes an image apart into its four kinds does so with a kernel.
        kinds = F.pixel_unshuffle(F.pad(self.weight, (0, 1, 0, 1)), 2)
        return kinds.flip(2, 3).transpose(0, 1)


class UpProjection(nn.Module):
    """A residual block that doubles the size (Laina et al.; Harsanyi et al., fig. 3).

    Up-convolution and 3x3 convolution, beside an up-convolution as the shortcut, all with normalisation. Both of them
    read the same features: they are one with twice the outputs.

    Args:
        inputs, outputs: channels.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = UpConvolution(inputs, 2 * outputs)
        self.bn1 = nn.BatchNorm2d(2 * outputs)
        self.conv = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, h, w]`` -> ``[B, outputs, 2 h, 2 w]``."""
        branch, shortcut = self.bn1(self.up(x)).chunk(2, 1)
        return F.relu(self.bn2(self.conv(F.relu(branch))) + shortcut)
