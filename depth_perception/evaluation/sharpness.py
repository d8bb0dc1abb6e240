"""How sharp the edges of a depth map are."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def tenengrad(depth: npt.ArrayLike, threshold: float) -> float:
    """The sum of the gradient's magnitude over the pixels in which it exceeds `threshold` (Dual Networks, eq. 10, 11).

    Gradients are 3x3 Sobel sums (1, 2, 1 times -1, 0, 1) without a divisor: a step of h between two pixels answers 4 h
    in both. Blur spreads a step without changing its sum, so it is the threshold that tells sharp from soft: compare
    only figures of one threshold, one unit of depth and one size of image. The image's border is replicated; pixels
    beside one of NaN do not count.

    Args:
        depth: ``[H, W]``, of any unit, finite or NaN.
        threshold: in that unit.
    """
    values = np.asarray(depth, np.float64)
    across = cv2.Sobel(values, cv2.CV_64F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(values, cv2.CV_64F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    magnitude = np.hypot(across, down)
    return float(magnitude[magnitude > threshold].sum())
