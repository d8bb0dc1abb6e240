"""What does not look at the image: a network that is not better has learnt nothing of what it sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.frame import Depth, Frame, Predictor

CONSTANT, ROWS, PIXELS = "constant", "row median", "pixel median"


def ignorant(maps: Iterable[Depth]) -> Mapping[str, Predictor]:
    """What answers the same for every image: one depth, one for each row, and one for each pixel, medians over `maps`.

    Args:
        maps: true depth, metres ``[h, w]`` of one shape; NaN or 0 is unknown, +inf is sky, the farthest of all.
    """
    stack = np.stack([np.where(np.asarray(one) > 0, one, np.nan) for one in maps]).astype(np.float32)
    constant = np.nanmedian(stack)
    rows = _medians(stack.swapaxes(0, 1).reshape(stack.shape[1], -1), 1)
    known = np.flatnonzero(~np.isnan(rows))
    rows = rows[known[np.abs(known[None] - np.arange(len(rows))[:, None]).argmin(1)]]  # of the nearest row that has any
    pixels = _medians(stack, 0)
    pixels = np.where(np.isnan(pixels), rows[:, None], pixels)
    answers = {CONSTANT: np.full_like(pixels, constant), ROWS: np.broadcast_to(rows[:, None], pixels.shape)}
    return {name: _always(answer) for name, answer in (answers | {PIXELS: pixels}).items()}


def _always(answer: npt.NDArray[np.float32]) -> Predictor:
    def predict(_: Frame) -> Depth:
        return answer

    return predict


def _medians(values: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    """Of what is known; NaN where nothing is."""
    ordered = np.sort(values, axis)  # NaN comes last
    count = np.count_nonzero(~np.isnan(values), axis)
    low, high = (np.maximum(count - 1, 0) // 2, np.maximum(count, 0) // 2)
    found = [np.take_along_axis(ordered, np.expand_dims(place, axis), axis).squeeze(axis) for place in (low, high)]
    return np.asarray(np.where(count > 0, 0.5 * (found[0] + found[1]), np.nan), np.float32)
