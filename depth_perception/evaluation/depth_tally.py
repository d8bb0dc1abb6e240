"""Gathers what one network says of each frame, and sums it up: for robot and workshop alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from depth_perception.evaluation.breakdown import Breakdown
from depth_perception.evaluation.depth_metrics import DepthMetrics, depth_metrics, mean_of, pooled
from depth_perception.evaluation.depth_report import DepthReport, Extra, Part
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.evaluation.frame import Depth, Frame
from depth_perception.evaluation.protocol import DepthProtocol
from depth_perception.evaluation.sharpness import tenengrad

Measure: TypeAlias = Callable[[Frame, Depth], Sequence[float]]
"""What else to measure in a frame, beside errors: any number of values."""


class FrameErrors(NamedTuple):
    """Of one frame: `metric` is None of depth that is not metric."""

    median_scaled: DepthMetrics
    metric: DepthMetrics | None
    scale: float
    """What the prediction is multiplied with by the protocol."""


class DepthTally:
    """Takes depth frame by frame.

    Args:
        model: its name, for the report.
        protocol: how it is judged.
        breakdowns: what parts are judged on their own too.
        extras: what is measured beside, by name.
    """

    def __init__(
        self,
        model: str,
        protocol: DepthProtocol,
        breakdowns: Sequence[Breakdown] = (),
        extras: Mapping[str, Measure] | None = None,
    ) -> None:
        self._model, self._protocol, self._breakdowns, self._extras = model, protocol, breakdowns, extras or {}
        self._frames: list[FrameErrors] = []
        self._parts: dict[str, dict[str, list[DepthMetrics]]] = {item.name: {} for item in breakdowns}
        self._sharpness: list[list[float]] = []
        self._true_sharpness: list[list[float]] = []
        self._measured: dict[str, list[float]] = {name: [] for name in self._extras}

    @property
    def images(self) -> int:
        """How many frames it has taken."""
        return len(self._frames)

    def add(self, frame: Frame, prediction: Depth, *, metric: bool = True) -> FrameErrors:
        """One more frame.

        Args:
            prediction: of the truth's shape.
            metric: whether it is in metres; what is not is measured as it is scaled to the truth.

        Raises: `EvaluationError` if there is nothing to compare; the frame is then left out.
        """
        protocol, truth = self._protocol, frame.truth
        if prediction.shape != truth.shape:
            raise EvaluationError(
                f"true depth is {truth.shape}, the predicted one {prediction.shape}: expected the same"
            )
        mask = protocol.mask(truth)
        true, predicted = truth[mask], prediction[mask]
        limits = {"minimum": protocol.minimum, "maximum": protocol.maximum}
        scaled = _errors(true, predicted, scale="median", **limits)
        as_it_came = _errors(true, predicted, scale=None, **limits) if metric else None
        scale = scaled.scale if as_it_came is None or protocol.scaling == "median" else 1.0
        errors = FrameErrors(scaled, as_it_came, scale)
        self._frames.append(errors)
        for breakdown in self._breakdowns:
            found = self._parts[breakdown.name]
            for name, where in breakdown.parts(frame, protocol).items():
                items, inside = found.setdefault(name, []), where[mask]
                if np.any(predicted[inside] > 0):  # the scale is the whole image's: a part has none of its own
                    items.append(_errors(true[inside], predicted[inside], scale=scale, **limits))
        self._sharpness.append(self._tenengrad(prediction * np.float32(scale)))
        if not np.isnan(truth).any():
            self._true_sharpness.append(self._tenengrad(truth))
        in_metres = prediction if metric else prediction * np.float32(scale)
        for name, measure in self._extras.items():
            self._measured[name] += measure(frame, in_metres)
        return errors

    def report(self) -> DepthReport:
        """Everything, as means over what the protocol says.

        Raises: `EvaluationError` if no frame was added.
        """
        mean = mean_of if self._protocol.mean == "images" else pooled
        metric = [item.metric for item in self._frames if item.metric is not None]
        scaled = [item.median_scaled for item in self._frames]
        median_scaled = mean(scaled)
        scales = np.array([item.scale for item in scaled])
        return DepthReport(
            model=self._model,
            protocol=self._protocol,
            images=self.images,
            median_scaled=median_scaled,
            metric=mean(metric) if len(metric) == len(scaled) else None,
            scale_median=float(np.median(scales)),
            scale_spread=float(np.std(scales) / np.median(scales)),
            parts={
                breakdown: {name: Part(len(items), mean(items)) for name, items in parts.items() if items}
                for breakdown, parts in self._parts.items()
            },
            sharpness=self._by_threshold(self._sharpness),
            true_sharpness=self._by_threshold(self._true_sharpness) or None,
            extras={name: Extra(len(items), float(np.mean(items))) for name, items in self._measured.items() if items},
        )

    def _tenengrad(self, depth: Depth) -> list[float]:
        protocol = self._protocol
        if not protocol.thresholds:
            return []
        clamped = np.clip(depth, protocol.minimum, protocol.maximum)
        return [tenengrad(clamped, threshold) for threshold in protocol.thresholds]

    def _by_threshold(self, sharpness: list[list[float]]) -> dict[str, float]:
        if not sharpness:
            return {}
        means = np.mean(sharpness, axis=0).tolist()
        return {f"{limit:g}": value for limit, value in zip(self._protocol.thresholds, means, strict=True)}


def _errors(true: Depth, predicted: Depth, **options: Any) -> DepthMetrics:
    """Of all pixels, whatever their distance."""
    return depth_metrics(true, predicted, mask=np.ones(true.shape, bool), **options)
