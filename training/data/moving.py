"""Where a camera moves, seen from its images alone: a standing one teaches nothing."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from training.data.rows import Images


def moving(images: Images, stride: int, threshold: float) -> npt.NDArray[np.bool_]:
    """Whether each image differs from the one `stride` later, ``[n - stride]``.

    Compared at a quarter of the size, in signed numbers: a difference of unsigned ones wraps, and noise looks like
    motion.

    Args:
        images: RGB ``[n, H, W, 3]``.
        threshold: mean grey levels by which they must differ.
    """
    quarters = (np.ascontiguousarray(images[k][::4, ::4]) for k in range(len(images)))
    small = [cv2.cvtColor(quarter, cv2.COLOR_RGB2GRAY) for quarter in quarters]
    pairs = zip(small[:-stride], small[stride:], strict=True)
    return np.array([float(cv2.absdiff(first, second).mean()) > threshold for first, second in pairs], bool)
