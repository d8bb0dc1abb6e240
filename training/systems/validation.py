"""How good depth and motion are on samples whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from depth_perception.evaluation.depth_metrics import DepthMetrics, depth_metrics
from training.motion import matrix_from_motion

STANDING = 0.05
"""Metres below which a relative error of translation says nothing."""


@dataclass
class ValidationFigures:
    """Errors of one process's samples, in the order of its loader; their mean is over all processes.

    Attributes:
        scaled: depth metrics of each sample after median scaling.
        metric: and as the network says it.
        motions: of each sample, its motions' errors: translation over distance, and rotation in degrees.
    """

    scaled: list[DepthMetrics] = field(default_factory=list)
    metric: list[DepthMetrics] = field(default_factory=list)
    motions: list[list[tuple[float, float]]] = field(default_factory=list)

    def add(self, depth: Tensor, true_depth: Tensor, motions: Tensor, true_motions: Tensor) -> None:
        """Depths ``[B, H, W]`` in metres and motions ``[B, n, 6]``; NaN is unknown."""
        for predicted, truth in zip(depth.float().cpu().numpy(), true_depth.cpu().numpy(), strict=True):
            self.scaled.append(depth_metrics(truth, predicted))
            self.metric.append(depth_metrics(truth, predicted, scale=None))
        self.motions += [
            motion_errors(*pair) for pair in zip(motions.cpu().double(), true_motions.cpu().double(), strict=True)
        ]

    def means(self, samples: int, rank: int, ranks: int, total: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """The mean of each figure, NaN where nothing was known.

        A distributed loader gives every process as many samples and repeats some for that; no sample counts twice.

        Args:
            samples: of the data set, of which process `rank` of `ranks` has every `ranks`-th.
            total: the sum of a tensor over all processes.
        """
        own = len(range(rank, samples, ranks))
        motions = [error for errors in self.motions[:own] for error in errors]
        figures = {
            "abs_rel": [item.abs_rel for item in self.scaled[:own]],
            "a1": [item.a1 for item in self.scaled[:own]],
            "rmse": [item.rmse for item in self.scaled[:own]],
            "abs_rel_metric": [item.abs_rel for item in self.metric[:own]],
            "translation": [translation for translation, _ in motions],
            "rotation_degrees": [rotation for _, rotation in motions],
        }
        sums = torch.tensor([(float(np.sum(values)), len(values)) for values in figures.values()], dtype=torch.float64)
        sums = total(sums)
        return {name: float(value / count) for name, (value, count) in zip(figures, sums, strict=True)}


def motion_errors(motions: Tensor, truth: Tensor) -> list[tuple[float, float]]:
    """Of each known motion that goes somewhere: translation error over distance, and rotation error in degrees.

    Args:
        motions, truth: ``[n, 6]``, in double precision: a small angle drowns in anything less.
    """
    errors = []
    for motion, true in zip(motions, truth, strict=True):
        distance = float(true[3:].norm())
        if distance > STANDING:  # also False for NaN
            turn = matrix_from_motion(motion)[:3, :3].T @ matrix_from_motion(true)[:3, :3]
            angle = torch.arccos(((turn.trace() - 1.0) / 2.0).clamp(-1.0, 1.0))
            errors.append((float((motion[3:] - true[3:]).norm()) / distance, float(torch.rad2deg(angle))))
    return errors
