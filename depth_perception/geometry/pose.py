"""Rigid motions as 4x4 matrices, rotations as matrices, vectors, quaternions and angles.

Convention:
    `T_a_b`, ``[4, 4]``, is the pose of b in a: it takes points of b into a. Rotation vectors are axis times angle in
    radians, quaternions are (x, y, z, w) as in ROS. Angles are roll, pitch, yaw about the fixed axes x, y, z (REP-103).
    Optical axes: x right, y down, z forward. Body axes (REP-103): x forward, y left, z up.
    Everything is float64, and leading dimensions are a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import GeometryError

Array: TypeAlias = npt.NDArray[np.float64]

BODY_FROM_OPTICAL: Array = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""Axes of an optical frame in the body frame of the same device, ``[4, 4]``: a rotation only."""
BODY_FROM_OPTICAL.setflags(write=False)


def pose_from(rotation: npt.ArrayLike, translation: npt.ArrayLike) -> Array:
    """A pose ``[..., 4, 4]`` from its rotation matrix ``[..., 3, 3]`` and translation ``[..., 3]``."""
    rotation, translation = _checked(rotation, (3, 3), "rotation"), _checked(translation, (3,), "translation")
    pose = np.zeros((*np.broadcast_shapes(rotation.shape[:-2], translation.shape[:-1]), 4, 4))
    pose[..., :3, :3] = rotation
    pose[..., :3, 3] = translation
    pose[..., 3, 3] = 1.0
    return pose


def inverse(pose: npt.ArrayLike) -> Array:
    """The inverse of a rigid motion, ``[..., 4, 4]``."""
    pose = _checked(pose, (4, 4), "pose")
    transposed = np.swapaxes(pose[..., :3, :3], -1, -2)
    return pose_from(transposed, -np.einsum("...ij,...j->...i", transposed, pose[..., :3, 3]))


def transform(pose: npt.ArrayLike, points: npt.ArrayLike) -> Array:
    """Points ``[..., 3]`` of frame b in frame a, by one pose `T_a_b` ``[4, 4]``."""
    pose, points = _checked(pose, (4, 4), "pose"), _checked(points, (3,), "points")
    if pose.ndim != 2:
        raise GeometryError(f"pose has shape {pose.shape}, expected one pose (4, 4)")
    return points @ pose[:3, :3].T + pose[:3, 3]


def change_frame(motion: npt.ArrayLike, a_from_b: npt.ArrayLike) -> Array:
    """The `motion` of rigidly attached frame b, ``[..., 4, 4]``, as the motion of frame a: ``T_a_b motion T_b_a``."""
    motion, a_from_b = _checked(motion, (4, 4), "motion"), _checked(a_from_b, (4, 4), "a_from_b")
    return a_from_b @ motion @ inverse(a_from_b)


def rotation_from_vector(vector: npt.ArrayLike) -> Array:
    """Rotation matrices ``[..., 3, 3]`` of rotation vectors ``[..., 3]`` (Rodrigues), exact down to zero angle."""
    vector = _checked(vector, (3,), "rotation vector")
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    cross = cross_matrix(vector)
    # sin(a)/a and (1 - cos a)/a^2 = sin(a/2)^2 / (2 (a/2)^2), both without cancellation; np.sinc(x) is sin(pi x)/(pi x)
    return np.eye(3) + np.sinc(angle / np.pi) * cross + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (cross @ cross)


def vector_from_rotation(rotation: npt.ArrayLike) -> Array:
    """Rotation vectors ``[..., 3]`` with angle in [0, pi] of rotation matrices; as exact at zero and pi as between."""
    quaternion = quaternion_from_rotation(rotation)
    axis_part = quaternion[..., :3]
    sine = np.linalg.norm(axis_part, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, quaternion[..., 3:])
    tiny = sine < 1e-12  # there angle/sine is 2 to the last bit
    return np.where(tiny, 2.0, angle / np.where(tiny, 1.0, sine)) * axis_part


