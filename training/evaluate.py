"""How good exported models are on street drives they have never seen: ``python -m training evaluate``.

Models run through the robot's own estimators: a figure here is one the robot would have had.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.engines.choose import open_engine
from depth_perception.estimators.depth import DepthEstimator
from depth_perception.estimators.odometry import VisualOdometry
from depth_perception.evaluation.depth_metrics import DepthMetrics, depth_metrics, mean_of
from depth_perception.evaluation.trajectory_metrics import TrajectoryMetrics, trajectory_metrics
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, inverse
from depth_perception.model_file import Score
from training.data.street import StreetData, median_depth, render_drives
from training.errors import TrainingError
from training.street.labels import POLE
from training.systems.pictures import depth_picture

if TYPE_CHECKING:
    from training.street.cache import CachedDrive

POLE_DISTANCE = (12.0, 18.0)
"""Metres; a slim object at about 15 m."""
POLE_HEIGHT = 40
"""Pixels from which a pole counts as one."""

Report = dict[str, Any]


def evaluate_depth(
    model: str | Path,
    drives: Sequence[CachedDrive],
    baseline: npt.NDArray[np.float32],
    protocol: str,
    step: int = 10,
    pictures: Path | None = None,
) -> Report:
    """Depth of every `step`-th frame against the truth, and against predicting `baseline` everywhere.

    Args:
        model: a depth model.
        drives: whose depth is known.
        baseline: per-pixel median depth of the training drives; of the drives' size.
        protocol: which drives these are, in words.
        step: takes every so-many-th frame.
        pictures: folder for pictures of image, prediction and truth; None for none.
    """
    engine = open_engine(model)
    metric: list[DepthMetrics] = []
    median: list[DepthMetrics] = []
    guess: list[DepthMetrics] = []
    poles: list[float] = []
    for number, drive in enumerate(drives):
        estimator = DepthEstimator(engine, drive.camera)
        for index in range(0, len(drive.images), step):
            result = estimator.estimate(np.ascontiguousarray(drive.images[index]))
            truth = estimator.view.depth(drive.depth[index].astype(np.float32))
            metric.append(depth_metrics(truth, result.depth, scale=None))
            median.append(depth_metrics(truth, result.depth, scale="median"))
            guess.append(depth_metrics(drive.depth[index], baseline, scale="median"))
            labels = estimator.view.depth(drive.labels[index].astype(np.float32))
            poles += pole_contrasts(truth, result.depth, labels == POLE)
            if pictures is not None and index % (3 * step) == 0:
                rows = [result.image, depth_picture(result.depth), depth_picture(truth)]
                _write_picture(pictures / f"depth_{number}_{index:03d}.png", np.concatenate(rows))
    visible = float(np.mean(np.array(poles) >= 0.5)) if poles else None
    words = f"{protocol}, every {step}th frame, 0.001 to 80 m, mean over images"
    figures = {
        "abs_rel (median scaling)": mean_of(median).abs_rel,
        "abs_rel (metres as they come)": mean_of(metric).abs_rel,
        "rmse (metres as they come)": mean_of(metric).rmse,
        "a1 (metres as they come)": mean_of(metric).a1,
        "abs_rel of the training drives' per-pixel median (median scaling)": mean_of(guess).abs_rel,
    }
    scores = [Score(words, name, _rounded(value)) for name, value in figures.items()]
    if visible is not None:
        words = f"{protocol}, poles 12 to 18 m away; share that stands out by half its true contrast or more"
        scores.append(Score(words, "poles seen", _rounded(visible)))
    return {
        "model": str(model),
        "scores": [asdict(score) for score in scores],
        "median": asdict(mean_of(median)),
        "metric": asdict(mean_of(metric)),
        "baseline": asdict(mean_of(guess)),
        "poles": {"number": len(poles), "visible": visible},
    }


def pole_contrasts(
    truth: npt.NDArray[np.float32], prediction: npt.NDArray[np.float32], poles: npt.NDArray[np.bool_]
) -> list[float]:
    """Of each pole about 15 m away before a farther background: how much of its step in log depth is predicted.

    1 is all of it, 0 is none.

    Args:
        truth, prediction: ``[H, W]`` metres; +inf counts as 100 m.
        poles: ``[H, W]``, where poles are.
    """
    near, far = POLE_DISTANCE
    mask = poles & (truth > near) & (truth < far)
    count, numbered, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    true, predicted = np.minimum(truth, 100.0), np.minimum(prediction, 100.0)
    contrasts = []
    for number in range(1, count):
        width, height = boxes[number, cv2.CC_STAT_WIDTH], boxes[number, cv2.CC_STAT_HEIGHT]
        if height < POLE_HEIGHT or width > height / 3:
            continue
        pole = numbered == number
        reach = cv2.dilate(pole.astype(np.uint8), np.ones((1, 41), np.uint8)).astype(bool)
        close = cv2.dilate(pole.astype(np.uint8), np.ones((3, 9), np.uint8)).astype(bool)
        behind = reach & ~close & (true > 1.5 * np.median(true[pole])) & ~np.isnan(predicted)
        if behind.sum() < pole.sum():
            continue
        step = np.log(np.median(true[behind]) / np.median(true[pole]))
        ours = np.log(np.median(predicted[behind]) / np.nanmedian(predicted[pole]))
        contrasts.append(float(ours / step))
    return contrasts


def evaluate_pose(model: str | Path, drives: Sequence[CachedDrive], protocol: str) -> Report:
    """Trajectories of whole drives, scale-aligned and as they come.

    Args:
        model: a pose model.
        drives: whose poses are known.
        protocol: which drives these are, in words.
    """
    engine = open_engine(model)
    aligned: list[TrajectoryMetrics] = []
    metric: list[TrajectoryMetrics] = []
    for drive in drives:
        odometry = VisualOdometry(engine, drive.camera, BODY_FROM_OPTICAL)
        poses = [np.eye(4)]
        for image, stamp in zip(drive.images, drive.stamps, strict=True):
            motion = odometry.update(np.ascontiguousarray(image), round(float(stamp) * 1e9))
            if motion is not None:
                poses.append(poses[-1] @ motion.transform)
        if len(poses) != len(drive.poses):
            raise TrainingError(f"{model}: gave {len(poses)} poses of {len(drive.poses)} frames, expected as many")
        truth = drive.poses @ inverse(BODY_FROM_OPTICAL)
        aligned.append(trajectory_metrics(truth, np.stack(poses), "scale"))
        metric.append(trajectory_metrics(truth, np.stack(poses), "origin"))
    frames = len(drives[0].images)
    words = f"{protocol}, whole drives of {frames} frames, mean over drives"

    def mean(metrics: Sequence[TrajectoryMetrics], name: str) -> float:
        return float(np.mean([getattr(item, name) for item in metrics]))

    figures = {
        "ATE, percent of the path (scale alignment)": mean(aligned, "ate_percent"),
        "ATE, percent of the path (no alignment but the first pose)": mean(metric, "ate_percent"),
        "worst drive's ATE, percent of the path (scale alignment)": max(item.ate_percent for item in aligned),
        "scale of the alignment": mean(aligned, "scale"),
        "rotation error, degrees a frame (rms)": mean(aligned, "rpe_rotation"),
    }
    return {
        "model": str(model),
        "scores": [asdict(Score(words, name, _rounded(value))) for name, value in figures.items()],
        "drives": [asdict(item) for item in aligned],
    }


def table(report: Report) -> str:
    """All scores of a report, in lines."""
    lines = []
    for task in ("depth", "pose"):
        if task not in report:
            continue
        lines.append(f"{task}: {report[task]['model']}")
        protocol = None
        for score in report[task]["scores"]:
            if score["protocol"] != protocol:
                protocol = score["protocol"]
                lines.append(f"  {protocol}")
            lines.append(f"    {score['value']:10.4g}  {score['name']}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--depth", help="a depth model")
    parser.add_argument("--pose", help="a pose model")
    parser.add_argument("--seeds", type=int, nargs=2, default=(1000, 4), metavar=("FIRST", "NUMBER"))
    parser.add_argument("--frames", type=int, default=200, help="of each drive")
    parser.add_argument("--step", type=int, default=10, help="depth of every so-many-th frame")
    parser.add_argument(
        "--baseline-seeds", type=int, nargs=2, default=(0, 12), metavar=("FIRST", "NUMBER"), help="training drives"
    )
    parser.add_argument("--cache", default="cache/street", help="folder of rendered drives")
    parser.add_argument("--json", help="file to write the scores to, for python -m training.export --scores")
    parser.add_argument("--pictures", type=Path, help="folder to write pictures to")
    options = parser.parse_args(arguments)
    if not (options.depth or options.pose):
        parser.error("give --depth, --pose or both")
    if options.seeds[0] < 1000:
        raise TrainingError(f"seed {options.seeds[0]} is for training: evaluate on 1000 and above")
    cv2.setNumThreads(1)
    street = partial(StreetData, cache=options.cache)
    drives = render_drives(street(seeds=tuple(options.seeds), frames=options.frames))
    last = options.seeds[0] + options.seeds[1] - 1
    protocol = f"street drives of seeds {options.seeds[0]} to {last}"
    report: Report = {}
    if options.depth:
        training = render_drives(street(seeds=tuple(options.baseline_seeds), frames=10))
        baseline = median_depth(training, step=3)
        report["depth"] = evaluate_depth(options.depth, drives, baseline, protocol, options.step, options.pictures)
    if options.pose:
        report["pose"] = evaluate_pose(options.pose, drives, protocol)
    print(table(report))
    if options.json:
        write_json(report, Path(options.json))
        print(f"written to {options.json}")


def write_json(report: Report, path: Path) -> None:
    """Writes it complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(report, indent=2) + "\n")
    temporary.replace(path)


def _write_picture(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture[..., ::-1]):
        raise TrainingError(f"{path}: cannot be written")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
