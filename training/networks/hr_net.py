"""HR-Net: the shallow network of Dual Networks that fills the details in at high resolution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.decoder import ConvElu, Decoder
from training.networks.disparity import Padding


class HRNet(nn.Module):
    """A few convolutions down to 1/16, the global features joined there, and a decoder (Dual Networks, section 3.2).

    The paper's layer table is not public; the defaults, with a ResNet-50 LR-Net, come to its parameters and operations.

    Args:
        inputs: width of the global features.
        encoder: widths at 1/2, 1/4, 1/8 and 1/16.
        convolutions: how many at each of them; the first of a level halves the size.
        decoder: widths of the four levels, coarsest first.
        minimum_depth, maximum_depth: metres.
        guided: whether it corrects the disparity of LR-Net, which it then sees as a fourth channel.
    """

    def __init__(
        self,
        inputs: int,
        encoder: Sequence[int] = (32, 64, 128, 160),
        convolutions: Sequence[int] = (1, 2, 1, 1),
        decoder: Sequence[int] = (160, 96, 32, 24),
        minimum_depth: float = 0.5,
        maximum_depth: float = 100.0,
        padding_mode: Padding = "reflect",
        guided: bool = False,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.encoder = nn.ModuleList()
        channels = 4 if guided else 3
        for level, (width, count) in enumerate(zip(encoder, convolutions, strict=True)):
            layers = [ConvElu(channels, width, 7 if level == 0 else 3, 2, padding_mode)]
            layers += [ConvElu(width, width, padding_mode=padding_mode) for _ in range(count - 1)]
            self.encoder.append(nn.Sequential(*layers))
            channels = width
        self.decoder = Decoder(
            channels + inputs, encoder[:-1], decoder, minimum_depth, maximum_depth, padding_mode, guided
        )

    def encode(self, image: Tensor, global_features: Tensor, guide: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """The joined deepest features, and the skips finest first."""
        skips = []
        x = image if guide is None else torch.cat((image, guide), 1)
        for level in self.encoder:
            x = level(x)
            skips.append(x)
        spread = F.interpolate(global_features, x.shape[-2:], mode="bilinear", align_corners=False)
        return torch.cat((skips.pop(), spread), 1), skips

    def forward(self, image: Tensor, global_features: Tensor, guide: Tensor | None = None) -> list[Tensor]:
        """Disparities ``[B, 1, H / 2**i, W / 2**i]`` in 1/m, finest first.

        Args:
            image: normalised, ``[B, 3, H, W]``.
            global_features: ``[B, inputs, h, w]`` of the same view.
            guide: ``[B, 1, H, W]`` of the same view, for a guided network.
        """
        return self.decoder(*self.encode(image, global_features, guide), guide)

    def finest(self, image: Tensor, global_features: Tensor, guide: Tensor | None = None) -> Tensor:
        """The disparity at the image's size alone."""
        return self.decoder.finest(*self.encode(image, global_features, guide), guide)
