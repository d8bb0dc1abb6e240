"""TwoNet (Li, Klein and Yao, ICCV 2017): one network for depth, one for its gradient, and what agrees with both."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.losses.depth_gradient import central_differences, phi
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.msm import Coarse, ConvRelu, FineFeatures, Size, coarse_map, estimate
from training.networks.vgg import VGG16


class Stream(nn.Module):
    """MSM with what VGG16 saw at 1/8 and 1/16 as further inputs of its scale 2.

    Args:
        starts: what each of its output's channels answers at first.
        image, coarse, hidden, fine, features: see `training.networks.msm.MSM`.
    """

    def __init__(
        self,
        encoder: VGG16,
        starts: Sequence[float],
        image: Size,
        coarse: Coarse,
        hidden: int,
        fine: int,
        features: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.coarse = coarse_map(coarse, encoder, image, hidden, features)
        self.skip8 = ConvRelu(encoder.channels[2], features, 5)
        self.skip16 = ConvRelu(encoder.channels[3], features, 5)
        self.fine2 = FineFeatures(fine, 2)
        self.with_skip8 = _two(fine + features, features)
        self.with_skip16 = _two(2 * features, features)
        self.with_coarse = nn.Sequential(ConvRelu(2 * features, features, 5), _two(features, features))
        self.scale2 = estimate(features, starts)
        self.fine3 = nn.Sequential(FineFeatures(fine, 1), ConvRelu(fine, features, 5))
        self.middle3 = nn.Sequential(ConvRelu(features + len(starts), features, 5), _two(features, features))
        self.scale3 = estimate(features, starts)

    def forward(self, image: Tensor) -> Tensor:
        """Normalised image ``[B, 3, H, W]`` -> ``[B, len(starts), h, w]`` of scale 3's size."""
        _, _, at8, at16, deepest = self.encoder(image)
        x = self.fine2(image)
        size = x.shape[-2:]
        x = self.with_skip8(torch.cat((x, _enlarged(self.skip8(at8), size)), 1))
        x = self.with_skip16(torch.cat((x, _enlarged(self.skip16(at16), size)), 1))
        x = self.with_coarse(torch.cat((x, self.coarse(deepest, size)), 1))
        fine = self.fine3(image)
        answer = _enlarged(self.scale2(x), fine.shape[-2:])
        return self.scale3(self.middle3(torch.cat((fine, answer), 1)))


def _two(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(ConvRelu(inputs, outputs, 5), ConvRelu(outputs, outputs, 5))


def _enlarged(x: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False)


class TwoNet(RegressionNetwork):
    """Two streams, as large together as two MSM, and the depth that lies between what they say; all learn at once.

    Inferred: the coarse map's 64 channels (MSM's), ReLU after the skips, and the fusion's solver. Leaves out the
    paper's set loss, which asks for several augmentations of one image in a batch.

    Args:
        encoder: of the depth's stream; the gradient's has one like it.
        width, height, minimum_depth, maximum_depth, coarse, hidden, fine, features: see `MSM`.
        fusion_weight: of the gradient against the depth.
        fusion_steps: of the solver; the gradient reaches two pixels a step. 0 leaves the depth as it is.
    """

    method = "TwoNet"
    paper = "Li et al., A Two-Streamed Network for Estimating Fine-Scaled Depth Maps from Single RGB Images, ICCV 2017"
    multiple = 1

    def __init__(
        self,
        encoder: VGG16,
        width: int = 304,
        height: int = 228,
        minimum_depth: float = 0.5,
        maximum_depth: float = 10.0,
        coarse: Coarse = "fully_connected",
        hidden: int = 4096,
        fine: int = 96,
        features: int = 64,
        fusion_weight: float = 1.0,
        fusion_steps: int = 10,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        start = 0.5 * (math.log(minimum_depth) + math.log(maximum_depth))
        image = (height, width)
        another = VGG16(encoder.width, encoder.weights)
        self.depth = Stream(encoder, [start], image, coarse, hidden, fine, features)
        self.gradient = Stream(another, [0.0, 0.0], image, coarse, hidden, fine, features)
        self.fusion_weight = fusion_weight
        self.fusion_steps = fusion_steps

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]`` -> depth after and before the fusion, and the gradient in it."""
        depth, gradient = self.depth(image).exp(), self.gradient(image)
        result = fused(depth, gradient, self.fusion_weight, self.fusion_steps)
        positive = result.clamp(min=0.1 * self.minimum_depth)  # losses take logarithms; a gradient may say anything
        return Prediction([positive, depth], [gradient])


def fused(depth: Tensor, gradient: Tensor, weight: float, steps: int) -> Tensor:
    """The depth D that is near to what was estimated of it and of its gradient: it lowers
    ``sum phi(D - depth) + weight * sum (phi(D_x - gradient_x) + phi(D_y - gradient_y))``.

    No step raises that sum: each minimises a bound from above, which has x^2 / phi with the phi of the step before in
    place of phi(x), and twice the squares of what two pixels change by in place of the square of their difference.

    Args:
        depth: ``[B, 1, h, w]`` metres.
        gradient: ``[B, 2, h, w]``, see `training.losses.depth_gradient.depth_gradient_loss`.
        weight: of the gradient.
        steps: how many.
    """
    wanted = gradient[..., 1:-1, 1:-1]
    result = depth
    for _ in range(steps):
        away, astray = result - depth, central_differences(result) - wanted
        near, pull = 1.0 / phi(away), weight / phi(astray)
        slope = near * away + _spread(pull * astray, -1.0)
        result = result - slope / (near + 2.0 * _spread(pull, 1.0))
    return result


def _spread(values: Tensor, before: float) -> Tensor:
    """What belongs to differences, ``[B, 2, h - 2, w - 2]``, summed at their pixels ``[B, 1, h, w]``: 1 time at the
    pixel after, `before` times at the pixel before."""
    along_x, along_y = values[:, :1], values[:, 1:]
    left, right = F.pad(along_x, (0, 2, 1, 1)), F.pad(along_x, (2, 0, 1, 1))
    above, below = F.pad(along_y, (1, 1, 0, 2)), F.pad(along_y, (1, 1, 2, 0))
    return right + below + before * (left + above)
