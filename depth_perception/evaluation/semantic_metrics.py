"""How often the class of a pixel is the true one.

Source: Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010 (intersection over union), and Long
et al., "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015, section 5 (the three figures).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Confusion = npt.NDArray[np.signedinteger | np.floating]
"""Pixels ``[classes, classes]``: of the true class of the row, said to be of the class of the column."""


def confusion(
    truth: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer], classes: int
) -> npt.NDArray[np.int64]:
    """Of two label images of one shape; pixels whose true class is not one of them do not count."""
    known = (truth >= 0) & (truth < classes)
    pairs = truth[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def semantic_scores(pixels: Confusion) -> dict[str, float]:
    """``miou``, the mean intersection over union, ``pixel_accuracy`` and ``mean_accuracy`` (of the classes' own).

    All pixels of all images are pooled, as usual. Means are over the classes that occur in the truth.
    """
    hits, true = pixels.diagonal(), pixels.sum(1)
    there = true > 0
    return {
        "miou": float(np.nanmean(intersection_over_union(pixels))),
        "pixel_accuracy": float(hits.sum() / true.sum()),
        "mean_accuracy": float(np.mean(hits[there] / true[there])),
    }


def intersection_over_union(pixels: Confusion) -> npt.NDArray[np.float64]:
    """Of each class; NaN for one that does not occur in the truth."""
    hits, true, said = pixels.diagonal(), pixels.sum(1), pixels.sum(0)
    return np.where(true > 0, hits / np.maximum(true + said - hits, 1), np.nan)
