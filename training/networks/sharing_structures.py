"""Ways for depth and classes to share what they know, of five convolutions a task (Look Deeper into Depth, section 2).

Inferred, for the figure that shows them has no sizes: the first three convolutions halve the image, a 3x3 convolution
behind the fifth is the head of a task, and answers are enlarged bilinearly.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.networks.depth_head import DepthHead
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.synergy_network import PAPER, ConvNormRelu, upsampled

LAYERS = 5
STRIDES = (2, 2, 2, 1, 1)
WIDTHS = (32, 64, 96, 96, 96)


class SharingStructure(RegressionNetwork):
    """Two heads. A subclass says how it comes to their features, `WIDTHS[-1]` channels at 1/8.

    Args:
        classes: of the semantic head.
        minimum_depth, maximum_depth: metres.
        widths: of the five convolutions.
    """

    method = "sharing structure"
    paper = PAPER
    multiple = 8

    def __init__(
        self,
        classes: int = 4,
        minimum_depth: float = 0.1,
        maximum_depth: float = 10.0,
        widths: Sequence[int] = WIDTHS,
    ) -> None:
        super().__init__()
        if len(widths) != LAYERS:
            raise TrainingError(f"a task has {len(widths)} widths, expected {LAYERS}")
        self.classes = classes
        self.widths = tuple(widths)
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.depth = DepthHead(widths[-1], minimum_depth, maximum_depth)
        self.semantic = nn.Conv2d(widths[-1], classes, 3, padding=1)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised image ``[B, 3, H, W]`` -> features for depth, and for classes."""
        raise NotImplementedError

    def layers(self, first: int, end: int, inputs: int | None = None) -> nn.Sequential:
        """The convolutions from `first` to before `end`, of as many `inputs` as the one before `first` has outputs."""
        channels = (inputs or (3, *self.widths)[first], *self.widths[first:end])
        pairs = zip(itertools.pairwise(channels), STRIDES[first:end], strict=True)
        return nn.Sequential(*(ConvNormRelu(*pair, stride=stride) for pair, stride in pairs))

    def predict(self, image: Tensor) -> Prediction:
        depth, semantic = self.features(image)
        return Prediction((upsampled(self.depth(depth), image),), semantics=upsampled(self.semantic(semantic), image))


class BranchOut(SharingStructure):
    """The first convolutions are shared, and two parallel branches follow (S1-Y of Table 2).

    With all shared and one of the losses left out it is the network of a single task, Table 1's baseline.

    Args:
        shared: how many of the five.
        options: of `SharingStructure`.
    """

    def __init__(self, shared: int, **options: Any) -> None:
        super().__init__(**options)
        if not 1 <= shared <= LAYERS:
            raise TrainingError(f"shared is {shared}, expected 1 to all {LAYERS} convolutions")
        self.shared = self.layers(0, shared)
        self.depth_layers = self.layers(shared, LAYERS)
        self.semantic_layers = self.layers(shared, LAYERS)

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.shared(image)
        return self.depth_layers(x), self.semantic_layers(x)


class Cascaded(SharingStructure):
    """The five convolutions of one task, and on top of their features the five of the other.

    Args:
        first: the task that is answered half way.
        options: of `SharingStructure`.
    """

    def __init__(self, first: Literal["depth", "semantics"], **options: Any) -> None:
        super().__init__(**options)
        self.first = first
        self.first_layers = self.layers(0, LAYERS)
        widths = (self.widths[-1], *self.widths)
        self.second_layers = nn.Sequential(*(ConvNormRelu(*pair) for pair in itertools.pairwise(widths)))

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first_layers(image)
        y = self.second_layers(x)
        return (x, y) if self.first == "depth" else (y, x)


class MergeIn(SharingStructure):
    """A branch for each task, trained before, and shared convolutions behind both.

    Args:
        separate: how many of the five come before the merger. Inferred: the paper does not say.
        options: of `SharingStructure`.
    """

    def __init__(self, separate: int = 3, **options: Any) -> None:
        super().__init__(**options)
        if not 1 <= separate < LAYERS:
            raise TrainingError(f"separate is {separate}, expected 1 to {LAYERS - 1} of {LAYERS} convolutions")
        self.depth_layers = self.layers(0, separate)
        self.semantic_layers = self.layers(0, separate)
        self.shared = self.layers(separate, LAYERS, inputs=2 * self.widths[separate - 1])

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.shared(torch.cat((self.depth_layers(image), self.semantic_layers(image)), 1))
        return x, x
