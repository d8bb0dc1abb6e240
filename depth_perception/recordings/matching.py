"""Which truth belongs to which image, by their stamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_APART = 20_000_000
"""Nanoseconds: a vehicle at 50 km/h drives 0.3 m in them."""


def tolerance(images: Sequence[int]) -> int:
    """Nanoseconds that a truth may be off its image: less than half of the time between two, and `MOST_APART`."""
    steps = np.diff(np.unique(np.array(images, np.int64)))
    return min(MOST_APART, int(np.median(steps) * 0.45)) if len(steps) else MOST_APART


def nearest(images: Sequence[int], truths: Sequence[int], apart: int) -> dict[int, int]:
    """For each image the truth that is nearest to it, if it is at most so far `apart`; no truth is of two images."""
    stamps = np.unique(np.array(truths, np.int64))
    found: dict[int, int] = {}
    if not len(stamps):
        return found
    best: dict[int, tuple[int, int]] = {}
    for image in sorted(set(images)):
        after = int(np.searchsorted(stamps, image))
        for truth in stamps[max(0, after - 1) : after + 1].tolist():
            distance = abs(truth - image)
            if distance <= apart and distance < best.get(truth, (apart + 1, 0))[0]:
                best[truth] = (distance, image)
    for truth, (distance, image) in best.items():
        if image not in found or distance < abs(found[image] - image):
            found[image] = truth
    return found


def seconds(stamp: int) -> str:
    """A stamp for people."""
    return f"{stamp // 1_000_000_000}.{stamp % 1_000_000_000:09d}"[:-3] + " s"
