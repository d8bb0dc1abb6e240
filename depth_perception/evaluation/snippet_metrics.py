"""The trajectory error of short snippets, as SfMLearner reports it: another figure than the ATE of whole trajectories.

Convention:
    As in `trajectory_metrics`: ``[N, 4, 4]`` poses, one for each of the other trajectory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.errors import EvaluationError


@dataclass(frozen=True)
class SnippetErrors:
    """`ate_sfmlearner` of every snippet of one trajectory, metres."""

    frames: int
    """Of a snippet; figures of different lengths cannot be compared."""
    snippets: int
    mean: float
    std: float


def ate_sfmlearner(truth: npt.ArrayLike, estimate: npt.ArrayLike) -> float:
    """The error of one snippet ``[n, 4, 4]``, metres.

    Both begin at their first pose, the estimate is scaled by sum(truth . estimate) / sum(estimate^2), and the root is
    taken of the *sum* of squared distances, then divided by n: RMSE / sqrt(n). An estimate that does not move has scale
    0.
    Source: Zhou et al., "Unsupervised Learning of Depth and Ego-Motion from Video", CVPR 2017, and their code.

    Raises: `EvaluationError` if the snippets are not ``[n, 4, 4]`` of one length.
    """
    true, estimated = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    if true.shape != estimated.shape or true.ndim != 3 or true.shape[1:] != (4, 4):
        raise EvaluationError(f"snippets have shapes {true.shape} and {estimated.shape}, expected [n, 4, 4] twice")
    theirs, ours = _positions(true), _positions(estimated)
    length = float(np.sum(ours**2))
    scale = float(np.sum(theirs * ours)) / length if length > 0 else 0.0
    return float(np.sqrt(np.sum((theirs - scale * ours) ** 2)) / len(true))


def snippet_errors(truth: npt.ArrayLike, snippets: npt.ArrayLike) -> SnippetErrors:
    """Mean and standard deviation over all snippets of a trajectory, each with a scale of its own.

    Args:
        truth: the whole trajectory ``[N, 4, 4]``.
        snippets: ``[N - n + 1, n, 4, 4]``: one that begins at each pose; their frames need not agree.

    Raises: `EvaluationError` if there are not as many, or none.
    """
    true, estimated = np.asarray(truth, np.float64), np.asarray(snippets, np.float64)
    if estimated.ndim != 4 or len(estimated) < 1 or len(estimated) != len(true) - estimated.shape[1] + 1:
        raise EvaluationError(
            f"{len(true)} true poses and snippets of shape {estimated.shape}: expected [N - n + 1, n, 4, 4], one for"
            " each pose that has n - 1 behind it"
        )
    frames = estimated.shape[1]
    errors = [ate_sfmlearner(true[i : i + frames], snippet) for i, snippet in enumerate(estimated)]
    return SnippetErrors(frames, len(errors), float(np.mean(errors)), float(np.std(errors)))


def _positions(poses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """In the frame of the first pose."""
    return np.asarray((np.linalg.inv(poses[0]) @ poses)[:, :3, 3], np.float64)
