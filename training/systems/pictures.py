"""What a training looks at and what it thinks it sees."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from training.losses.photometric import minimum_error, moving_pixels
from training.systems.views import Views

Picture = npt.NDArray[np.uint8]


def depth_picture(depth: npt.NDArray[np.floating], nearest: float = 4.0) -> Picture:
    """Near is bright, far is dark, unknown is grey: uint8 RGB ``[H, W, 3]``, even steps in inverse depth."""
    known = ~np.isnan(depth)
    with np.errstate(divide="ignore"):
        brightness = np.where(known, np.sqrt(np.clip(nearest / np.where(known, depth, 1.0), 0.0, 1.0)), 0.0)
    picture = cv2.applyColorMap(np.round(255 * brightness).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1].copy()
    picture[~known] = 128
    return np.asarray(picture, np.uint8)


def view_pictures(views: Views, disparity: Tensor) -> list[Picture]:
    """Of each sample, one above the other: the target, the target as each source saw it by what the networks say, and
    the target with what the automask leaves out in black; uint8 RGB ``[H * (n + 1), W, 3]``."""
    synthesised = views.synthesised(views.pixels(disparity))
    mask = moving_pixels(minimum_error(views.target, synthesised), views.still())
    rows = [views.target, *synthesised, views.target * mask]
    return [np.concatenate([_picture(row[i]) for row in rows]) for i in range(len(views.target))]


def _picture(image: Tensor) -> npt.NDArray[Any]:
    return (255.0 * image).permute(1, 2, 0).round().clamp(0, 255).byte().cpu().numpy()
