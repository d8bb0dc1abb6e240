"""Classes in 8-bit pngs, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import Camera
from training.data.image_files import read_8_bit
from training.errors import TrainingError


@dataclass(frozen=True)
class LabelFiles:
    """Label images: classes, `training.data.snippet.UNLABELLED` unknown.

    Attributes:
        paths: 8-bit pngs; None for a frame without one.
        camera: of the labels as they are handed out.
        classes: what the ids mean: uint8 ``[H, W]`` and the file they are from to classes; raises for an unknown id.
        cut: rows at the bottom of the files that are not handed out.
    """

    paths: Sequence[Path | None]
    camera: Camera
    classes: Callable[[npt.NDArray[np.uint8], Path], npt.NDArray[np.uint8]]
    cut: int = 0

    def __getitem__(self, index: int) -> npt.NDArray[np.uint8] | None:
        path = self.paths[index]
        if path is None:
            return None
        shape = (self.camera.height + self.cut, self.camera.width)
        return self.classes(read_labels(path, shape), path)[: self.camera.height]


def read_labels(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The ids of an image of this shape.

    Raises: `TrainingError` if there are none, they are of another shape, or not ids.
    """
    ids = read_8_bit(path)
    if ids.shape != shape:
        raise TrainingError(
            f"{path}: is {ids.shape[1]}x{ids.shape[0]}, its image {shape[1]}x{shape[0]}: expected a pair of one size"
        )
    return ids
