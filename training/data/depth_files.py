"""Depth and disparity in 16-bit pngs and pgms, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        paths: 16-bit pngs or pgms; None for a frame without one.
        camera: of the maps as they are handed out.
        metres: what the values mean: uint16 ``[H, W]`` to float32 metres.
        cut: rows at the bottom of the files that are not handed out.
        expected: smallest and largest metres that can be: a file in another unit is refused. None takes all.
    """

    paths: Sequence[Path | None]
    camera: Camera
    metres: Callable[[npt.NDArray[np.uint16]], npt.NDArray[np.float32]]
    cut: int = 0
    expected: tuple[float, float] | None = None

    def __getitem__(self, index: int) -> npt.NDArray[np.float32] | None:
        path = self.paths[index]
        if path is None:
            return None
        values = read_16_bit(path)
        expected = (self.camera.height + self.cut, self.camera.width)
        if values.shape != expected:
            raise TrainingError(
                f"{path}: is {values.shape[1]}x{values.shape[0]}, its image {expected[1]}x{expected[0]}:"
                " expected a pair of one size"
            )
        depth = self.metres(values[: self.camera.height])
        return depth if self.expected is None else check_metres(depth, self.expected, path)


def check_metres(
    depth: npt.NDArray[np.float32], expected: tuple[float, float], origin: object
) -> npt.NDArray[np.float32]:
    """The same depth, if it can be metres: nine tenths of what is known lies within what is expected.

    Args:
        depth: ``[H, W]``, NaN unknown.
        expected: smallest and largest metres.
        origin: of the depth, for the error.

    Raises: `TrainingError` for depth in another unit.
    """
    known = depth[np.isfinite(depth)]
    outside = (known < expected[0]) | (known > expected[1])
    if known.size and outside.mean() > 0.1:
        raise TrainingError(
            f"{origin}: {outside.mean():.0%} of its depth is not within {expected[0]:g} to {expected[1]:g} m, read as"
            f" metres its median is {np.median(known):.3g}: it is in another unit than expected"
        )
    return depth


UNITS = {0.001: "millimetres", 0.01: "centimetres", 1 / 5000: "TUM's", 1 / 256: "KITTI's"}
"""Metres that 1 stands for in files of depth."""


def doubts_about_unit(depths: Iterable[npt.NDArray[np.floating]], unit: float, expected: tuple[float, float]) -> str:
    """What to say if depth is probably in another unit than was told, though it passes `check_metres`; else nothing.

    The median of sound depth lies well within what is expected.

    Args:
        depths: metres ``[H, W]``, NaN unknown, of several images.
    """
    medians = [float(np.median(depth[np.isfinite(depth)])) for depth in depths if np.isfinite(depth).any()]
    if not medians:
        return ""
    median = float(np.median(medians))

    def is_likely(metres: float) -> bool:
        return 0.25 <= np.log(metres / expected[0]) / np.log(expected[1] / expected[0]) <= 0.8

    if is_likely(median):
        return ""
    others = [
        f"{median * other / unit:.3g} m with {other:.6g} ({name})"
        for other, name in UNITS.items()
        if is_likely(median * other / unit)
    ]
    return (
        f"the median of its depth is {median:.3g} m, at the edge of the {expected[0]:g} to {expected[1]:g} m that are"
        f" expected: is a unit of {unit:.6g} m right?" + (f" It would be {', '.join(others)}" if others else "")
    )


@dataclass(frozen=True)
class MetresFromUnit:
    """Depth as it is, 0 unknown.

    Attributes:
        unit: metres that 1 stands for.
    """

    unit: float

    def __call__(self, values: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        return np.where(values > 0, values * np.float32(self.unit), np.float32(np.nan)).astype(np.float32)


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
