"""Corners of an image that are followed from frame to frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

_WINDOW = (13, 13)
_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 0.02)
_WEAKEST = 1e-4
"""Smallest eigenvalue, as OpenCV scales it, of a patch that can be followed."""
_FAINTEST = 5e-5
"""Least strength of a new corner, as OpenCV scales it. What compression leaves of a clear sky's noise has 3e-5, and
stays in its place while the camera turns, as if it did not."""
_BLOCK, _AS_BRIGHT = 16, 0.02
"""Pixels of the blocks by whose means two images are compared, and the change of their ln from which it matters: what
is followed by how bright it is would seem to move."""
_ROUND_TRIP = 0.7
"""Pixels that a corner followed forth and back may miss its start by."""
_MARGIN = 8
"""Pixels from the edge of the image where no corner is followed."""
_DISTANCE = 10
"""Pixels between two corners."""
_LEVELS_EXPECTED, _LEVELS_UNKNOWN = 2, 4
"""Levels of the pyramid for corners whose new place is about known, and for others."""
_CELLS = 14, 5
"""Across and down, of which each gets as many corners, as far as it has any."""
_PATCH = 32
"""Pixels of the squares that the image is told in, which show the own vehicle."""
_CONDEMNED = 2.0
"""Corners that stood still there, from which no more are taken there."""


class CornerTracker:
    """Follows up to `count` corners that are spread over the image.

    Source: Shi and Tomasi, "Good features to track", CVPR 1994; pyramidal Lucas-Kanade of OpenCV, checked by following
    each corner back again.

    Convention:
        Points are float32 ``[n, 2]``: column and row, pixel centres at whole numbers.

    Attributes:
        points: Of the corners, in the image they were last seen in.
    """

    def __init__(self, width: int, height: int, count: int = 280) -> None:
        self.points: Points = np.empty((0, 2), np.float32)
        self._size = np.array([width, height])
        self._count = count
        self._halved = width > 700
        self._image: Grey | None = None
        self._blame = np.zeros((height // _PATCH + 1, width // _PATCH + 1), np.float32)

    def forget(self) -> None:
        """Loses all corners."""
        self._image = None
        self.points = self.points[:0]

    def follow(self, image: Grey, expected: Points | None) -> tuple[Points, npt.NDArray[np.bool_]]:
        """Where the corners are in a new image, and which were found: ``[n, 2]`` and ``[n]``.

        The image and the points that it starts from stay: `accept` moves on.

        Args:
            expected: Where they should be; None if nobody knows.
        """
        if self._image is None or len(self.points) == 0:
            return self.points, np.zeros(len(self.points), bool)
        image = _as_bright(image, self._image)
        levels = _LEVELS_UNKNOWN if expected is None else _LEVELS_EXPECTED
        guess = (self.points if expected is None else expected).copy()
        flags = cv2.OPTFLOW_USE_INITIAL_FLOW
        found, forth, _ = cv2.calcOpticalFlowPyrLK(
            self._image, image, self.points, guess, None, None, _WINDOW, levels, _CRITERIA, flags, _WEAKEST
        )
        back_at, back, _ = cv2.calcOpticalFlowPyrLK(
            image, self._image, found, self.points.copy(), None, None, _WINDOW, 0, _CRITERIA, flags, _WEAKEST
        )
        kept = (forth[:, 0] > 0) & (back[:, 0] > 0)
        kept &= np.linalg.norm(back_at - self.points, axis=1) < _ROUND_TRIP
        kept &= np.all((found >= _MARGIN) & (found <= self._size - 1 - _MARGIN), axis=1)
        return np.asarray(found, np.float32), kept

    def accept(self, image: Grey, points: Points) -> None:
        """The corners are at `points` of this image now, from which they are followed on."""
        self._image, self.points = image, points

    def select(self, kept: npt.NDArray[np.bool_]) -> None:
        """Keeps only some corners."""
        self.points = self.points[kept]

    def replenish(self) -> int:
        """Adds corners of the image accepted last, where there are few, behind the others; returns how many."""
        if self._image is None or len(self.points) >= self._count:
            return 0
        added = self._detect(self._image, self._count - len(self.points))
        self.points = np.concatenate([self.points, added])
        return len(added)

    def blame(self, points: Points, amount: float) -> None:
        """Says of places in the image that they show the camera's own vehicle (or, negative, that they do not)."""
        column, row = (points / _PATCH).astype(int).T
        np.add.at(self._blame, (row, column), amount)
        np.clip(self._blame, 0.0, 4 * _CONDEMNED, out=self._blame)

    def free(self) -> npt.NDArray[np.bool_]:
        """``[height, width]``: where the image does not show the own vehicle."""
        width, height = self._size.tolist()
        blamed = (self._blame >= _CONDEMNED).repeat(_PATCH, axis=0).repeat(_PATCH, axis=1)
        return np.asarray(~blamed[:height, :width])

    def allowed(self) -> npt.NDArray[np.bool_]:
        """``[n]``: which corners do not lie where the own vehicle is."""
        column, row = (self.points / _PATCH).astype(int).T
        return np.asarray(self._blame[row, column] < _CONDEMNED)

    def _detect(self, image: Grey, wanted: int) -> Points:
        """The strongest corners of the emptiest cells."""
        step = 1
        if self._halved:
            step = 2
            image = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        strength = cv2.cornerMinEigenVal(image, 3)
        reach = _DISTANCE // step
        peaks = strength == cv2.dilate(strength, np.ones((2 * reach - 1, 2 * reach - 1), np.uint8))
        peaks &= strength > _FAINTEST
        height, width = image.shape
        margin = _MARGIN // step + 1
        inner = np.zeros_like(peaks, np.uint8)
        inner[margin : height - margin, margin : width - margin] = 1
        for column, row in (self.points / step).astype(int).tolist():
            cv2.circle(inner, (column, row), reach, 0, -1)
        rows, columns = np.nonzero(peaks & (inner > 0))
        allowed = self._blame[rows * step // _PATCH, columns * step // _PATCH] < _CONDEMNED
        rows, columns = rows[allowed], columns[allowed]
        across, down = _CELLS
        cells = rows * down // height * across + columns * across // width
        old_columns, old_rows = (self.points / step).astype(int).T
        occupied = np.bincount(
            old_rows * down // height * across + old_columns * across // width, minlength=across * down
        )
        order = np.lexsort((-strength[rows, columns], cells))
        ranked = cells[order]
        # The n-th corner of its cell, those that are there already included.
        rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked) + occupied[ranked]
        chosen = order[np.argsort(rank, kind="stable")[:wanted]]
        points = np.stack([columns[chosen], rows[chosen]], axis=1) * step + (step - 1) / 2
        return points.astype(np.float32)


def _as_bright(image: Grey, other: Grey) -> Grey:
    """The image, as if it had been exposed like another one of about the same scene: lamps flicker, and cameras set
    their exposure by steps. What only moved, or came into sight, is no matter, as long as it is less than half."""
    height, width = image.shape
    blocks = max(1, width // _BLOCK), max(1, height // _BLOCK)
    means, others = (
        cv2.resize(item[:: _BLOCK // 4], blocks, interpolation=cv2.INTER_AREA).astype(np.float64)
        for item in (image, other)
    )
    change = float(np.median(np.log(np.maximum(others, 1.0) / np.maximum(means, 1.0))))
    return image if abs(change) < _AS_BRIGHT else np.asarray(cv2.convertScaleAbs(image, alpha=np.exp(change)), np.uint8)
