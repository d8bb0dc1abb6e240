"""How far a depth map is from the truth, in the seven figures of Eigen et al.

Source: Eigen, Puhrsch, Fergus, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network", NIPS 2014;
the order of steps (scale by the median, then clamp, then a mean over images) is the one of SfMLearner and monodepth2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class DepthMetrics:
    """Errors of one depth map, or their mean over images (see `mean_of`)."""

    abs_rel: float
    """mean(|truth - prediction| / truth)"""
    sq_rel: float
    """mean((truth - prediction)^2 / truth), metres"""
    rmse: float
    """Metres."""
    rmse_log: float
    """Of natural logarithms."""
    log10: float
    """mean(|log10(truth) - log10(prediction)|), as Make3D and NYU are reported."""
    a1: float
    """Share of pixels with max(truth / prediction, prediction / truth) < 1.25."""
    a2: float
    """The same for 1.25^2."""
    a3: float
    """The same for 1.25^3."""
    ratio: float
    """median(prediction / truth): above 1, things are put too far away."""
    scale: float
    """What the prediction was multiplied by; 1 if metric depth was judged as it came."""
    pixels: int
    """Pixels compared; summed by `mean_of`."""
    coverage: float
    """Share of the pixels with truth for which there was a prediction: one of NaN is left out, not an error."""


def depth_metrics(
    truth: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    scale: Literal["median"] | float | None = "median",
    minimum: float = 1e-3,
    maximum: float = 80.0,
    mask: npt.ArrayLike | None = None,
) -> DepthMetrics:
    """Compares two depth maps of the same shape, metres along the optical axis.

    Truth counts where it is finite and strictly between `minimum` and `maximum`. A prediction of +inf (beyond range)
    counts as `maximum`; one of NaN does not count and lowers `coverage`.

    Args:
        scale: ``"median"`` multiplies the prediction by median(truth) / median(prediction) *before* it is clamped to
            ``[minimum, maximum]``, where a median of +inf is taken for `maximum`; a number multiplies by that; None
            judges it as metres.
        mask: bool, of the same shape: where finite, positive truth counts instead, whatever its distance.

    Raises: `EvaluationError` if the shapes differ, or no pixel has both truth and prediction.
    """
    truth = np.asarray(truth, np.float64)
    prediction = np.asarray(prediction, np.float64)
    if truth.shape != prediction.shape:
        raise EvaluationError(
            f"depth truth has shape {truth.shape}, the prediction {prediction.shape}: resize one first"
        )
    if mask is not None and np.shape(mask) != truth.shape:
        raise EvaluationError(f"depth truth has shape {truth.shape}, its mask {np.shape(mask)}: expected the same")
    with np.errstate(invalid="ignore"):
        known = np.isfinite(truth)
        known &= (truth > minimum) & (truth < maximum) if mask is None else (truth > 0) & np.asarray(mask, bool)
        counted = known & (prediction > 0)
    pixels = int(counted.sum())
    if pixels == 0:
        where = f"between {minimum} and {maximum} m" if mask is None else "within the mask"
        raise EvaluationError(
            f"no pixel to compare: {int(known.sum())} have a true depth {where},"
            f" {int((prediction > 0).sum())} a predicted one"
        )
    true, predicted = truth[counted], prediction[counted]
    factor = scale if isinstance(scale, float | int) else 1.0
    if scale == "median":
        # "beyond range" counts as the maximum here too, or the worst images of all would have no error
        middle = float(np.median(predicted))
        factor = float(np.median(true)) / (middle if np.isfinite(middle) else maximum)
    predicted = np.clip(predicted * factor, minimum, maximum)
    quotient = predicted / true
    ratio = np.maximum(true / predicted, quotient)
    error = true - predicted
    log_error = np.log(true) - np.log(predicted)
    return DepthMetrics(
        abs_rel=float(np.mean(np.abs(error) / true)),
        sq_rel=float(np.mean(error**2 / true)),
        rmse=float(np.sqrt(np.mean(error**2))),
        rmse_log=float(np.sqrt(np.mean(log_error**2))),
        log10=float(np.mean(np.abs(log_error)) / np.log(10.0)),
        a1=float(np.mean(ratio < 1.25)),
        a2=float(np.mean(ratio < 1.25**2)),
        a3=float(np.mean(ratio < 1.25**3)),
        ratio=float(np.median(quotient)),
        scale=factor,
        pixels=pixels,
        coverage=pixels / int(known.sum()),
    )


def mean_of(metrics: Sequence[DepthMetrics]) -> DepthMetrics:
    """The mean over images, each counting alike whatever its number of pixels; `DepthMetrics.pixels` is the sum.

    Raises: `EvaluationError` for no images.
    """
    if not metrics:
        raise EvaluationError("mean of no images asked for: no frame had a true depth")

    means = {
        field.name: float(np.mean([getattr(item, field.name) for item in metrics])) for field in fields(metrics[0])
    }
    return DepthMetrics(**means | {"pixels": sum(item.pixels for item in metrics)})  # type: ignore[arg-type]


def pooled(metrics: Sequence[DepthMetrics]) -> DepthMetrics:
    """The errors of all pixels of all images together, as if they were of one image; `DepthMetrics.ratio` and
    `DepthMetrics.scale` are means over images.

    Raises: `EvaluationError` for no images.
    """
    means = mean_of(metrics)
    pixels = np.array([item.pixels for item in metrics], np.float64)

    def over_pixels(name: str, power: int = 1) -> float:
        values = np.array([getattr(item, name) for item in metrics]) ** power
        return float((values @ pixels / pixels.sum()) ** (1 / power))

    together = {name: over_pixels(name) for name in ("abs_rel", "sq_rel", "log10", "a1", "a2", "a3")}
    together |= {name: over_pixels(name, power=2) for name in ("rmse", "rmse_log")}
    with_truth = pixels / np.array([item.coverage for item in metrics])
    coverage = float(pixels.sum() / with_truth.sum())
    return replace(means, coverage=coverage, **together)  # type: ignore[arg-type]
