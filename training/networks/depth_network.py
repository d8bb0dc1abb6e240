"""What every depth network looks like to a training, an export and a robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthNetwork(nn.Module):
    """Normalised image ``[B, 3, H, W]`` -> disparities ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first.

    Attributes:
        minimum_depth, maximum_depth: metres; depth is always between them.
        classes: how many it tells apart; 0 for a network of depth alone.
        extras: what a robot is told beside depth: names of `depth_perception.model_outputs.EXTRAS`.
        method, paper: what it is called, and where it was published.
        multiple: width and height of an image must be a multiple of it.
    """

    minimum_depth: float
    maximum_depth: float
    method: str
    paper: str
    classes: int = 0
    multiple: int = 32

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def finest(self, image: Tensor) -> Tensor:
        """The disparity at the image's size alone; heads and decoders that it does not need do not run."""
        raise NotImplementedError

    @property
    def extras(self) -> tuple[str, ...]:
        return ("semantics",) if self.classes else ()

    def answer(self, image: Tensor) -> tuple[Tensor, ...]:
        """The disparity at the image's size, and the `extras` in their order, as their row of the table has them."""
        return (self.finest(image),)


@dataclass(frozen=True)
class Prediction:
    """All that a network which learns from truth says of a batch of images.

    Attributes:
        depths: canonical depth in metres, positive, ``[B, 1, h, w]`` of any size: the one that counts first, then those
            that are trained beside it.
        gradients: of the depth, ``[B, 2, h, w]``: metres from the pixel before to the pixel after, along x and y; empty
            for a network that does not estimate any.
        semantics: scores of the classes before softmax, ``[B, classes, h, w]``; None for a network of depth alone.
    """

    depths: Sequence[Tensor]
    gradients: Sequence[Tensor] = ()
    semantics: Tensor | None = None

    def float(self) -> Prediction:
        """In single precision, where half of it was good enough to compute."""
        semantics = None if self.semantics is None else self.semantics.float()
        return Prediction([x.float() for x in self.depths], [x.float() for x in self.gradients], semantics)


class RegressionNetwork(DepthNetwork):
    """A network that learns from true depth, and puts out depth itself at a size of its own."""

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]`` -> what the losses judge."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> list[Tensor]:
        return [self.finest(image)]

    def finest(self, image: Tensor) -> Tensor:
        return self.disparity(self.predict(image), image)

    def answer(self, image: Tensor) -> tuple[Tensor, ...]:
        if not self.classes:
            return super().answer(image)
        prediction = self.predict(image)
        classes = self.scores(prediction, image).argmax(1).to(torch.uint8)
        return self.disparity(prediction, image), classes

    def disparity(self, prediction: Prediction, image: Tensor) -> Tensor:
        """The disparity at the image's size, of what was predicted for it."""
        depth = F.interpolate(prediction.depths[0], image.shape[-2:], mode="bilinear", align_corners=False)
        return 1.0 / depth.clamp(self.minimum_depth, self.maximum_depth)

    def scores(self, prediction: Prediction, image: Tensor) -> Tensor:
        """Scores of the classes at the image's size, ``[B, classes, H, W]``, of what was predicted for it."""
        assert prediction.semantics is not None, "this network has no classes"
        return F.interpolate(prediction.semantics, image.shape[-2:], mode="bilinear", align_corners=False)
