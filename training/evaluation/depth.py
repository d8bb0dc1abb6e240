"""Depth of several networks against the truth of the same frames, by one protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.blank import BlankImageError
from depth_perception.evaluation.breakdown import DISTANCE
from depth_perception.evaluation.depth_report import DepthReport
from depth_perception.evaluation.depth_tally import DepthTally, Measure
from depth_perception.evaluation.frame import Depth, Frame, Predictor
from depth_perception.evaluation.heights import HEIGHT
from depth_perception.evaluation.protocol import DepthProtocol
from training.errors import TrainingError
from training.evaluation.classes import CLASS

BREAKDOWNS = (DISTANCE, HEIGHT, CLASS)
"""What networks are judged by beside the whole."""

Draw = Callable[[int, Frame, Mapping[str, Depth], Mapping[str, float]], None]
"""What makes pictures: the number of a frame, the frame, depth by name, and what each is to be multiplied with."""


def evaluate_depth(
    predictors: Mapping[str, Predictor],
    frames: Iterable[Frame],
    protocol: DepthProtocol,
    draw: Draw | None = None,
    baselines: Mapping[str, Predictor] | None = None,
    extras: Mapping[str, Measure] | None = None,
    relative: Collection[str] = (),
) -> list[DepthReport]:
    """One report for each predictor, in their order, all of the same frames.

    Args:
        predictors: by the name of the model.
        frames: whose depth is known; taken one at a time. Those that show nothing are passed over, and counted.
        protocol: how they are judged.
        draw: is handed every frame with what the predictors said.
        baselines: what does not look, judged beside them where they all look, by name.
        extras: see `DepthTally`.
        relative: those of the predictors whose depth is not in metres, which is judged as it is scaled to the truth.

    Raises: `TrainingError` for a frame that cannot be judged, by its name, and if there are no frames but blank ones.
    """
    baselines = baselines or {}
    tallies = {name: DepthTally(name, protocol, BREAKDOWNS, extras) for name in predictors}
    beside = {name: DepthTally(name, protocol) for name in baselines}
    number, blank = -1, 0
    for number, frame in enumerate(frames):
        predictions, scales = {}, {}
        seen = np.ones(frame.truth.shape, bool)
        for name, predict in {**predictors, **baselines}.items():
            try:
                depth = predict(frame)
                if name in predictors:
                    scales[name] = tallies[name].add(frame, depth, metric=name not in relative).scale
                    predictions[name] = depth
                    seen &= ~np.isnan(depth)
                else:  # where every network looks
                    beside[name].add(frame, np.where(seen, depth, np.float32(np.nan)))
            except BlankImageError:  # so it is for all of them: none has been judged by it
                blank += 1
                break
            except DepthPerceptionError as error:
                raise TrainingError(f"{name} on {frame.name}: {error}") from error
        else:
            if draw is not None:
                draw(number, frame, predictions, scales)
    if number < 0:
        raise TrainingError(f"{protocol.name}: there is no frame to evaluate on")
    if blank > number:
        raise TrainingError(f"{protocol.name}: all {blank} frames show nothing: was the lens covered, or was it dark?")
    guesses = {name: tally.report().median_scaled for name, tally in beside.items()}
    return [replace(tally.report(), baselines=guesses, blank=blank) for tally in tallies.values()]
