"""Trajectories of pose networks, by every figure that goes by the name of ATE, each under its own name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, get_args

import numpy as np
import numpy.typing as npt

from depth_perception.engines.choose import open_engine
from depth_perception.engines.engine import Engine
from depth_perception.estimators.odometry import camera_motions
from depth_perception.estimators.scale import model_scale
from depth_perception.estimators.view import NetworkView
from depth_perception.evaluation.snippet_metrics import SnippetErrors, snippet_errors
from depth_perception.evaluation.trajectory_metrics import Alignment, TrajectoryMetrics, trajectory_metrics
from depth_perception.geometry.camera import Camera
from training.errors import TrainingError
from training.evaluation.figures import Report, scored
from training.evaluation.pairs import EVERY, STRIDES, PairTally, pair_figures

Poses = npt.NDArray[np.float64]

ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)
SNIPPETS = (5, 3)
"""Frames; both are published, and cannot be compared with each other."""


class PosedFrames(Protocol):
    """Images, uint8 RGB ``[H, W, 3]``, each with its pose `T_world_camera` (optical) ``[4, 4]``, in order of time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.uint8], Poses]]: ...


@dataclass(frozen=True)
class Drive:
    """Frames of one camera in a row, and where it was."""

    camera: Camera
    frames: PosedFrames


def window_motions(engine: Engine, camera: Camera, images: Iterable[npt.NDArray[np.uint8]]) -> Poses:
    """What a pose model of n frames answers to every n frames in a row: ``[N - n + 1, n - 1, 4, 4]``.

    Raises: `TrainingError` if the drive is shorter than that, or an answer is not finite.
    """
    model = engine.model
    view, frames = NetworkView(camera, model.width, model.height), len(model.frames)
    window = np.zeros((frames, model.height, model.width, 3), np.uint8)
    answers = []
    for number, image in enumerate(images):
        window[:-1] = window[1:]
        window[-1] = view.image(np.ascontiguousarray(image))
        if number >= frames - 1:
            answers.append(engine.run({"images": window})["motion"].astype(np.float64))
    if not answers:
        raise TrainingError(f"the drive has fewer frames than the {frames} that '{model.name}' takes at a time")
    if not np.all(np.isfinite(answers)):
        raise TrainingError(f"'{model.name}' answered a motion that is not finite")
    motions = camera_motions(np.stack(answers), model, view.camera)
    motions[..., :3, 3] *= model_scale(model).value
    return motions


def trajectory(motions: Poses) -> Poses:
    """Poses ``[N, 4, 4]`` from `window_motions`: all of the first window, then the last motion of each, as the robot's
    odometry joins them."""
    return _chained(np.concatenate([motions[0], motions[1:, -1]]))


def snippets(motions: Poses, frames: int) -> Poses:
    """Poses ``[N - frames + 1, frames, 4, 4]``, the first of each the identity: a window's own motions if it is of as
    many frames (SfMLearner's way), else motions of neighbouring windows, joined (monodepth2's)."""
    if motions.shape[1] == frames - 1:
        return np.stack([_chained(window) for window in motions])
    steps = np.concatenate([motions[0], motions[1:, -1]])
    return np.stack([_chained(steps[i : i + frames - 1]) for i in range(len(steps) - frames + 2)])


def evaluate_pose(model: str | Path, drives: Mapping[str, Drive], protocol: str) -> Report:
    """Trajectories of whole drives, aligned in every way and as they come, and their snippets.

    Args:
        model: a pose model.
        drives: whose poses are known, by name.
        protocol: which drives these are, in words.

    Raises: `TrainingError` for a model of another task and drives that are too short.
    """
    engine = open_engine(model)
    if engine.model.task != "pose":
        raise TrainingError(f"{model}: is a {engine.model.task} model, expected one of pose")
    results, tallies = [], []
    for name, drive in drives.items():
        poses: list[Poses] = []
        tally = PairTally(engine, drive.camera) if len(engine.model.frames) == 2 else None
        motions = window_motions(engine, drive.camera, _images(drive, poses, tally))
        tallies += [] if tally is None else [tally]
        truth, estimate = np.stack(poses), trajectory(motions)
        aligned = {how: trajectory_metrics(truth, estimate, how) for how in ALIGNMENTS}
        short = [snippet_errors(truth, snippets(motions, frames)) for frames in SNIPPETS]
        results.append(_Drive(name, aligned, short))

    def mean(alignment: Alignment, name: str) -> float:
        values = [getattr(result.aligned[alignment], name) for result in results]
        return float(np.mean([np.nan if value is None else value for value in values]))

    lengths = " and ".join(str(length) for length in sorted({len(drive.frames) for drive in drives.values()}))
    words = f"{protocol}, whole drives of {lengths} frames, mean over drives"
    figures = {
        "ATE, percent of the path (scale alignment)": mean("scale", "ate_percent"),
        "ATE, percent of the path (no alignment but the first pose)": mean("origin", "ate_percent"),
        "worst drive's ATE, percent of the path (scale alignment)": max(
            result.aligned["scale"].ate_percent for result in results
        ),
        "scale of the alignment": mean("scale", "scale"),
        "rotation error, degrees a frame (rms)": mean("scale", "rpe_rotation"),
    }
    drift = {"t_err, percent (no alignment)": "t_err", "r_err, degrees a 100 m (no alignment)": "r_err"}
    known = {name: value for name, key in drift.items() if np.isfinite(value := mean("origin", key))}
    pairs = pair_figures(tallies)
    beside = f"{protocol}, pairs of every {EVERY}th frame with one up to {max(STRIDES)} later"
    return {
        "model": str(model),
        "scores": [asdict(score) for score in (*scored(words, figures | known), *scored(beside, pairs))],
        "pairs": pairs,
        "drives": [result.report() for result in results],
    }


@dataclass(frozen=True)
class _Drive:
    name: str
    aligned: dict[Alignment, TrajectoryMetrics]
    short: list[SnippetErrors]

    def report(self) -> Report:
        return asdict(self.aligned["scale"]) | {
            "name": self.name,
            "alignments": {how: asdict(item) for how, item in self.aligned.items()},
            "ate_sfmlearner": [asdict(item) for item in self.short],
        }


def _images(drive: Drive, poses: list[Poses], tally: PairTally | None) -> Iterator[npt.NDArray[np.uint8]]:
    """The images; their poses go to `poses`, and both to `tally`: a frame may be read from disk, and is so once."""
    for image, pose in drive.frames:
        poses.append(np.asarray(pose, np.float64))
        if tally is not None:
            tally.add(image, poses[-1])
        yield image


def _chained(motions: Poses) -> Poses:
    poses = [np.eye(4)]
    for motion in motions:
        poses.append(poses[-1] @ motion)
    return np.stack(poses)
