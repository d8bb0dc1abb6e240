"""Where the camera's motion, or only the distance it went, is known."""

from __future__ import annotations

import torch
from torch import Tensor


def motion_loss(motion: Tensor, truth: Tensor, rotation_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Absolute difference of the six numbers of a motion, both ``[B, n, 6]``; those with NaN in their truth are absent.

    Args:
        rotation_weight: metres that a radian counts as.

    Returns:
        The weighted sum and its parts ``rotation`` (radians) and ``translation`` (metres), means over a motion's axes.
    """
    known = torch.isfinite(truth).all(-1)
    error = torch.where(known[..., None], motion - torch.nan_to_num(truth), torch.zeros_like(motion)).abs()
    mean = error.sum((0, 1)) / known.sum().clamp(min=1)
    rotation, translation = mean[:3].mean(), mean[3:].mean()
    return rotation_weight * rotation + translation, {"rotation": rotation, "translation": translation}


def speed_loss(motion: Tensor, distance: Tensor) -> Tensor:
    """Difference between the length of the translation and the distance driven (Guizilini et al., PackNet, CVPR 2020,
    eq. 7): makes everything metric. Motion ``[B, n, 6]``, distance ``[B, n]`` in metres, NaN where unknown."""
    known = torch.isfinite(distance)
    # A norm has no gradient at zero; a tenth of a millimetre gives it one.
    length = torch.sqrt((motion[..., 3:] ** 2).sum(-1) + 1e-8)
    error = torch.where(known, length - torch.nan_to_num(distance), torch.zeros_like(length)).abs()
    return error.sum() / known.sum().clamp(min=1)


STANDING = 0.1
"""Metres that every step counts as longer than it is: of a shorter one, errors count as lengths."""
STEADY = (0.002, 0.002)
"""Radians that every turn counts as larger than it is, and radians more for each metre of the step."""


def relative_motion_loss(motion: Tensor, truth: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """How large the error of each motion is beside the motion, both ``[B, n, 6]``; those with NaN in their truth are
    absent.

    Two centimetres of a camera that nearly stands count as much as half a metre of a step on a highway. Errors ``e``
    count as ``log(1 + e)``: as they are where they are small, and no answer that is far off outweighs a whole batch.

    Returns:
        The sum of its parts ``translation``, over the length of the step, and ``rotation``, over the angle and what the
        length allows.
    """
    known = torch.isfinite(truth).all(-1)
    truth = torch.nan_to_num(truth)
    size = torch.linalg.vector_norm(truth.unflatten(-1, (2, 3)), dim=-1)  # angle, length
    error = torch.sqrt((motion - truth).unflatten(-1, (2, 3)).square().sum(-1) + 1e-12)
    allowed = torch.stack((size[..., 0] + STEADY[0] + STEADY[1] * size[..., 1], size[..., 1] + STANDING), -1)
    parts = torch.where(known[..., None], torch.log1p(error / allowed), 0.0).sum((0, 1)) / known.sum().clamp(min=1)
    return parts.sum(), {"rotation": parts[0], "translation": parts[1]}
