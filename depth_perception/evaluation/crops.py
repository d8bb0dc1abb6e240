"""The parts of an image that depth is judged in."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.errors import EvaluationError

Crop = Literal["none", "garg", "eigen", "nyu_eigen"]

_COLUMNS = (0.03594771, 0.96405229)
_ROWS = {"garg": (0.40810811, 0.99189189), "eigen": (0.3324324, 0.91351351)}
_NYU_ROWS, _NYU_COLUMNS = (45, 471), (41, 601)
"""Of 480 and 640."""


def crop_bounds(crop: Crop, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the crop of a ``height x width`` image; of 375x1242, Garg's is ``[153:371, 44:1197]``, and of
    NYU's 480x640, Eigen's is ``[45:471, 41:601]``.

    Source: Garg et al., "Unsupervised CNN for Single View Depth Estimation", ECCV 2016, and Eigen et al., NIPS 2014,
    for KITTI and for NYU Depth v2, as shares of the image's size, rounded down.

    Raises: `EvaluationError` for a crop of another name.
    """
    if crop == "none":
        return slice(0, height), slice(0, width)
    if crop == "nyu_eigen":
        top, bottom = (row * height // 480 for row in _NYU_ROWS)
        left, right = (column * width // 640 for column in _NYU_COLUMNS)
        return slice(top, bottom), slice(left, right)
    if crop not in _ROWS:
        raise EvaluationError(f"crop '{crop}' is not known, expected none, {', '.join(_ROWS)} or nyu_eigen")
    top, bottom = (int(share * height) for share in _ROWS[crop])
    left, right = (int(share * width) for share in _COLUMNS)
    return slice(top, bottom), slice(left, right)


def crop_mask(crop: Crop, height: int, width: int) -> npt.NDArray[np.bool_]:
    """True within the crop, ``[height, width]``."""
    mask = np.zeros((height, width), bool)
    mask[crop_bounds(crop, height, width)] = True
    return mask
