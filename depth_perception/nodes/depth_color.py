"""Depth as a picture to look at."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

NEAREST, FARTHEST = 1.0, 100.0
"""Metres that red and blue stand for. Fixed, so that a colour means the same in every frame."""


def colored(depth: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """RGB ``[height, width, 3]`` of depth in metres ``[height, width]``: red is near, blue far, black is nothing.

    Colours are even in the logarithm of depth. Beyond the range (+inf, sky) is the darkest blue.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.log(depth / FARTHEST) / np.log(NEAREST / FARTHEST)
    levels = (np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0).clip(0.0, 1.0) * 255).astype(np.uint8)
    picture = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    picture[np.isnan(depth)] = 0
    return np.asarray(picture, np.uint8)
