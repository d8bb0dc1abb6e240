"""Depth to look at."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def depth_picture(depth: npt.NDArray[np.floating], nearest: float = 4.0) -> npt.NDArray[np.uint8]:
    """Near is bright, far is dark, unknown is grey: uint8 RGB ``[H, W, 3]``, even steps in inverse depth."""
    known = ~np.isnan(depth)
    with np.errstate(divide="ignore"):
        brightness = np.where(known, np.sqrt(np.clip(nearest / np.where(known, depth, 1.0), 0.0, 1.0)), 0.0)
    picture = cv2.applyColorMap(np.round(255 * brightness).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1].copy()
    picture[~known] = 128
    return np.asarray(picture, np.uint8)
