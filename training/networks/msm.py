"""MSM, the multi-scale model (Eigen and Fergus, ICCV 2015) for depth: coarse and global first, then finer and local."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.vgg import VGG16

Coarse = Literal["fully_connected", "convolutional"]
"""How scale 1 looks at the whole image: as in the paper, where that is 202 of 217 M parameters, or with 3x3 and 1x1."""

Size = tuple[int, int]
"""Height and width."""


class ConvRelu(nn.Sequential):
    """Convolution and ReLU; of the same size where neither stride nor padding is given."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, padding: int | None = None) -> None:
        convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2 if padding is None else padding)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        super().__init__(convolution, nn.ReLU(inplace=True))


class FineFeatures(nn.Sequential):
    """Image ``[B, 3, H, W]`` -> features of its details, by a 9x9 convolution and a pooling of 3x3: at 304x228 pixels
    147x109 of them, and 74x55 if the pooling has stride 2."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__(ConvRelu(3, channels, 9, 2, padding=1), nn.MaxPool2d(3, stride))

    @staticmethod
    def size(image: Size, stride: int) -> Size:
        """Of the features of an image."""
        height, width = ((((side + 2 - 9) // 2 + 1) - 3) // stride + 1 for side in image)
        return height, width


class FullyConnected(nn.Module):
    """Features of the whole image -> a coarse map, in which every place has seen every other.

    Args:
        channels, cells: of the deepest features.
        hidden: width of the layer between.
        outputs: channels of the map.
        size: that `forward` is asked for; a quarter of it is learned, and enlarged.
    """

    def __init__(self, channels: int, cells: Size, hidden: int, outputs: int, size: Size) -> None:
        super().__init__()
        self._size = size
        self._grid = (math.ceil(size[0] / 4), math.ceil(size[1] / 4))
        self.hidden = nn.Linear(channels * cells[0] * cells[1], hidden)
        self.dropout = nn.Dropout()
        self.map = nn.Linear(hidden, outputs * self._grid[0] * self._grid[1])

    def forward(self, features: Tensor, size: Size) -> Tensor:
        """``[B, channels, *cells]`` -> ``[B, outputs, *size]``.

        Raises: `TrainingError` if that is of images of another size.
        """
        if tuple(size) != self._size:
            raise TrainingError(
                f"scale 1 is fully connected for a map of {self._size[1]}x{self._size[0]}, these images have one of"
                f" {size[1]}x{size[0]}: give the network data.width and data.height, or coarse: convolutional"
            )
        x = self.dropout(F.relu(self.hidden(features.flatten(1))))
        grid = self.map(x).unflatten(1, (-1, *self._grid))
        large = F.interpolate(grid, scale_factor=4.0, mode="bilinear", align_corners=False)
        top, left = ((have - want) // 2 for have, want in zip(large.shape[-2:], size, strict=True))
        return large[..., top : top + size[0], left : left + size[1]]


class Convolutional(nn.Module):
    """The same with convolutions, which know only what VGG16 sees from one place: 212 pixels of the image."""

    def __init__(self, channels: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = ConvRelu(channels, hidden, 3)
        self.dropout = nn.Dropout()
        self.map = nn.Conv2d(hidden, outputs, 1)

    def forward(self, features: Tensor, size: Size) -> Tensor:
        """``[B, channels, h, w]`` -> ``[B, outputs, *size]``."""
        coarse = self.map(self.dropout(self.hidden(features)))
        return F.interpolate(coarse, size, mode="bilinear", align_corners=False)


def coarse_map(kind: Coarse, encoder: VGG16, image: Size, hidden: int, outputs: int) -> FullyConnected | Convolutional:
    """What scale 1 puts on top of an encoder, for the scale 2 of an image of that size.

    Raises: `TrainingError` for an image that is too small.
    """
    cells = (image[0] // 32, image[1] // 32)
    if min(cells) < 1:
        raise TrainingError(f"image is {image[1]}x{image[0]}, expected at least 32x32: VGG16 halves it five times")
    if kind == "convolutional":
        return Convolutional(encoder.channels[-1], hidden, outputs)
    return FullyConnected(encoder.channels[-1], cells, hidden, outputs, FineFeatures.size(image, 2))


def estimate(inputs: int, starts: Sequence[float]) -> nn.Conv2d:
    """5x5 convolution to one channel for each of `starts`, which is what it answers at first."""
    convolution = nn.Conv2d(inputs, len(starts), 5, padding=2)
    nn.init.normal_(convolution.weight, std=1e-3)
    with torch.no_grad():
        convolution.bias.copy_(torch.tensor(starts))  # type: ignore[union-attr]
    return convolution


class Scale1(nn.Module):
    """The whole image: VGG16 and a coarse map."""

    def __init__(self, encoder: VGG16, coarse: FullyConnected | Convolutional) -> None:
        super().__init__()
        self.encoder = encoder
        self.coarse = coarse

    def forward(self, image: Tensor, size: Size) -> Tensor:
        """Normalised image ``[B, 3, H, W]`` -> ``[B, C, *size]``."""
        return self.coarse(self.encoder(image)[-1], size)


class Scale2(nn.Module):
    """A first estimate from the coarse map and finer features: log depth, and the depth's gradient beside it if asked
    for. Both come from the same layers (the proposed network's "shared middle layers")."""

    def __init__(self, coarse: int, fine: int, features: int, log_depth: float, gradient: bool) -> None:
        super().__init__()
        self.first = FineFeatures(fine, 2)
        self.middle = nn.Sequential(
            ConvRelu(fine + coarse, features, 5), ConvRelu(features, features, 5), ConvRelu(features, features, 5)
        )
        self.depth = estimate(features, [log_depth])
        self.gradient = estimate(features, [0.0, 0.0]) if gradient else None

    def forward(self, image: Tensor, scale1: Scale1) -> Tensor:
        """Normalised image ``[B, 3, H, W]`` -> log depth and gradient, ``[B, 1 or 3, h, w]``."""
        fine = self.first(image)
        x = self.middle(torch.cat((fine, scale1(image, fine.shape[-2:])), 1))
        depth: Tensor = self.depth(x)
        return depth if self.gradient is None else torch.cat((depth, self.gradient(x)), 1)


class Scale3(nn.Module):
    """The last estimate, twice as fine, from the first one."""

    def __init__(self, estimates: int, fine: int, features: int, log_depth: float) -> None:
        super().__init__()
        self.first = FineFeatures(fine, 1)
        self.middle = nn.Sequential(ConvRelu(fine + estimates, features, 5), ConvRelu(features, features, 5))
        self.depth = estimate(features, [log_depth])

    def forward(self, image: Tensor, estimates: Tensor) -> Tensor:
        """Normalised image ``[B, 3, H, W]`` and scale 2's estimates -> log depth ``[B, 1, h, w]``."""
        fine = self.first(image)
        estimates = F.interpolate(estimates, fine.shape[-2:], mode="bilinear", align_corners=False)
        return self.depth(self.middle(torch.cat((fine, estimates), 1)))


class MSM(RegressionNetwork):
    """Scale 1 sees the whole, scale 2 answers with 74x55 depths, scale 3 refines them to 147x109; 217.4 M parameters at
    the paper's sizes. Trained in two stages: scales 1 and 2, then scale 3 alone.

    Inferred: the padding of 1 that makes the sizes the paper's, and the bilinear enlargements.

    Args:
        encoder: of scale 1.
        width, height: of the images; 304x228 in the paper.
        minimum_depth, maximum_depth: metres; an untrained network answers the middle of the two, in log depth.
        scales: how many of them answer: 2 in the first stage, where scale 3 knows nothing yet.
        coarse: of scale 1.
        hidden: width of scale 1's hidden layer.
        fine: features of the 9x9 convolutions.
        features: of scale 1's map and the 5x5 convolutions.
    """

    method = "MSM"
    paper = (
        "Eigen and Fergus, Predicting Depth, Surface Normals and Semantic Labels with a Common Multi-Scale"
        " Convolutional Architecture, ICCV 2015"
    )
    multiple = 1
    gradient: ClassVar[bool] = False
    """Whether scale 2 also estimates the depth's gradient, and scale 3 sees it."""

    def __init__(
        self,
        encoder: VGG16,
        width: int = 304,
        height: int = 228,
        minimum_depth: float = 0.5,
        maximum_depth: float = 10.0,
        scales: Literal[2, 3] = 3,
        coarse: Coarse = "fully_connected",
        hidden: int = 4096,
        fine: int = 96,
        features: int = 64,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.scales = scales
        start = 0.5 * (math.log(minimum_depth) + math.log(maximum_depth))
        self.scale1 = Scale1(encoder, coarse_map(coarse, encoder, (height, width), hidden, features))
        self.scale2 = Scale2(features, fine, features, start, self.gradient)
        self.scale3 = Scale3(3 if self.gradient else 1, fine, features, start)

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]`` -> depth of the last scale that answers; with scale 2's its gradient."""
        estimates: Tensor = self.scale2(image, self.scale1)
        if self.scales == 3:
            return Prediction([self.scale3(image, estimates).exp()])
        return Prediction([estimates[:, :1].exp()], [estimates[:, 1:]] if self.gradient else [])
