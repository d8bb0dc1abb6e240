"""The synergy network of Look Deeper into Depth: depth and classes from one encoder, each told what the other sees."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.depth_head import DepthHead
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.encoder import Encoder

PAPER = (
    "Jiao et al., Look Deeper into Depth: Monocular Depth Estimation with Semantic Booster and Attention-Driven Loss,"
    " ECCV 2018"
)


class ConvNormRelu(nn.Sequential):
    """Convolution that keeps the size, batch normalisation and ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        super().__init__(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class UpConv(ConvNormRelu):
    """Nearest x2 before the convolution."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class LateralSharingUnit(nn.Module):
    """``(1 + phi_D) D + phi_S S`` in the depth branch, and the like in the semantic one (Table 3); both scalars begin
    at 0, as branches that do not know of each other."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Parameter(torch.zeros(()))
        self.other = nn.Parameter(torch.zeros(()))

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        return (1.0 + self.own) * own + self.other * other


class Branch(nn.Module):
    """One task's half of the decoder: up-convs, what it takes from the other task, semi-dense up-skips and a head.

    Args:
        widths: of the deepest features, and after each up-conv.
        head: features at half the image's size -> answer of the same size.
        shares: whether there is another task.
    """

    def __init__(self, widths: Sequence[int], head: nn.Module, shares: bool) -> None:
        super().__init__()
        self.ups = nn.ModuleList(UpConv(*pair) for pair in itertools.pairwise(widths))
        self.sharing = nn.ModuleList(LateralSharingUnit() for _ in self.ups[:-1] if shares)
        self.skips = nn.ModuleList(nn.Conv2d(width, widths[-1], 1, bias=False) for width in widths[:-1])
        self.head = head

    def answer(self, levels: Sequence[Tensor]) -> Tensor:
        """The head's, of the sum of all levels at the last one's size.

        Args:
            levels: the deepest features and the output of each up-conv, before it was shared.
        """
        *coarse, total = levels
        size = total.shape[-2:]
        for skip, x in zip(self.skips, coarse, strict=True):
            total = total + F.interpolate(skip(x), size, mode="bilinear", align_corners=False)
        return self.head(total)


class SynergyNetwork(RegressionNetwork):
    """Table 3 of Look Deeper into Depth.

    Inferred: conv2 is 1x1, up-convs are nearest x2 and 3x3, the h of an up-skip is 1x1 and bilinear, depth is a
    softplus.

    Args:
        encoder: with features down to 1/32; ResNet-50 in the paper.
        classes: of the semantic branch, 40 indoors; 0 for the network of Table 7, which has none.
        decoder: widths of conv2 and of the four up-convs.
        minimum_depth, maximum_depth: metres.
    """

    method = "Look Deeper into Depth"
    paper = PAPER

    def __init__(
        self,
        encoder: Encoder,
        classes: int = 40,
        decoder: Sequence[int] = (1024, 512, 256, 128, 64),
        minimum_depth: float = 0.1,
        maximum_depth: float = 10.0,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.classes = classes
        self.encoder = encoder
        self.conv2 = ConvNormRelu(encoder.channels[-1], decoder[0], 1)
        self.depth = Branch(decoder, DepthHead(decoder[-1], minimum_depth, maximum_depth), bool(classes))
        self.semantic = Branch(decoder, nn.Conv2d(decoder[-1], classes, 3, padding=1), True) if classes else None

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]``, H and W multiples of 32 -> depth and scores of the image's size."""
        depth, semantics = self._levels(image)
        scores = None if self.semantic is None else upsampled(self.semantic.answer(semantics), image)
        return Prediction((upsampled(self.depth.answer(depth), image),), semantics=scores)

    def finest(self, image: Tensor) -> Tensor:
        """The disparity alone; the semantic head does not run."""
        depth, _ = self._levels(image)
        return self.disparity(Prediction((upsampled(self.depth.answer(depth), image),)), image)

    def _levels(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """What `Branch.answer` takes, of the depth and of the semantic branch."""
        d = s = self.conv2(self.encoder(image)[-1])
        depth, semantics = [d], [s]
        for level, up in enumerate(self.depth.ups):
            d = up(d)
            depth.append(d)
            if self.semantic is None:
                continue
            s = self.semantic.ups[level](s)
            semantics.append(s)
            if level < len(self.depth.sharing):
                d, s = self.depth.sharing[level](d, s), self.semantic.sharing[level](s, d)
        return depth, semantics


def upsampled(answer: Tensor, image: Tensor) -> Tensor:
    """An answer ``[B, C, h, w]`` at the image's size."""
    return F.interpolate(answer, image.shape[-2:], mode="bilinear", align_corners=False)
