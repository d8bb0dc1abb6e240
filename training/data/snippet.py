"""A few frames in a row, as a source of data hands them over, before any augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera

Truth = Literal["depth", "poses", "distances", "labels"]
"""What a source may tell the losses beside its images."""


UNLABELLED = 255
"""What a label image holds where nobody knows the class."""


@dataclass(frozen=True)
class Snippet:
    """Frames of one camera, oldest first; the target is the middle one.

    Attributes:
        images: uint8 RGB ``[H, W, 3]`` each.
        camera: their pinhole, square pixels (to half a percent), no distortion.
        depth: of the target, metres ``[H, W]``, NaN unknown, +inf sky; None where there is no truth.
        poses: `T_world_camera` (optical) ``[n, 4, 4]``; None where there is no truth.
        distances: metres driven between neighbours ``[n - 1]``; None where unknown.
        labels: class of each of the target's pixels, uint8 ``[H, W]``, `UNLABELLED` where unknown; None where there is
            no truth.
        name: of the target, for reports.
    """

    images: Sequence[npt.NDArray[np.uint8]]
    camera: Camera
    depth: npt.NDArray[np.floating] | None = None
    poses: npt.NDArray[np.float64] | None = None
    distances: npt.NDArray[np.float64] | None = None
    labels: npt.NDArray[np.uint8] | None = None
    name: str = ""


class SnippetSource(Protocol):
    """Data to learn from: snippets by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Snippet: ...
