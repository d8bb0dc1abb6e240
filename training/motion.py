"""Camera motion as the six numbers that PoseNet answers, as a matrix, and between cameras of different focal length.

Convention:
    Optical axes: x right, y down, z forward. A motion ``[..., 6]`` is (rotation vector in radians, translation in
    metres) of `T_k_(k+1)`: the pose of the later camera in the earlier one.
"""

from __future__ import annotations

import torch
from torch import Tensor


def matrix_from_motion(motion: Tensor) -> Tensor:
    """``[..., 6]`` -> ``[..., 4, 4]`` (Rodrigues), differentiable everywhere, zero rotation included."""
    vector = motion[..., :3]
    square = (vector * vector).sum(-1)[..., None, None]
    tiny = square < 1e-8
    # The angle of a rotation that is next to none is taken from the series; sqrt there would have no gradient.
    angle = torch.sqrt(torch.where(tiny, torch.ones_like(square), square))
    sine = torch.where(tiny, 1.0 - square / 6.0, torch.sin(angle) / angle)
    cosine = torch.where(tiny, 0.5 - square / 24.0, (1.0 - torch.cos(angle)) / (angle * angle))
    x, y, z = vector.unbind(-1)
    o = torch.zeros_like(x)
    cross = torch.stack((o, -z, y, z, o, -x, -y, x, o), -1).unflatten(-1, (3, 3))
    rotation = torch.eye(3, device=motion.device, dtype=motion.dtype) + sine * cross + cosine * (cross @ cross)
    top = torch.cat((rotation, motion[..., 3:, None]), -1)
    bottom = torch.tensor((0.0, 0.0, 0.0, 1.0), device=motion.device, dtype=motion.dtype)
    return torch.cat((top, bottom.expand(*top.shape[:-2], 1, 4)), -2)


def inverse_matrix(matrix: Tensor) -> Tensor:
    """The inverse of rigid motions ``[..., 4, 4]``."""
    transposed = matrix[..., :3, :3].transpose(-1, -2)
    top = torch.cat((transposed, -transposed @ matrix[..., :3, 3:]), -1)
    return torch.cat((top, matrix[..., 3:, :]), -2)


def agreed_motion(motion: Tensor, swapped: Tensor) -> Tensor:
    """What a motion ``[..., 6]`` and the one of the same two frames swapped agree on: the mean of the first and of the
    second's inverse, taken in the middle of the turn. Swapped arguments give its inverse, the same one twice none."""
    turn = 0.5 * (motion[..., :3] - swapped[..., :3])
    half = matrix_from_motion(torch.cat((0.5 * turn, torch.zeros_like(turn)), -1))[..., :3, :3]
    step = 0.5 * (half.transpose(-1, -2) @ motion[..., 3:, None] - half @ swapped[..., 3:, None])
    return torch.cat((turn, (half @ step)[..., 0]), -1)


def motion_from_canonical(motion: Tensor, factor: Tensor) -> Tensor:
    """What a network says, ``[..., 6]``, as the motion of a camera whose focal length is `factor` (broadcast against
    ``[...]``) times the one it is trained at; the same as `depth_perception.geometry.canonical`."""
    one = torch.ones_like(factor)
    return motion * torch.stack((1 / factor, 1 / factor, one, one, one, factor), -1)


def motion_from_centred(motion: Tensor, offset: Tensor) -> Tensor:
    """What a network says, ``[..., 6]``, that takes the principal point to be in the middle of the images, as the
    motion of a camera whose is `offset` ``[..., 2]`` focal lengths beside it; the same as
    `depth_perception.geometry.canonical`."""
    turn, step = motion.split(3, -1)
    slanted = torch.nn.functional.pad(offset, (0, 1))
    return torch.cat((turn - slanted * turn[..., 2:], step - slanted * step[..., 2:]), -1)


def motion_to_canonical(motion: Tensor, factor: Tensor) -> Tensor:
    """The inverse of `motion_from_canonical`: what a network is to learn of a camera's motion."""
    return motion_from_canonical(motion, 1 / factor)
