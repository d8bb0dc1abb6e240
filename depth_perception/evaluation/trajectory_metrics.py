"""How far an estimated trajectory is from the true one. Several figures go by the name of ATE: here each has its own.

Convention:
    A trajectory is ``[N, 4, 4]``, poses of the body in a fixed frame, one for each pose of the other trajectory and
    in the same order (see `TimedPoses.at` to bring them to the same times). The fixed frames need not agree: an
    alignment takes the estimate's into the truth's, and every figure says which one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from depth_perception.evaluation.errors import EvaluationError

Poses = npt.NDArray[np.float64]

Alignment = Literal["origin", "scale", "se3", "sim3"]
"""How the estimate is brought onto the truth before it is judged.

``origin``: first pose onto first pose, nothing else. ``scale``: the same, then one factor by least squares.
``se3``: rotation and translation by least squares over all positions. ``sim3``: these and a factor (Umeyama 1991).
"""

KITTI_LENGTHS = (100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0)
"""Metres; segment lengths of the KITTI odometry benchmark."""


@dataclass(frozen=True)
class Similarity:
    """``x -> scale * rotation @ x + translation``: from the estimate's frame into the truth's."""

    rotation: npt.NDArray[np.float64]
    translation: npt.NDArray[np.float64]
    scale: float

    def apply(self, poses: Poses) -> Poses:
        """The poses ``[N, 4, 4]`` in the new frame, their positions scaled."""
        moved = np.array(poses, np.float64)
        moved[:, :3, :3] = self.rotation @ poses[:, :3, :3]
        moved[:, :3, 3] = self.scale * poses[:, :3, 3] @ self.rotation.T + self.translation
        return moved


@dataclass(frozen=True)
class TrajectoryMetrics:
    """Errors of one trajectory after one named alignment. Lengths in metres."""

    alignment: Alignment
    scale: float
    """What the alignment multiplied the estimate by; 1 without scale."""
    poses: int
    path_length: float
    """Of the truth."""
    ate_rmse: float
    """Root mean square of the distances between aligned and true positions."""
    ate_median: float
    ate_max: float
    ate_percent: float
    """`ate_rmse` in percent of `path_length`."""
    end_error_percent: float
    """Distance between the last positions in percent of `path_length`."""
    rpe_translation: float
    """Root mean square of the translation error of the motion from one pose to the next, metres."""
    rpe_rotation: float
    """The same of its rotation, degrees."""
    t_err: float | None
    """KITTI's drift: mean translation error over all segments of 100 to 800 m, percent; None if the path is shorter."""
    r_err: float | None
    """The same of rotation, degrees per 100 m."""


@dataclass(frozen=True)
class Segment:
    """A stretch of the way, from pose `first` to pose `last`, and how far the estimate went astray on it."""

    first: int
    last: int
    length: float
    start: float
    """Metres along the true path, where it begins."""
    t_err: float
    """Percent of the length."""
    r_err: float
    """Degrees per 100 m."""


def align(truth: npt.ArrayLike, estimate: npt.ArrayLike, alignment: Alignment) -> Similarity:
    """The transform that `alignment` names, from the estimate's frame into the truth's.

    Raises: `EvaluationError` if the trajectories are not ``[N, 4, 4]`` of one length of at least two, the alignment is
        unknown, or a scale is asked for and the estimate does not move.
    """
    true, estimated = _checked(truth, estimate)
    if alignment == "origin":
        return _onto_first_pose(true, estimated, 1.0)
    if alignment == "scale":
        ours = estimated[:, :3, 3] - estimated[0, :3, 3]
        # in the frame of the first pose, where both trajectories start at the origin with the same heading
        ours = ours @ estimated[0, :3, :3]
        theirs = (true[:, :3, 3] - true[0, :3, 3]) @ true[0, :3, :3]
        length = float(np.sum(ours**2))
        if length < 1e-12:
            raise EvaluationError("the estimated trajectory does not move: there is no scale to align it with")
        return _onto_first_pose(true, estimated, float(np.sum(ours * theirs)) / length)
    if alignment in ("se3", "sim3"):
        return umeyama(estimated[:, :3, 3], true[:, :3, 3], with_scale=alignment == "sim3")
    raise EvaluationError(f"alignment '{alignment}' is not known, expected one of {', '.join(get_args(Alignment))}")


def umeyama(source: npt.ArrayLike, target: npt.ArrayLike, *, with_scale: bool) -> Similarity:
    """The least-squares similarity that takes points ``source`` ``[N, 3]`` onto ``target`` ``[N, 3]``.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991,
    equations 38 to 43. On a straight line the rotation about the line is not determined: any of them is returned.

    Raises: `EvaluationError` if a scale is asked for and all source points are the same.
    """
    x, y = np.asarray(source, np.float64), np.asarray(target, np.float64)
    centre_x, centre_y = x.mean(axis=0), y.mean(axis=0)
    covariance = (y - centre_y).T @ (x - centre_x) / len(x)
    u, singular, v = np.linalg.svd(covariance)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(v))])
    rotation = u @ np.diag(signs) @ v
    scale = 1.0
    if with_scale:
        variance = float(np.mean(np.sum((x - centre_x) ** 2, axis=1)))
        if variance < 1e-12:
            raise EvaluationError("the estimated trajectory does not move: there is no scale to align it with")
        scale = float(np.sum(singular * signs)) / variance
    return Similarity(rotation, centre_y - scale * rotation @ centre_x, scale)


