"""What every encoder looks like to a decoder, and where its first weights come from."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from depth_perception.model_file import TrainingData
from training.downloaded import downloaded


class Encoder(nn.Module):
    """Image ``[B, 3, H, W]`` -> features at 1/2, 1/4, 1/8, ... of its size, finest first.

    Attributes:
        channels: width of each of them.
        weights: what a training begins with (see `training.networks.imagenet`): the path of a published .pth file;
            ``imagenet`` to have it found; ``random`` for none.
        url: of torchvision's file, where that is the published one.
        head: prefixes of the names that are in the published file, but not in the encoder.
        mean, spread: of the images that the published weights expect: RGB, 0 to 1.
        weights_from, weights_licence: whose weights they are, and what they may be used for.
    """

    channels: tuple[int, ...]
    url: ClassVar[str]
    head: ClassVar[tuple[str, ...]]
    mean: ClassVar[tuple[float, float, float]] = (0.485, 0.456, 0.406)
    spread: ClassVar[tuple[float, float, float]] = (0.229, 0.224, 0.225)
    weights_from: str = "torchvision's weights"
    weights_licence: ClassVar[str] = "research only"

    def __init__(self, weights: str = "random") -> None:
        super().__init__()
        self.weights = weights

    @property
    def pretraining(self) -> tuple[TrainingData, ...]:
        """What taught the published weights, where they are used."""
        data = TrainingData(f"ImageNet (ILSVRC 2012), by {self.weights_from}", self.weights_licence, ("classes",))
        return () if self.weights == "random" else (data,)

    @property
    def weights_at(self) -> str:
        """Where to get the published weights."""
        return self.url

    def imagenet_file(self) -> Path:
        """Where the published weights are, once they are here.

        Raises: `TrainingError` that says how to get them.
        """
        path = Path(torch.hub.get_dir()) / "checkpoints" / self.url.rsplit("/", 1)[1]
        otherwise = "fetch it where that works and give its path as the encoder's weights, or random to begin without"
        return downloaded(self.url, path, path.stem.rsplit("-", 1)[1], otherwise)

    def forward(self, image: Tensor) -> list[Tensor]:
        raise NotImplementedError


def initialise_convolutions(network: nn.Module) -> None:
    """He et al.'s (ICCV 2015), as torchvision has it: by the outputs of a convolution."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