def rotation_from_quaternion(quaternion: npt.ArrayLike) -> Array:
    """Rotation matrices ``[..., 3, 3]`` of quaternions (x, y, z, w), ``[..., 4]``, of any length but zero.

    Raises: `GeometryError` for a quaternion of length zero, as an unset message field holds.
    """
    quaternion = _checked(quaternion, (4,), "quaternion")
    length = np.linalg.norm(quaternion, axis=-1, keepdims=True)
    if not np.all(length > 1e-9):
        raise GeometryError(f"quaternion {quaternion.tolist()} has length zero, expected a rotation such as 0, 0, 0, 1")
    x, y, z, w = np.moveaxis(quaternion / length, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternion_from_rotation(rotation: npt.ArrayLike) -> Array:
    """Unit quaternions (x, y, z, w) with w >= 0, ``[..., 4]``, of rotation matrices ``[..., 3, 3]``.

    Source: Shepperd, "Quaternion from rotation matrix" (1978): divides by the largest of the four components.
    """
    r = _checked(rotation, (3, 3), "rotation")
    xx, yy, zz = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    wx, wy, wz = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    xy, xz, yz = r[..., 0, 1] + r[..., 1, 0], r[..., 0, 2] + r[..., 2, 0], r[..., 1, 2] + r[..., 2, 1]
    # row i holds 4 q_i (x, y, z, w); every row is the quaternion, the one with the largest q_i is the accurate one
    rows = np.empty((*r.shape[:-2], 4, 4))
    rows[..., 0, 0], rows[..., 1, 1], rows[..., 2, 2] = 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz
    rows[..., 3, 3] = 1 + xx + yy + zz
    for a, b, value in ((0, 1, xy), (0, 2, xz), (1, 2, yz), (0, 3, wx), (1, 3, wy), (2, 3, wz)):
        rows[..., a, b] = rows[..., b, a] = value
    flat = rows.reshape(-1, 4, 4)
    largest = np.argmax(np.einsum("nii->ni", flat), axis=-1)
    quaternion = flat[np.arange(len(flat)), largest].reshape(*r.shape[:-2], 4)
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    return np.where(quaternion[..., 3:] < 0, -quaternion, quaternion)


def rotation_from_angles(roll: float, pitch: float, yaw: float) -> Array:
    """The rotation matrix ``[3, 3]`` of roll, pitch, yaw in radians about the fixed axes x, y, z, in this order."""
    return rotation_from_vector([0, 0, yaw]) @ rotation_from_vector([0, pitch, 0]) @ rotation_from_vector([roll, 0, 0])


def angles_from_rotation(rotation: npt.ArrayLike) -> tuple[float, float, float]:
    """Roll, pitch, yaw in radians of one rotation matrix ``[3, 3]``; at a pitch of +-90 degrees roll is zero."""
    r = _checked(rotation, (3, 3), "rotation")
    cosine = float(np.hypot(r[0, 0], r[1, 0]))
    pitch = float(np.arctan2(-r[2, 0], cosine))
    if cosine < 1e-9:
        return 0.0, pitch, float(np.arctan2(-r[0, 1], r[1, 1]))
    return float(np.arctan2(r[2, 1], r[2, 2])), pitch, float(np.arctan2(r[1, 0], r[0, 0]))


def cross_matrix(vector: npt.ArrayLike) -> Array:
    """The matrix ``[..., 3, 3]`` that takes p to ``vector x p``."""
    vector = _checked(vector, (3,), "vector")
    matrix = np.zeros((*vector.shape, 3))
    x, y, z = np.moveaxis(vector, -1, 0)
    matrix[..., 0, 1], matrix[..., 0, 2], matrix[..., 1, 2] = -z, y, -x
    matrix[..., 1, 0], matrix[..., 2, 0], matrix[..., 2, 1] = z, -y, x
    return matrix


def _checked(value: npt.ArrayLike, shape: tuple[int, ...], name: str) -> Array:
    array = np.asarray(value, np.float64)
    if array.shape[array.ndim - len(shape) :] != shape or array.ndim < len(shape):
        expected = ", ".join(map(str, shape))
        raise GeometryError(f"{name} has shape {array.shape}, expected (..., {expected})")
    return array


def camera_mount(numbers: Sequence[float]) -> Array:
    """`T_body_camera`, ``[4, 4]``, of x, y, z (m), roll, pitch, yaw (rad) of the camera's own body: optical axes."""
    x, y, z, roll, pitch, yaw = numbers
    return pose_from(rotation_from_angles(roll, pitch, yaw), [x, y, z]) @ BODY_FROM_OPTICAL


def mount_numbers(body_from_camera: Array) -> list[float]:
    """The six numbers of `camera_mount`."""
    body = body_from_camera @ inverse(BODY_FROM_OPTICAL)
    return [*body[:3, 3].tolist(), *angles_from_rotation(body[:3, :3])]
