"""One focal length for every camera: how networks that know a single focal length serve all others.

A network is trained as if every camera had the focal length `trained` (both in pixels of the network's input). What
it says about an image of a camera of focal length `focal_length` is about a *canonical* world: the same pixels, seen
through `trained`. Depth and forward motion there are ``trained / focal_length`` times as long, turning left-right and
up-down moves the pixels ``focal_length / trained`` times as far, sideways motion and roll are the same.

In the same way a network may take every camera's principal point to be in the middle of the image. Where it is not, all
rays are slanted by one offset, and the world leans: what goes straight ahead seems to go a little aside.

Source: Yin et al., "Metric3D" (2023), section 3.2, for depth; the motion follows from the same change of camera.

Convention:
    Optical axes: x right, y down, z forward. Motions are `T_k_(k+1)`, ``[..., 4, 4]``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.pose import Array, pose_from, rotation_from_vector, vector_from_rotation


def depth_factor(focal_length: float, trained: float) -> float:
    """What canonical depth is to be multiplied with to be depth of a camera of `focal_length`.

    Raises: `GeometryError` if one of them is not a positive number.
    """
    if not (np.isfinite(focal_length) and np.isfinite(trained) and focal_length > 0 and trained > 0):
        raise GeometryError(f"focal lengths are {focal_length} and {trained} pixels, expected positive numbers")
    return focal_length / trained


def motion_from_canonical(motion: npt.ArrayLike, focal_length: float, trained: float) -> Array:
    """The motion of the camera from the canonical one a network answers, both ``[..., 4, 4]``.

    Exact for translation and for roll; pan and tilt are those that move the middle of the image as far, to first order
    in the angle.
    """
    return _stretched(motion, depth_factor(focal_length, trained))


def motion_from_centred(motion: npt.ArrayLike, offset: npt.ArrayLike) -> Array:
    """The motion of the camera from that of one with the same images, but its principal point in the middle of them,
    both ``[..., 4, 4]``.

    Exact for translation, to first order for turns.

    Args:
        offset: of the principal point from the middle, to the right and down, ``[2]``, in focal lengths.
    """
    motion = _motions(motion)
    rotation, step = vector_from_rotation(motion[..., :3, :3]), motion[..., :3, 3]
    slanted = np.append(np.asarray(offset, np.float64), 0.0)
    return pose_from(rotation_from_vector(rotation - slanted * rotation[..., 2:]), step - slanted * step[..., 2:])


def motion_to_canonical(motion: npt.ArrayLike, focal_length: float, trained: float) -> Array:
    """The canonical motion a network is to learn from the camera's own: the inverse of `motion_from_canonical`."""
    return _stretched(motion, depth_factor(trained, focal_length))


def _stretched(motion: npt.ArrayLike, factor: float) -> Array:
    motion = _motions(motion)
    rotation = vector_from_rotation(motion[..., :3, :3]) * [1 / factor, 1 / factor, 1.0]
    return pose_from(rotation_from_vector(rotation), motion[..., :3, 3] * [1.0, 1.0, factor])


def _motions(motion: npt.ArrayLike) -> Array:
    motion = np.asarray(motion, np.float64)
    if motion.shape[-2:] != (4, 4):
        raise GeometryError(f"motion has shape {motion.shape}, expected (..., 4, 4)")
    return motion
