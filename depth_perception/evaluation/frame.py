"""What is judged: an image whose depth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera

Depth = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Frame:
    """One image and its true depth.

    Attributes:
        name: of the image, for messages and pictures.
        image: uint8 RGB ``[H, W, 3]``.
        truth: float32 ``[h, w]``, metres; NaN unknown, +inf sky. It shows what the whole image shows, in pixels of its
            own where its shape is another.
        camera: of the image; None where nobody knows it.
        labels: uint8 ``[h, w]``, classes, 255 unknown; None without.
        label_set: what the labels are of.
    """

    name: str
    image: npt.NDArray[np.uint8]
    truth: Depth
    camera: Camera | None = None
    labels: npt.NDArray[np.uint8] | None = None
    label_set: str = "cityscapes"


Predictor: TypeAlias = Callable[[Frame], Depth]
"""A frame -> float32 depth of the truth's shape; NaN unknown, +inf beyond range."""
