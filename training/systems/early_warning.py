"""Trainings that go wrong in a known way, told while it happens and with what to look at."""

from __future__ import annotations

import math
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from torch import Tensor

from training.data.samples import Sample

NARROWEST, WIDEST = 15.0, 150.0
"""Degrees of a camera's horizontal field of view."""


class EarlyWarning(lightning.Callback):
    """Warns, in one line and once for each cause, of constant depth, frames that stand still and wrong intrinsics.

    Reads what `training.systems.views.view_loss` finds, over each epoch; systems that synthesise no views are not
    judged. A loss that is not finite is no warning but an error, of the system itself.

    Args:
        spread: of disparity, its deviation over its mean: less is a depth that is the same everywhere.
        change: between neighbouring frames, of 1: less is a camera that stands. A grey level is 0.004.
        masked: share of the pixels that the automask leaves out: more is a camera that stands, too.
        explained: by what share views come closer to the target than sources as they are: less, after the first epoch,
            are intrinsics or motions that are wrong. Street drives have 0.7 with true depth and motion, and -0.2 with
            motions reversed or a principal point a quarter of the image away.

    Attributes:
        limits: these four by their names.
    """

    def __init__(
        self, spread: float = 0.03, change: float = 0.004, masked: float = 0.95, explained: float = 0.05
    ) -> None:
        self.limits = {"spread": spread, "change": change, "masked": masked, "explained": explained}
        self._sums: dict[str, Tensor] = {}
        self._batches = 0
        self._told: set[str] = set()

    def on_train_epoch_start(self, trainer: lightning.Trainer, system: lightning.LightningModule) -> None:
        self._sums, self._batches = {}, 0

    def on_train_batch_start(
        self, trainer: lightning.Trainer, system: lightning.LightningModule, batch: Sample, batch_index: int
    ) -> None:
        if trainer.global_step == 0:
            for width, height, matrix in _cameras(batch):
                if reason := implausible(width, height, matrix):
                    self._warn("camera", f"{reason}: check the camera of the data, in pixels of its own frames")

    def on_train_batch_end(
        self, trainer: lightning.Trainer, system: lightning.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        metrics = trainer.callback_metrics
        found = {name: metrics[f"train/{name}"] for name in self.limits if f"train/{name}" in metrics}
        if found:
            self._sums = {name: self._sums.get(name, 0) + value.detach() for name, value in found.items()}
            self._batches += 1

    def on_train_epoch_end(self, trainer: lightning.Trainer, system: lightning.LightningModule) -> None:
        if not self._batches:
            return
        means = {name: float(value) / self._batches for name, value in self._sums.items()}
        standing = means["change"] < self.limits["change"] or means.get("masked", 0.0) > self.limits["masked"]
        if standing:
            self._warn(
                "standing",
                f"neighbouring frames differ by {255 * means['change']:.2g} grey levels on average: a camera that"
                " stands teaches nothing; check the stride of the data, and that frames that stand are left out",
            )
        elif trainer.current_epoch > 0 and means.get("explained", 1.0) < self.limits["explained"]:
            self._warn(
                "explained",
                f"synthesised views come {means['explained']:.0%} closer to the frames than no motion at all: check the"
                " camera's intrinsics and distortion, the order of the frames, and model.learning_rate.start",
            )
        if means["spread"] < self.limits["spread"]:
            self._warn(
                "spread",
                f"depth is nearly the same everywhere (disparity varies by {means['spread']:.1%}): check that frames"
                " move, that the intrinsics are right, and that model.losses.smoothness and model.learning_rate.start"
                " are not too large",
            )

    def _warn(self, cause: str, message: str) -> None:
        if cause not in self._told:
            self._told.add(cause)
            rank_zero_warn(message)


def implausible(width: int, height: int, matrix: Tensor) -> str | None:
    """Why no real camera of this size has the intrinsics ``[3, 3]``; None if one may."""
    fx, fy, cx, cy = (float(matrix[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    if not all(math.isfinite(value) for value in (fx, fy, cx, cy)) or min(fx, fy) <= 0:
        return f"the intrinsics have focal lengths {fx:.4g}, {fy:.4g} and principal point {cx:.4g}, {cy:.4g}"
    angle = 2.0 * math.degrees(math.atan(0.5 * width / fx))
    if not NARROWEST < angle < WIDEST:
        return f"a focal length of {fx:.4g} pixels at {width} columns is a field of view of {angle:.3g} degrees"
    if abs(cx / width - 0.5) > 0.3 or abs(cy / height - 0.5) > 0.4:
        return f"the principal point {cx:.4g}, {cy:.4g} is far from the middle of {width}x{height} pixels"
    return None


def _cameras(batch: Sample) -> list[tuple[int, int, Tensor]]:
    if "intrinsics" not in batch:
        return []
    height, width = batch["images"].shape[2:4]
    return [(width, height, matrix) for matrix in torch.unbind(batch["intrinsics"].cpu())]
