"""What may be wrong with a training, from what it leaves in its folder, while it runs or afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from depth_perception.doctor.finding import Finding
from training.checkpoint import newest_checkpoint, read_checkpoint
from training.errors import TrainingError
from training.provenance import PROVENANCE, Provenance
from training.systems.early_warning import EarlyWarning

LOGS, SETTINGS = "events.out.tfevents.*", "config.yaml"
Curve = Sequence[tuple[int, float]]
"""Steps, and a figure at each."""

_PATIENCE = 5
"""Validations after the best one, without a better one, that are too many; and those that a verdict needs."""
_LATEST = 0.2
"""Share of a curve that is its end."""


@dataclass(frozen=True)
class Run:
    """A training that has begun.

    Attributes:
        folder: that it lies in.
        settings: its configuration; empty if there is none.
        curves: by the names that TensorBoard shows.
        checkpoint: the newest; None without one.
        trouble: why there is none.
    """

    folder: Path
    settings: Mapping[str, Any]
    curves: Mapping[str, Curve]
    checkpoint: Mapping[str, Any] | None
    trouble: str = ""

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """All versions of a run that was gone on with are one.

        Raises: `TrainingError` if no training has begun there.
        """
        folder = Path(folder)
        logs = sorted({path.parent for path in folder.rglob(LOGS)}, key=lambda path: path.stat().st_mtime)
        settings = sorted(folder.rglob(SETTINGS), key=lambda path: path.stat().st_mtime)
        checkpoint, trouble = None, f"{folder}: has no checkpoint yet"
        if any(folder.rglob("last*.ckpt")):
            try:
                checkpoint, trouble = read_checkpoint(newest_checkpoint(folder)), ""
            except TrainingError as error:
                trouble = str(error)
        if not logs and not settings and checkpoint is None:
            raise TrainingError(f"{folder}: is no folder of a training: has no checkpoints, no configuration, no logs")
        return cls(folder, _settings(settings[-1]) if settings else {}, _curves(logs), checkpoint, trouble)

    def curve(self, name: str) -> list[float]:
        """Its figures, without their steps; empty if there are none."""
        return [value for _, value in self.curves.get(name, ())]


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        return yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError):
        return {}


def _curves(folders: Sequence[Path]) -> dict[str, Curve]:
    found: dict[str, dict[int, float]] = {}
    for folder in folders:
        events = EventAccumulator(str(folder), {"scalars": 0})
        events.Reload()
        for name in events.Tags()["scalars"]:
            found.setdefault(name, {}).update((event.step, event.value) for event in events.Scalars(name))
    return {name: sorted(points.items()) for name, points in found.items()}


def checkpoint(run: Run) -> Iterator[Finding]:
    """No checkpoint, or one that is cut short."""
    if run.checkpoint is None:
        yield Finding(
            "warning" if run.curves else "error",
            run.trouble,
            "wait for its first one (checkpoint.every_n_train_steps saves within an epoch); is there room on the disk?",
        )


def loss(run: Run) -> Iterator[Finding]:
    """A loss that is no number, or does not fall."""
    values = run.curve("loss")
    wrong = [step for step, value in run.curves.get("loss", ()) if not math.isfinite(value)]
    if wrong:
        yield Finding(
            "error",
            f"the loss is no number from step {wrong[0]} on",
            "go on from the checkpoint before with a smaller model.learning_rate.start; look at the truth of the data",
        )
    elif len(values) >= 2 * _PATIENCE:
        part = max(1, round(_LATEST * len(values)))
        first, last = (float(np.median(some)) for some in (values[:part], values[-part:]))
        if last > 1.05 * first:
            yield Finding(
                "warning",
                f"the loss has risen, from {first:.4g} to {last:.4g}",
                "take a smaller model.learning_rate.start",
            )


def weights(run: Run) -> Iterator[Finding]:
    """Weights that are no numbers."""
    if run.checkpoint is None:
        return
    wrong = [name for name, value in run.checkpoint["state_dict"].items() if not bool(value.isfinite().all())]
    if wrong:
        yield Finding(
            "error",
            f"{len(wrong)} weights of the newest checkpoint are no numbers, the first: {wrong[0]}",
            "begin with an older checkpoint, with a smaller model.learning_rate.start",
        )


def validation(run: Run) -> Iterator[Finding]:
    """A validation that does not improve, is worse than at the beginning, or is not there."""
    values = run.curve("val/abs_rel")
    if not values:
        yield Finding(
            "note",
            "depth is not judged meanwhile: there is no val/abs_rel",
            "give data.validation a source with true depth; a loss alone tells little",
        )
    elif not all(map(math.isfinite, values)):
        yield Finding("error", "val/abs_rel is no number", "look at the loss, and at the truth of data.validation")
    elif len(values) > _PATIENCE:
        best = int(np.argmin(values))
        if best == 0:
            yield Finding(
                "warning",
                f"val/abs_rel was best at the first of {len(values)} validations, {values[0]:.4g}, and is"
                f" {values[-1]:.4g} now",
                "look at the data (static or fast frames, calibration), then take a smaller learning rate",
            )
        elif len(values) - 1 - best >= _PATIENCE and values[-1] > 1.02 * values[best]:
            yield Finding(
                "warning",
                f"val/abs_rel was best {len(values) - 1 - best} validations ago, {values[best]:.4g}, and is"
                f" {values[-1]:.4g} now",
                "stop here and take the best checkpoint; give it more data, or less to learn",
            )


def unit(run: Run) -> Iterator[Finding]:
    """Depth whose unit is not the metre."""
    entry = None if run.checkpoint is None else run.checkpoint.get(PROVENANCE)
    if entry is not None and "depth" not in Provenance.of_entry(entry).metric:
        yield Finding(
            "warning",
            "nothing it has learnt from knows metres: depth goes to depth/relative",
            "give its data truth: [distances], which odometry or a speed tells, or set scale_source on the robot",
        )


def motion(run: Run) -> Iterator[Finding]:
    """Neighbours that stand still, or views that motion and calibration do not explain."""
    limits = EarlyWarning().limits
    change, masked = run.curve("train/change"), run.curve("train/masked")
    if (change and np.median(change) < limits["change"]) or (masked and np.median(masked) > limits["masked"]):
        yield Finding(
            "warning",
            "neighbouring frames are alike: a camera that stands teaches nothing",
            "set stride of the data, and motion, which leaves standing frames out",
        )
    explained = run.curve("train/explained")
    end = explained[-max(1, round(_LATEST * len(explained))) :]
    if len(explained) >= 2 * _PATIENCE and np.median(end) < limits["explained"]:
        yield Finding(
            "warning",
            f"synthesised views come {float(np.median(end)):.0%} closer to the frames than no motion at all",
            "check the calibration, the order of the frames, and that they do not move too far (stride)",
        )


def depth(run: Run) -> Iterator[Finding]:
    """Depth that is the same everywhere."""
    spread = run.curve("train/spread")
    end = spread[-max(1, round(_LATEST * len(spread))) :]
    if end and np.median(end) < EarlyWarning().limits["spread"]:
        yield Finding(
            "error",
            f"depth is nearly the same everywhere (disparity varies by {float(np.median(end)):.1%})",
            "check that frames move and the calibration; take smaller losses.smoothness and learning_rate.start",
        )


OF_RUN = (checkpoint, loss, weights, validation, unit, motion, depth)
