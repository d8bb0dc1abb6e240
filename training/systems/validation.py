"""How good depth and motion are on samples whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from depth_perception.evaluation.depth_metrics import depth_metrics
from depth_perception.evaluation.heights import LEVELS, NEAR, OBSTACLE, heights_above_ground
from depth_perception.evaluation.semantic_metrics import confusion, semantic_scores
from depth_perception.geometry.camera import Camera
from training.motion import matrix_from_motion

STANDING = 0.05
"""Metres below which a relative error of translation says nothing."""

FEWEST_PIXELS = 50
"""Of a layer of air in one picture: of fewer nothing is said."""


class ValidationFigures:
    """Errors of one process's samples, in the order of its loader; their mean is over all processes."""

    def __init__(self) -> None:
        self._values: dict[str, list[list[float]]] = {}  # of each figure and sample
        self._confusion: list[Tensor] = []

    def add(self, name: str, values: Iterable[Sequence[float]]) -> None:
        """What of a figure each of the next samples has: any number of values, none where nothing is known."""
        self._values.setdefault(name, []).extend(list(item) for item in values)

    def add_depth(self, depth: Tensor, true_depth: Tensor, intrinsics: Tensor) -> None:
        """Depths ``[B, H, W]`` in metres, after median scaling and as the network says it; NaN is unknown.

        And as it says it, how much too far it puts what lies up to `NEAR` away on the ground and in each layer of air
        above it: the median of predicted over true depth. It is ``obstacles`` that a vehicle can run into.

        Args:
            intrinsics: ``[B, 3, 3]``.
        """
        for predicted, truth, matrix in zip(
            depth.float().cpu().numpy(), true_depth.cpu().numpy(), intrinsics.cpu().numpy(), strict=True
        ):
            known = bool(np.any(np.isfinite(truth) & (truth > 0)))
            scaled = depth_metrics(truth, predicted) if known else None
            metric = depth_metrics(truth, predicted, scale=None) if known else None
            for name in ("abs_rel", "a1", "rmse"):
                self.add(name, [[getattr(scaled, name)] if scaled else []])
            for name in ("abs_rel", "rmse"):
                self.add(f"{name}_metric", [[getattr(metric, name)] if metric else []])
            self._add_heights(predicted, truth, matrix)

    def _add_heights(self, predicted: npt.NDArray, truth: npt.NDArray, matrix: npt.NDArray) -> None:
        (fx, _, cx), (_, fy, cy), _ = matrix.tolist()
        camera = Camera(truth.shape[1], truth.shape[0], fx, fy, cx, cy)
        heights = heights_above_ground(truth, camera)
        within = np.isfinite(truth) & (truth > 0) & (truth < NEAR)
        ratio = predicted[within] / truth[within]
        for name, (low, high) in (LEVELS | {"obstacles": (OBSTACLE, np.inf)}).items():
            there = np.zeros(0, bool) if heights is None else (heights[within] >= low) & (heights[within] < high)
            found = ratio[there] if np.count_nonzero(there) >= FEWEST_PIXELS else ratio[:0]
            self.add(f"ratio/{name}", [[float(np.median(found))] if found.size else []])
            if name == "obstacles":
                self.add("abs_rel_obstacles", [[float(np.mean(np.abs(found - 1.0)))] if found.size else []])

    def add_motions(self, motions: Tensor, true_motions: Tensor) -> None:
        """Motions ``[B, n, 6]``; NaN is unknown."""
        errors = [
            motion_errors(*pair) for pair in zip(motions.cpu().double(), true_motions.cpu().double(), strict=True)
        ]
        self.add("translation", [[translation for translation, _ in item] for item in errors])
        self.add("rotation_degrees", [[rotation for _, rotation in item] for item in errors])

    def add_semantics(self, scores: Tensor, labels: Tensor) -> None:
        """Scores ``[B, K, H, W]`` of classes, and the true ones ``[B, H, W]``; outside 0 to K - 1 is unknown."""
        classes = scores.shape[1]
        for answer, truth in zip(scores.argmax(1).cpu(), labels.cpu().long(), strict=True):
            counts = confusion(truth.numpy(), answer.numpy(), classes)
            self._confusion.append(torch.from_numpy(counts).double())

    def means(self, samples: int, rank: int, ranks: int, total: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """The mean of each figure of which anything was known.

        With semantics also ``pixel_accuracy`` and ``miou``, the mean intersection over union.

        A distributed loader gives every process as many samples and repeats some for that; no sample counts twice.

        Args:
            samples: of the data set, of which process `rank` of `ranks` has every `ranks`-th.
            total: the sum of a tensor over all processes.
        """
        own = len(range(rank, samples, ranks))
        flat = {name: [value for item in items[:own] for value in item] for name, items in self._values.items()}
        sums = total(torch.tensor([(float(np.sum(v)), len(v)) for v in flat.values()], dtype=torch.float64))
        figures = {name: float(value / n) for name, (value, n) in zip(flat, sums, strict=True) if n}
        if self._confusion:
            pixels = total(torch.stack(self._confusion[:own]).sum(0)).cpu().numpy()
            if pixels.any():
                scores = semantic_scores(pixels)
                figures |= {name: scores[name] for name in ("pixel_accuracy", "miou")}
        return figures


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
