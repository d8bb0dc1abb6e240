"""From the bytes of an image to what every network here takes; part of every exported graph."""

from __future__ import annotations

from torch import Tensor

MEAN = 0.45
SPREAD = 0.225
"""One grey level and one spread for all channels: close to those of natural images, and colour order stays free."""


def normalise(image: Tensor) -> Tensor:
    """uint8 (or float of the range 0 to 255) of any shape -> float, about zero mean and unit spread."""
    return (image.float() * (1.0 / 255.0) - MEAN) * (1.0 / SPREAD)
