"""Whether slim objects are seen: poles before a farther background."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

DISTANCE = (12.0, 18.0)
"""Metres; a slim object at about 15 m."""
HEIGHT = 40
"""Pixels from which a pole counts as one."""


def pole_contrasts(
    truth: npt.NDArray[np.float32], prediction: npt.NDArray[np.float32], poles: npt.NDArray[np.bool_]
) -> list[float]:
    """Of each pole about 15 m away before a farther background: how much of its step in log depth is predicted.

    1 is all of it, 0 is none.

    Args:
        truth, prediction: ``[H, W]`` metres; +inf counts as 100 m.
        poles: ``[H, W]``, where poles are.
    """
    near, far = DISTANCE
    mask = poles & (truth > near) & (truth < far)
    count, numbered, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    true, predicted = np.minimum(truth, 100.0), np.minimum(prediction, 100.0)
    contrasts = []
    for number in range(1, count):
        width, height = boxes[number, cv2.CC_STAT_WIDTH], boxes[number, cv2.CC_STAT_HEIGHT]
        if height < HEIGHT or width > height / 3:
            continue
        pole = numbered == number
        reach = cv2.dilate(pole.astype(np.uint8), np.ones((1, 41), np.uint8)).astype(bool)
        close = cv2.dilate(pole.astype(np.uint8), np.ones((3, 9), np.uint8)).astype(bool)
        behind = reach & ~close & (true > 1.5 * np.median(true[pole])) & ~np.isnan(predicted)
        if behind.sum() < pole.sum():
            continue
        step = np.log(np.median(true[behind]) / np.median(true[pole]))
        ours = np.log(np.median(predicted[behind]) / np.nanmedian(predicted[pole]))
        contrasts.append(float(ours / step))
    return contrasts
