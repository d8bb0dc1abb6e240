"""Self-assembled Attention: places that look alike and lie close share their features."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Normalisation = Literal["none", "mean", "softmax"]


class SelfAssembledAttention(nn.Module):
    """Features, colour and coordinates are embedded; each place becomes the sum of all, weighted by similarity.

    Dual Networks, eq. 3 and 4: ``f'' _j = sum_i w_ij f'_i`` with ``w_ij = f'_i . f'_j``. The text has no normalisation,
    which makes the result cubic in the features and proportional to their number.

    Args:
        inputs: width of the features.
        outputs: width of the embedding, and of the result.
        normalisation: ``none`` as printed; ``mean`` divides the sum by the number of places; ``softmax`` is scaled
            dot-product attention over ``i``.
    """

    def __init__(self, inputs: int, outputs: int = 96, normalisation: Normalisation = "mean") -> None:
        super().__init__()
        self.channels = outputs
        self.normalisation = normalisation
        self.embedding = nn.Conv2d(inputs + 3 + 2, outputs, 1)
        nn.init.xavier_normal_(self.embedding.weight)
        nn.init.zeros_(self.embedding.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, image: Tensor) -> Tensor:
        """Features ``[B, inputs, h, w]`` and the normalised image ``[B, 3, H, W]`` -> ``[B, outputs, h, w]``."""
        batch, _, height, width = features.shape
        colour = F.interpolate(image, (height, width), mode="area")
        y, x = torch.meshgrid(_from_edge_to_edge(height, features), _from_edge_to_edge(width, features), indexing="ij")
        coordinates = torch.stack((x, y)).expand(batch, -1, -1, -1)
        embedded = self.embedding(torch.cat((features, colour.to(features.dtype), coordinates), 1)).flatten(2)
        similarity = embedded.transpose(1, 2) @ embedded  # [B, places i, places j]
        if self.normalisation == "mean":
            similarity = similarity / (height * width)
        elif self.normalisation == "softmax":
            similarity = torch.softmax(similarity / self.channels**0.5, dim=1)
        return (embedded @ similarity).unflatten(2, (height, width))


def _from_edge_to_edge(length: int, like: Tensor) -> Tensor:
    """-1 to 1; unlike ``torch.linspace`` it stays free in an exported graph where the length is."""
    places = torch.arange(length, device=like.device, dtype=like.dtype)
    return 2.0 * places / places[-1:].clamp(min=1.0) - 1.0
