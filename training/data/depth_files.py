"""Depth and disparity in 16-bit pngs, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.image_files import read_16_bit
from training.errors import TrainingError


@dataclass(frozen=True)
class PngDepths:
    """Depth maps, metres, NaN unknown.

    Attributes:
        paths: 16-bit pngs; None for a frame without one.
        camera: of the maps as they are handed out.
        metres: what the values mean: uint16 ``[H, W]`` to float32 metres.
        cut: rows at the bottom of the files that are not handed out.
    """

    paths: Sequence[Path | None]
    camera: Camera
    metres: Callable[[npt.NDArray[np.uint16]], npt.NDArray[np.float32]]
    cut: int = 0

    def __getitem__(self, index: int) -> npt.NDArray[np.float32] | None:
        path = self.paths[index]
        if path is None:
            return None
        values = read_16_bit(path)
        expected = (self.camera.height + self.cut, self.camera.width)
        if values.shape != expected:
            raise TrainingError(
                f"{path}: is {values.shape[1]}x{values.shape[0]}, its image {expected[1]}x{expected[0]}"
            )
        return self.metres(values[: self.camera.height])


@dataclass(frozen=True)
class MetresFromDisparity:
    """Depth from stereo disparity in 1/256 pixel, 0 unknown.

    Attributes:
        focal_baseline: focal length times baseline, pixels times metres.
        offset: what the values begin at: Cityscapes' disparity of zero is 1.
    """

    focal_baseline: float
    offset: int = 0

    def __call__(self, values: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        disparity = (values.astype(np.float32) - self.offset) / 256.0
        known = (values > 0) & (disparity > 0)
        return np.where(known, self.focal_baseline / np.where(known, disparity, 1.0), np.nan).astype(np.float32)
