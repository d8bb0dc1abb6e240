"""An encoder and its mirror image, with nothing between the two but the deepest features: a baseline."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.depth_head import DepthHead
from training.networks.depth_network import Prediction, RegressionNetwork
from training.networks.encoder import Encoder
from training.networks.synergy_network import ConvNormRelu


class EncoderDecoder(RegressionNetwork):
    """SegNet for depth: the upper part of Table 8 of Look Deeper into Depth.

    Differs from SegNet: features are enlarged bilinearly, the variant that its authors compare with. Unpooling to the
    remembered places of the maxima jumps where two values of a window are nearly equal, so that two engines would not
    give the same answer. And VGG-16 has no batch normalisation.

    Args:
        encoder: VGG-16 in SegNet.
        decoder: widths of the levels, coarsest first, as many as the encoder has; the last is the image's own size.
        convolutions: of each level.
        minimum_depth, maximum_depth: metres.
    """

    method = "encoder-decoder"
    paper = (
        "Badrinarayanan et al., SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation, PAMI"
        " 2017"
    )

    def __init__(
        self,
        encoder: Encoder,
        decoder: Sequence[int] = (512, 256, 128, 64, 64),
        convolutions: Sequence[int] = (3, 3, 3, 2, 1),
        minimum_depth: float = 0.1,
        maximum_depth: float = 10.0,
    ) -> None:
        super().__init__()
        self.minimum_depth = minimum_depth
        self.maximum_depth = maximum_depth
        self.encoder = encoder
        self.levels = nn.ModuleList()
        channels = encoder.channels[-1]
        for width, count in zip(decoder, convolutions, strict=True):
            widths = (*[channels] * (count - 1), width)  # a level keeps its width until its last convolution
            self.levels.append(nn.Sequential(*(ConvNormRelu(channels, outputs) for outputs in widths)))
            channels = width
        self.head = DepthHead(channels, minimum_depth, maximum_depth)

    def predict(self, image: Tensor) -> Prediction:
        """Normalised image ``[B, 3, H, W]`` -> depth ``[B, 1, H, W]``."""
        x = self.encoder(image)[-1]
        for level in self.levels:
            x = level(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False))
        return Prediction((self.head(x),))
