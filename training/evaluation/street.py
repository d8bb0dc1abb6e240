"""Depth of networks on street drives they have never seen, whose truth is exact and dense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from depth_perception.model_file import Score
from training.data.label_sets import LabelSetName
from training.evaluation.depth import Draw, Report, evaluate_depth, rounded
from training.evaluation.frame import Depth, Frame
from training.evaluation.odometry import Drive
from training.evaluation.predictors import Predictor
from training.evaluation.protocol import MEANS, DepthProtocol

if TYPE_CHECKING:
    from training.rendering.cache import CachedDrive

BASELINE = "training drives' median"
"""The network that does not look: it answers the per-pixel median depth of the training drives."""


def street_frames(drives: Sequence[CachedDrive], step: int, label_set: LabelSetName = "cityscapes") -> Iterator[Frame]:
    """Every `step`-th frame of each drive."""
    for number, drive in enumerate(drives):
        for index in range(0, len(drive.images), step):
            yield Frame(
                f"{number}_{index:03d}",
                np.ascontiguousarray(drive.images[index]),
                drive.depth[index].astype(np.float32),
                drive.camera,
                np.asarray(drive.labels[index]),
                label_set,
            )


def street_drives(drives: Sequence[CachedDrive], first_seed: int) -> dict[str, Drive]:
    """Whole drives, by their seeds."""
    return {
        f"seed {first_seed + number}": Drive(drive.camera, list(zip(drive.images, drive.poses, strict=True)))
        for number, drive in enumerate(drives)
    }


def evaluate_on_street(
    predictors: Mapping[str, Predictor],
    drives: Sequence[CachedDrive],
    baseline: npt.NDArray[np.float32],
    protocol: DepthProtocol,
    step: int = 10,
    draw: Draw | None = None,
    label_set: LabelSetName = "cityscapes",
) -> list[Report]:
    """Every `step`-th frame against the truth, beside predicting `baseline` everywhere; see `evaluate_depth`.

    Args:
        baseline: per-pixel median depth of the training drives; of the drives' size.
        protocol: one of `street_protocol` or `rooms_protocol`.
        label_set: what the drives' labels are of.
    """

    def ignorant(_: Frame) -> Depth:
        return baseline

    def draw_networks(number: int, frame: Frame, depth: Mapping[str, Depth], scales: Mapping[str, float]) -> None:
        if draw is not None:
            draw(number, frame, {name: item for name, item in depth.items() if name != BASELINE}, scales)

    *reports, guess = evaluate_depth(
        {**predictors, BASELINE: ignorant}, street_frames(drives, step, label_set), protocol, draw_networks
    )
    for report in reports:
        report["baseline"] = guess["median"]
        report["scores"] = _scores(report, protocol, step)
    return reports


def _scores(report: Report, protocol: DepthProtocol, step: int) -> list[Report]:
    """What a model file carries."""
    limits = f"{protocol.minimum:g} to {protocol.maximum:g} m"
    words = f"{protocol.truth}, every {step}th frame, {limits}, {MEANS[protocol.mean]}"
    figures = {
        "abs_rel (median scaling)": report["median"]["abs_rel"],
        "abs_rel (metres as they come)": report["metric"]["abs_rel"],
        "rmse (metres as they come)": report["metric"]["rmse"],
        "a1 (metres as they come)": report["metric"]["a1"],
        "abs_rel of the training drives' per-pixel median (median scaling)": report["baseline"]["abs_rel"],
    }
    scores = [Score(words, name, rounded(value)) for name, value in figures.items()]
    if (visible := report["poles"]["visible"]) is not None:
        words = f"{protocol.truth}, poles 12 to 18 m away; share that stands out by half its true contrast or more"
        scores.append(Score(words, "poles seen", rounded(visible)))
    return [asdict(score) for score in scores]
