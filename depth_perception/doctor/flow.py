"""How the corners of an image move to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.pixel_formats import Rgb

WIDTH = 640
"""Images are looked at in this width; all pixels here are of it."""
_CORNERS, _BANDS = 240, 4
FEWEST = 15
"""Corners that must be there to follow."""


@dataclass(frozen=True)
class Flow:
    """How corners moved from an image to the next.

    Attributes:
        places, moves: ``[n, 2]``, pixels, of those that were found again.
        tracked: Share of those that were looked for.
        size: Width and height.
    """

    places: npt.NDArray[np.float64]
    moves: npt.NDArray[np.float64]
    tracked: float
    size: tuple[int, int]

    @property
    def distance(self) -> float:
        """Pixels that the middle one moved."""
        return float(np.median(np.linalg.norm(self.moves, axis=1))) if len(self.moves) else 0.0


def flows(pairs: Sequence[tuple[Rgb, Rgb]]) -> list[Flow]:
    """Of pairs of images; those without corners show nothing and are left out."""
    found = (_flow(*pair) for pair in pairs)
    return [flow for flow in found if flow is not None]


def _flow(first: Rgb, second: Rgb) -> Flow | None:
    before, after = (_small(image) for image in (first, second))
    corners = _corners(before)
    if len(corners) < FEWEST:
        return None
    follow: Any = partial(cv2.calcOpticalFlowPyrLK, winSize=(15, 15), maxLevel=4)
    there, found, _ = follow(before, after, corners, None)
    back, found_back, _ = follow(after, before, there, None)
    off = np.linalg.norm((back - corners)[:, 0], axis=1)
    good = (found[:, 0] > 0) & (found_back[:, 0] > 0) & (off < 1.0)
    places, moves = corners[good, 0].astype(np.float64), (there - corners)[good, 0].astype(np.float64)
    return Flow(places, moves, float(good.mean()), (before.shape[1], before.shape[0]))


def _corners(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """``[n, 1, 2]``, as many in each band of the image: roads have weak ones."""
    edges = np.linspace(0, len(image), _BANDS + 1).astype(int)
    found = []
    for top, bottom in pairwise(edges.tolist()):
        corners = cv2.goodFeaturesToTrack(image[top:bottom], _CORNERS // _BANDS, 0.02, 7)
        if corners is not None:
            found.append(corners + np.array([0, top], np.float32))
    return np.concatenate(found) if found else np.empty((0, 1, 2), np.float32)


def _small(image: Rgb) -> npt.NDArray[np.uint8]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    return np.asarray(cv2.resize(grey, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
