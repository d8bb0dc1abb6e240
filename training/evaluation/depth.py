"""Depth of several networks against the truth of the same frames, by one protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from depth_perception.errors import DepthPerceptionError
from depth_perception.evaluation.depth_metrics import DepthMetrics, depth_metrics, mean_of, pooled
from depth_perception.evaluation.sharpness import tenengrad
from depth_perception.model_file import Score
from training.data.label_sets import CITYSCAPES
from training.errors import TrainingError
from training.evaluation.frame import Depth, Frame
from training.evaluation.poles import pole_contrasts
from training.evaluation.predictors import Predictor
from training.evaluation.protocol import DepthProtocol
from training.evaluation.regions import ALL, regions
from training.street.labels import POLE

Report = dict[str, Any]
"""As it is written to JSON."""

Draw = Callable[[int, Frame, Mapping[str, Depth], Mapping[str, float]], None]
"""What makes pictures: the number of a frame, the frame, depth by name, and what each is to be multiplied with."""


class DepthTally:
    """Gathers what one network says of each frame.

    Attributes:
        median: each frame's errors with median scaling.
        metric: each frame's errors in metres as they come.
    """

    def __init__(self, name: str, protocol: DepthProtocol) -> None:
        self._name = name
        self._protocol = protocol
        self.median: list[DepthMetrics] = []
        self.metric: list[DepthMetrics] = []
        self._regions: dict[str, list[DepthMetrics]] = {}
        self._sharpness: list[list[float]] = []
        self._sharpness_of_truth: list[list[float]] = []
        self._poles: list[float] = []

    def add(self, frame: Frame, prediction: Depth) -> float:
        """One more frame; what the prediction was multiplied with.

        Raises: `EvaluationError` if there is nothing to compare.
        """
        protocol, truth = self._protocol, frame.truth
        mask = protocol.mask(truth)
        true, predicted = truth[mask], prediction[mask]
        everything = np.ones(true.shape, bool)
        limits = {"minimum": protocol.minimum, "maximum": protocol.maximum}
        self.median.append(depth_metrics(true, predicted, scale="median", mask=everything, **limits))
        self.metric.append(depth_metrics(true, predicted, scale=None, mask=everything, **limits))
        judged = (self.median if protocol.scaling == "median" else self.metric)[-1]
        self._regions.setdefault(ALL, []).append(judged)
        labels = None if frame.labels is None else frame.labels[mask]
        for name, where in regions(true, labels, protocol.band, frame.label_set, protocol.ranges).items():
            if np.any(predicted[where] > 0):  # the scale is the whole image's: a region has none of its own
                item = depth_metrics(true, predicted, scale=judged.scale, mask=where, **limits)
                self._regions.setdefault(name, []).append(item)
        self._sharpness.append(self._tenengrad(prediction * np.float32(judged.scale)))
        dense = not np.isnan(truth).any()
        if dense:
            self._sharpness_of_truth.append(self._tenengrad(truth))
        if dense and frame.labels is not None and frame.label_set == CITYSCAPES.name:
            self._poles += pole_contrasts(truth, prediction, frame.labels == POLE)
        return judged.scale

    def report(self) -> Report:
        """Everything, as means over what the protocol says.

        Raises: `EvaluationError` if no frame was added.
        """
        scales = np.array([item.scale for item in self.median])
        visible = float(np.mean(np.array(self._poles) >= 0.5)) if self._poles else None
        mean = mean_of if self._protocol.mean == "images" else pooled
        judged = mean(self._regions[ALL])
        return {
            "model": self._name,
            "protocol": self._protocol.to_json(),
            "images": len(self.median),
            "scores": [
                asdict(Score(self._protocol.words, name, rounded(getattr(judged, name))))
                for name in ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "a1", "a2", "a3")
            ],
            "median": asdict(mean(self.median)),
            "metric": asdict(mean(self.metric)),
            "scale": {"median": float(np.median(scales)), "spread": float(np.std(scales) / np.median(scales))},
            "regions": {name: asdict(mean(items)) | {"images": len(items)} for name, items in self._regions.items()},
            "tenengrad": self._mean_by_threshold(self._sharpness),
            "tenengrad of the truth": self._mean_by_threshold(self._sharpness_of_truth),
            "poles": {"number": len(self._poles), "visible": visible},
        }

    def _tenengrad(self, depth: Depth) -> list[float]:
        protocol = self._protocol
        clamped = np.clip(depth, protocol.minimum, protocol.maximum)
        return [tenengrad(clamped, threshold) for threshold in protocol.thresholds]

    def _mean_by_threshold(self, sharpness: list[list[float]]) -> dict[str, float] | None:
        """None for a truth that is nowhere dense."""
        if not sharpness:
            return None
        means = np.mean(sharpness, axis=0)
        return {f"{limit:g}": float(value) for limit, value in zip(self._protocol.thresholds, means, strict=True)}


def evaluate_depth(
    predictors: Mapping[str, Predictor],
    frames: Iterable[Frame],
    protocol: DepthProtocol,
    draw: Draw | None = None,
) -> list[Report]:
    """One report for each predictor, in their order, all of the same frames.

    Args:
        predictors: by the name of the model.
        frames: whose depth is known; taken one at a time.
        protocol: how they are judged.
        draw: is handed every frame with what was predicted.

    Raises: `TrainingError` for a frame that cannot be judged, by its name, and if there are no frames.
    """
    tallies = {name: DepthTally(name, protocol) for name in predictors}
    number = -1
    for number, frame in enumerate(frames):
        predictions, scales = {}, {}
        for name, predict in predictors.items():
            try:
                predictions[name] = predict(frame)
                scales[name] = tallies[name].add(frame, predictions[name])
            except DepthPerceptionError as error:
                raise TrainingError(f"{name} on {frame.name}: {error}") from error
        if draw is not None:
            draw(number, frame, predictions, scales)
    if number < 0:
        raise TrainingError(f"{protocol.name}: there is no frame to evaluate on")
    return [tally.report() for tally in tallies.values()]


def rounded(value: float) -> float:
    """To four digits: what a figure is worth."""
    return float(f"{value:.4g}")