def trajectory_metrics(
    truth: npt.ArrayLike,
    estimate: npt.ArrayLike,
    alignment: Alignment,
    *,
    segment_lengths: tuple[float, ...] = KITTI_LENGTHS,
) -> TrajectoryMetrics:
    """All figures of one trajectory, after aligning it as named.

    Raises: `EvaluationError` as `align` does, and if the truth does not move.
    """
    true, estimated = _checked(truth, estimate)
    similarity = align(true, estimated, alignment)
    aligned = similarity.apply(estimated)
    distances = np.linalg.norm(aligned[:, :3, 3] - true[:, :3, 3], axis=1)
    length = path_length(true)
    if length < 1e-6:
        raise EvaluationError("the true trajectory does not move: there is nothing to measure drift against")
    ate_rmse = _rms(distances)
    steps = relative_errors(true, aligned)
    drift = segment_drift(true, aligned, segment_lengths)
    return TrajectoryMetrics(
        alignment=alignment,
        scale=similarity.scale,
        poses=len(true),
        path_length=length,
        ate_rmse=ate_rmse,
        ate_median=float(np.median(distances)),
        ate_max=float(distances.max()),
        ate_percent=100.0 * ate_rmse / length,
        end_error_percent=100.0 * float(distances[-1]) / length,
        rpe_translation=_rms(np.linalg.norm(steps[:, :3, 3], axis=1)),
        rpe_rotation=_rms(np.degrees(_angles(steps))),
        t_err=None if drift is None else drift[0],
        r_err=None if drift is None else drift[1],
    )


def path_length(poses: npt.ArrayLike) -> float:
    """Metres travelled along ``[N, 4, 4]``."""
    positions = np.asarray(poses, np.float64)[:, :3, 3]
    return float(np.linalg.norm(np.diff(positions, axis=0), axis=1).sum())


def relative_errors(truth: npt.ArrayLike, estimate: npt.ArrayLike, step: int = 1) -> Poses:
    """``inverse(true motion) @ estimated motion`` over every `step` poses, ``[N - step, 4, 4]``.

    Source: Sturm et al., "A Benchmark for the Evaluation of RGB-D SLAM Systems", IROS 2012, equation 2.
    """
    true, estimated = _checked(truth, estimate)
    true_motion = np.linalg.inv(true[:-step]) @ true[step:]
    estimated_motion = np.linalg.inv(estimated[:-step]) @ estimated[step:]
    return np.asarray(np.linalg.inv(true_motion) @ estimated_motion, np.float64)


def segments(
    truth: npt.ArrayLike, estimate: npt.ArrayLike, lengths: tuple[float, ...] = KITTI_LENGTHS
) -> list[Segment]:
    """What KITTI's odometry errors are means of: every tenth pose starts a segment of each length; it ends at the first
    pose farther along the true path.

    Source: the development kit of the KITTI odometry benchmark (Geiger et al., CVPR 2012).
    """
    true, estimated = _checked(truth, estimate)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(true[:, :3, 3], axis=0), axis=1))])
    found = []
    for first in range(0, len(true), 10):
        for length in lengths:
            last = int(np.searchsorted(along, along[first] + length, side="right"))
            if last == len(true):
                continue
            true_motion = np.linalg.inv(true[first]) @ true[last]
            error = np.linalg.inv(np.linalg.inv(estimated[first]) @ estimated[last]) @ true_motion
            translation = 100.0 * float(np.linalg.norm(error[:3, 3])) / length
            rotation = 100.0 * float(np.degrees(_angles(error[None])[0])) / length
            found.append(Segment(first, last, length, float(along[first]), translation, rotation))
    return found


def segment_drift(
    truth: npt.ArrayLike, estimate: npt.ArrayLike, lengths: tuple[float, ...] = KITTI_LENGTHS
) -> tuple[float, float] | None:
    """KITTI's odometry errors (t_err in percent, r_err in degrees per 100 m), or None if no segment is long enough."""
    found = segments(truth, estimate, lengths)
    if not found:
        return None
    return float(np.mean([item.t_err for item in found])), float(np.mean([item.r_err for item in found]))


def straight_line(truth: npt.ArrayLike) -> Poses:
    """What odometry has to beat, ``[N, 4, 4]``: from the first pose on the mean of the true motion, and no turn."""
    true, _ = _checked(truth, truth)
    steps = np.diff(true[:, :3, 3], axis=0)
    in_body = np.einsum("nji,nj->ni", true[:-1, :3, :3], steps)
    line = np.tile(np.eye(4), (len(true), 1, 1))
    line[:, :3, 3] = np.arange(len(true))[:, None] * in_body.mean(axis=0)
    return np.asarray(true[0] @ line, np.float64)


def _onto_first_pose(truth: Poses, estimate: Poses, scale: float) -> Similarity:
    rotation = truth[0, :3, :3] @ estimate[0, :3, :3].T
    return Similarity(rotation, truth[0, :3, 3] - scale * rotation @ estimate[0, :3, 3], scale)


def _checked(truth: npt.ArrayLike, estimate: npt.ArrayLike) -> tuple[Poses, Poses]:
    true, estimated = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    if true.shape != estimated.shape or true.ndim != 3 or true.shape[1:] != (4, 4) or len(true) < 2:
        raise EvaluationError(
            f"trajectories have shapes {true.shape} and {estimated.shape}, expected [N, 4, 4] twice with N >= 2"
        )
    return true, estimated


def _angles(motions: Poses) -> npt.NDArray[np.float64]:
    """Rotation angle of each, radians; by the antisymmetric part too, since arccos is blind to small angles."""
    r = motions[:, :3, :3]
    sine = np.linalg.norm(
        np.stack([r[:, 2, 1] - r[:, 1, 2], r[:, 0, 2] - r[:, 2, 0], r[:, 1, 0] - r[:, 0, 1]], axis=1), axis=1
    )
    return np.asarray(np.arctan2(sine, np.trace(r, axis1=1, axis2=2) - 1.0), np.float64)


def _rms(values: npt.NDArray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
