"""What an evaluation means, in plain sentences: computed from its figures, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depth_perception.evaluation.baselines import CONSTANT, ROWS
from depth_perception.evaluation.result import REACH, TOO_FAR, TOO_NEAR, Evaluation, ObstacleSummary

FEWEST_IMAGES = 20
"""Images with obstacles: of fewer nothing is said on braking."""
TOLERATED = 0.02
"""Share of those images in which obstacles may be put too far away before braking is spoken against."""

BEARABLE = 0.1
"""Share of those images in which they may be put too near."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and what it is about."""

    about: str
    text: str


def verdict(evaluation: Evaluation) -> tuple[Finding, ...]:
    """The most important first. Durations are left out: of the same recording it always says the same."""
    return (*_obstacles(evaluation), *_depth(evaluation), *_scale(evaluation), *_odometry(evaluation))


def _obstacles(evaluation: Evaluation) -> list[Finding]:
    found = evaluation.obstacles
    if evaluation.depth is None:
        return [Finding("braking", "Whether it may be used for braking is not known: no true depth can be used.")]
    if not evaluation.depth_is_metric:
        return [Finding("braking", "Do not use it for braking: its depth is not in metres.")]
    if found is None:
        return [
            Finding(
                "braking", f"Whether it may be used for braking is not known: nothing stood up to {REACH:g} m away."
            )
        ]
    said = [
        Finding(
            "obstacles",
            f"Obstacles up to {REACH:g} m away are placed {_times(found.ratio, 'where they are')}: the median of"
            f" {_images(found.images)}, of which eight in ten lie between {found.p10:.2f} and {found.p90:.2f} times"
            " the true distance.",
        )
    ]
    return [*said, Finding("braking", _braking(found))]


def _braking(found: ObstacleSummary) -> str:
    share = f"in {found.too_far} of {_images(found.images)}"
    too_far = f"obstacles are placed more than {100 * (TOO_FAR - 1):.0f} % too far"
    if found.too_far > TOLERATED * found.images:
        return f"Do not use it for braking: {share} {too_far}."
    if found.too_near > BEARABLE * found.images:
        return (
            f"Do not use it for braking, it would brake for nothing: in {found.too_near} of {_images(found.images)}"
            f" obstacles are placed more than {100 * (1 - TOO_NEAR):.0f} % too near."
        )
    if found.images < FEWEST_IMAGES:
        return (
            f"Whether it may be used for braking is not known: {_images(found.images)} with obstacles say too little,"
            f" {FEWEST_IMAGES} are needed."
        )
    return f"Nothing here speaks against braking by it: {share} {too_far}. Other places may."


def _depth(evaluation: Evaluation) -> list[Finding]:
    depth = evaluation.depth
    if depth is None:
        return []
    off = f"{100 * depth.median_scaled.abs_rel:.0f} % once the scale is right"
    if depth.metric is not None:
        off = f"{100 * depth.metric.abs_rel:.0f} % in metres as they come, {off}"
    text = f"Depth is off by {off} (mean of {_images(depth.images)} with truth)."
    guesses = [depth.baselines[name].abs_rel for name in (CONSTANT, ROWS) if name in depth.baselines]
    if len(guesses) == 2:
        text += (
            f" One constant depth would be off by {100 * guesses[0]:.0f} %, one depth for each row of the image by"
            f" {100 * guesses[1]:.0f} %."
        )
        if depth.median_scaled.abs_rel >= min(guesses):
            text += " It is no better than what does not look at the image: do not use it here."
    return [Finding("depth", text)]


def _scale(evaluation: Evaluation) -> list[Finding]:
    road, said = evaluation.road, []
    ratios = [frame.metric.ratio for frame in evaluation.frames if frame.metric is not None]
    if ratios:
        low, middle, high = np.percentile(ratios, [10, 50, 90])
        said.append(
            f"As a whole an image is placed {_times(float(middle), 'where it is')} ({low:.2f} to {high:.2f} times the"
            f" true distance in eight of ten of {_images(len(ratios))})."
        )
    if road is not None and road.true_height is not None and evaluation.depth_is_metric:
        said.append(
            f"By the road in {_images(road.images)} the camera is {road.height_median:.2f} m above it; it is mounted at"
            f" {road.true_height:.2f} m."
        )
    return [Finding("scale", " ".join(said))] if said else []


def _odometry(evaluation: Evaluation) -> list[Finding]:
    trajectory = evaluation.trajectory
    if trajectory is None:
        return []
    if not trajectory.metrics:
        return [Finding("odometry", "Nothing is known of how good odometry is: the recording has no true poses.")]
    first, straight = trajectory.metrics[0], trajectory.straight
    units = "" if first.alignment == "origin" else " once its scale is right"
    path = f"{first.path_length:.0f} m in {first.poses} poses"
    if first.t_err is None:
        text = f"At the end of {path} odometry is off by {first.end_error_percent:.1f} % of the way{units}."
    else:
        text = (
            f"Odometry drifts by {first.t_err:.1f} % of the way and {first.r_err:.2f}° in 100 m{units} (KITTI's t_err"
            f" and r_err, of {path})."
        )
    scale = next((item.scale for item in trajectory.metrics if item.alignment == "scale"), None)
    if scale is not None and trajectory.metric and scale > 0:
        text += f" Its lengths come out {_times(1 / scale, 'right', 'long', 'short')}."
    if straight is not None:
        text += (
            f" It is {first.ate_rmse:.2f} m off its place (ATE); a straight line at the mean speed would be"
            f" {straight.ate_rmse:.2f} m off."
        )
        if first.ate_rmse >= straight.ate_rmse:
            text += " It is no better than that: do not use it here."
    if trajectory.worst is not None:
        worst = trajectory.worst
        text += f" Its worst 100 m begin {worst.start:.0f} m after the start: {worst.t_err:.1f} %, {worst.r_err:.2f}°."
    return [Finding("odometry", text)]


def _times(ratio: float, right: str, over: str = "too far", under: str = "too near") -> str:
    """Of 1.05, "5 % too far"."""
    percent = round(100 * (ratio - 1))
    return right if percent == 0 else f"{abs(percent)} % {over if percent > 0 else under}"


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
