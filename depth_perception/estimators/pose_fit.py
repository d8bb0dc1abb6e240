"""The pose of a camera from corners whose depth is known more or less.

Each corner has a ray and an inverse depth with a variance in a keyframe. Where it should be seen from another pose is
then known exactly across its epipolar line and loosely along it: its residual is weighted by that. A corner of unknown
depth says what an essential matrix would make of it, one of known depth what a perspective-n-point solver would, and
all between the two says as much as it knows.

Convention:
    Optical axes: x right, y down, z forward. A pose is ``T_camera_keyframe`` ``[4, 4]``: points of the keyframe into
    the camera. Rays have z = 1. Small changes of a pose are ``[6]``: rotation, then translation, applied from the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.geometry.pose import Array, pose_from

_NEAREST = 0.02
"""Share of its depth in the keyframe that a point must lie in front of the camera."""
_ANY_DEPTH = 10.0
"""Sigma of an inverse depth, 1/m, that leaves it free."""
_FEWEST_LENGTHS = 12
"""Corners by which the length of a step can be told."""
_FARTHEST = -0.01
"""Least inverse depth, 1/m: a little beyond infinity, where noise may put what is far, and nothing farther."""
OUTLIER = 3.0
"""Standard deviations of the residual of a corner that does not belong to what stands still."""
_SHARPEST = 2.5
_SCHEDULE = (6.0, 2.5, 1.0, 1.0, 1.0)
"""Width of the robust kernel in each step, from wide to sharp: so a start somewhat beside the minimum reaches it."""
_CONVERGED = 3e-5


@dataclass(frozen=True)
class Sight:
    """Corners as seen from one pose.

    Attributes:
        residual: ``[2, n]``, seen minus expected with the depth that was known, on the image plane at z = 1.
        along: ``[2, n]``, how the expected place moves with inverse depth.
        points: ``[3, n]``, of the camera, times their inverse depth in the keyframe.
        distances: ``[n]``, squared length of the residual in standard deviations.
        gain: ``[n]``, what a residual along `along` changes the inverse depth by.
        change: ``[n]``, of the inverse depth in the keyframe, if the pose is right.
    """

    residual: Array
    along: Array
    points: Array
    distances: Array
    gain: Array
    change: Array

    @property
    def inliers(self) -> npt.NDArray[np.bool_]:
        return self.distances < OUTLIER**2

    @property
    def cost(self) -> float:
        """Robust: of a hundred corners, one that is far off costs no more than a hundredth of them."""
        return float(np.mean(1.0 - _SHARPEST**2 / (self.distances + _SHARPEST**2)))  # 1 of what is behind the camera


def sight(pose: Array, rays: Array, inverse_depth: Array, variance: Array, seen: Array, noise: float) -> Sight:
    """How corners seen at ``[n, 2]`` (on the image plane at z = 1) fit a pose.

    Args:
        rays: ``[n, 3]``.
        inverse_depth, variance: ``[n]``, in the keyframe.
        noise: One sigma of a corner's place, on the image plane at z = 1.
    """
    (u, v, w), (seen_u, seen_v), (x, y, z) = pose[:3, :3] @ rays.T, seen.T, pose[:3, 3]
    believed = inverse_depth
    # Twice: where a corner is seen bends with its depth, so the second look is from the depth that the first one gave.
    for _ in range(2):
        depth = w + believed * z
        behind = depth < _NEAREST
        near = 1.0 / np.where(behind, 1.0, depth)
        column, row = (u + believed * x) * near, (v + believed * y) * near
        along_u, along_v = (x - column * z) * near, (y - row * z) * near
        back = inverse_depth - believed
        off_u, off_v = seen_u - column - along_u * back, seen_v - row - along_v * back
        gain = variance / (noise**2 + variance * (along_u * along_u + along_v * along_v))
        told = along_u * off_u + along_v * off_v
        change = gain * told
        looked, believed = believed, np.where(behind, inverse_depth, np.maximum(inverse_depth + change, _FARTHEST))
    # S = noise^2 I + variance along along^T has this inverse (Sherman-Morrison):
    distances = (off_u * off_u + off_v * off_v - told * change) / noise**2
    # Nothing lies beyond infinity. What moves as if it did was mistaken for something else, as happens where a texture
    # repeats: it is as far off as the farthest depth leaves it, or it would bear out any pose that its line fits.
    least = _FARTHEST - inverse_depth
    left_u, left_v = off_u - along_u * least, off_v - along_v * least
    there = (left_u * left_u + left_v * left_v) / noise**2 + least * least / variance
    distances = np.where(change < least, there, distances)
    distances[behind] = np.inf
    points = np.array((u + looked * x, v + looked * y, depth))
    change = np.maximum(change, least)
    return Sight(np.array((off_u, off_v)), np.array((along_u, along_v)), points, distances, gain, change)


@dataclass(frozen=True)
class PoseFit:
    """A pose with what is known of its errors.

    Attributes:
        pose: ``T_camera_keyframe``.
        covariance: ``[6, 6]`` of a small change of it, for errors of corners that are independent.
    """

    pose: Array
    covariance: Array


def fit_pose(start: Array, rays: Array, inverse_depth: Array, variance: Array, seen: Array, noise: float) -> PoseFit:
    """The pose that corners fit best, from a start near it; arguments as in `sight`.

    Source: Gauss-Newton, iteratively reweighted with Geman and McClure's kernel, its width graduated (Yang et al.,
    "Graduated Non-Convexity for Robust Spatial Perception", RA-L 2020).
    """
    pose = np.array(start, np.float64)
    count = len(rays)
    jacobian, across = np.zeros((2, 6, count)), np.empty((2, count))  # first of columns, then of rows
    information = np.zeros((6, 6))
    for width in _SCHEDULE:
        at = sight(pose, rays, inverse_depth, variance, seen, noise)
        kernel = (width * _SHARPEST) ** 2
        weight = kernel / (at.distances + kernel) / noise
        z = np.maximum(at.points[2], _NEAREST)
        x, y, near = at.points[0] / z, at.points[1] / z, (inverse_depth + at.change) / z
        (column, row) = jacobian
        column[0], column[1], column[2], column[3], column[5] = -x * y, 1 + x * x, -y, near, -x * near
        row[0], row[1], row[2], row[4], row[5] = -1 - y * y, x * y, x, near, -y * near
        # Whitening: along the epipolar line everything shrinks to what the depth leaves known.
        length = at.along[0] ** 2 + at.along[1] ** 2
        shrink = (1.0 - np.sqrt(np.maximum(1.0 - at.gain * length, 0.0))) / (length + 1e-20)
        np.multiply(at.along, np.sqrt(shrink), out=across)
        residual = at.residual - across * np.sum(across * at.residual, axis=0)
        whitened = jacobian - across[:, None] * (across[0] * column + across[1] * row)
        rows = (whitened * weight).transpose(1, 0, 2).reshape(6, -1)
        information = rows @ rows.T + 1e-9 * np.eye(6)
        step = np.linalg.solve(information, rows @ (residual * weight).reshape(-1))
        turn = cv2.Rodrigues(step[:3])[0]
        pose = pose_from(turn @ pose[:3, :3], turn @ pose[:3, 3] + step[3:])
        if width == 1.0 and np.abs(step).max() < _CONVERGED:
            break
    return PoseFit(pose, np.asarray(np.linalg.inv(information), np.float64))


def length_change(
    pose: Array, rays: Array, inverse_depth: Array, variance: Array, seen: Array, noise: float
) -> float | None:
    """The factor by which the step of a pose should be longer, by the middle corner; None if no corner can tell.

    Arguments as in `sight`. Least squares follows the long tail of depths that are wrong, as beside edges; the middle
    one, each corner weighted by what its depth and its parallax leave known, does not.
    """
    at = sight(pose, rays, inverse_depth, variance, seen, noise)
    free = sight(pose, rays, inverse_depth, np.full(len(rays), _ANY_DEPTH**2), seen, noise)
    told = inverse_depth + free.change
    moves = np.linalg.norm(free.along, axis=0) * told
    tells = at.inliers & (inverse_depth > 0) & (told > 0) & (moves > 2 * noise)
    if np.count_nonzero(tells) < _FEWEST_LENGTHS:
        return None
    told, known, moves, spread = told[tells], inverse_depth[tells], moves[tells], variance[tells]
    weight = 1.0 / (spread / known**2 + (noise / moves) ** 2)
    order = np.argsort(told / known)
    middle = np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())
    return float((told / known)[order[middle]])


def pose_from_epipolar(
    rays: Array, inverse_depth: Array, variance: Array, seen: Array, noise: float, length: float
) -> Array | None:
    """The pose by the essential matrix, which knows of no depth; arguments as in `sight`. None if there is none.

    The length of the step is the one that explains the inverse depths of most corners.

    Args:
        length: Of the step, for corners without any depth.

    Source: Nister's five points in OpenCV's USAC (Raguram et al., "USAC", PAMI 2013).
    """
    threshold = 1.5 * noise
    try:
        essential, mask = cv2.findEssentialMat(rays[:, :2], seen, np.eye(3), cv2.USAC_FAST, 0.999, threshold)
    except cv2.error:  # too few corners, or none that agree
        return None
    if essential is None or essential.shape != (3, 3):
        return None
    u, _, v = np.linalg.svd(np.asarray(essential, np.float64))
    u, v = u * np.sign(np.linalg.det(u)), v * np.sign(np.linalg.det(v))
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    rotation = max((u @ quarter @ v, u @ quarter.T @ v), key=np.trace)
    direction = u[:, 2]
    # Of seen x (rotated + inverse depth * step) = 0, the part along the epipolar line.
    rotated = rays @ rotation.T
    along = seen * direction[2] - direction[:2]
    moved = rotated[:, :2] - seen * rotated[:, 2:]
    per_step = np.sum(along * moved, axis=1) / np.maximum(np.sum(along**2, axis=1), 1e-12)
    agreeing = (mask[:, 0] > 0) & (np.linalg.norm(moved, axis=1) > 2 * noise)
    if np.count_nonzero(agreeing) < 8:
        return None
    if np.median(per_step[agreeing]) < 0:
        direction, per_step = -direction, -per_step
    known = agreeing & (np.sqrt(variance) < 0.5 * inverse_depth) & (per_step > 0)
    if np.count_nonzero(known) >= 8:
        length = float(np.exp(np.median(np.log(per_step[known] / inverse_depth[known]))))
    return pose_from(rotation, length * direction)
