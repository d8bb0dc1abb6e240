"""The target view from a source view: back-project, move, project, sample (Zhou et al., CVPR 2017, eq. 2).

Convention:
    Pixel coordinates are (column, row) with the centre of the first pixel at (0, 0); ``grid_sample`` is therefore given
    ``align_corners=True``, under which -1 and 1 are the centres of the first and the last pixel. Depth is along the
    optical axis. `T_source_target` takes points of the target camera into the source camera. Both share the intrinsics.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

NEAREST = 1e-3
"""Metres in front of the source camera within which a point is not projected truly; it is outside the image anyway."""


def project(depth: Tensor, intrinsics: Tensor, T_source_target: Tensor) -> tuple[Tensor, Tensor]:  # noqa: N803
    """Where the points of the target view lie in the source view.

    Args:
        depth: of the target view, ``[B, 1, H, W]``, metres, positive; +inf is a point at infinity.
        intrinsics: ``[B, 3, 3]``.
        T_source_target: ``[B, 4, 4]``.

    Returns:
        Pixel coordinates ``[B, H, W, 2]`` and depth ``[B, 1, H, W]`` of the points in the source view.
    """
    batch, _, height, width = depth.shape
    rotation, translation = T_source_target[:, :3, :3], T_source_target[:, :3, 3:]
    # K (R K^-1 p z + t) = z (K R K^-1 p + K t / z): one 3x3 matrix for all pixels, and infinity is no special case.
    turn = intrinsics @ rotation @ torch.linalg.inv(intrinsics)
    shift = intrinsics @ translation
    columns = torch.arange(width, device=depth.device, dtype=depth.dtype)
    rows = torch.arange(height, device=depth.device, dtype=depth.dtype)[:, None]

    inverse_depth = 1.0 / depth[:, 0]

    def coordinate(i: int) -> Tensor:
        a, b, c = (turn[:, i, j].reshape(batch, 1, 1) for j in range(3))
        return a * columns + (b * rows + c) + shift[:, i].reshape(batch, 1, 1) * inverse_depth

    z = coordinate(2)
    nearest = NEAREST * inverse_depth
    scale = 1.0 / torch.maximum(z, nearest.clamp(min=1e-6))
    pixels = torch.stack((coordinate(0) * scale, coordinate(1) * scale), -1)
    return pixels, (z / inverse_depth)[:, None]


def sample(image: Tensor, pixels: Tensor, mode: str = "bilinear") -> Tensor:
    """``[B, C, H, W]`` at pixel coordinates ``[B, h, w, 2]`` -> ``[B, C, h, w]``; outside, the border's value."""
    height, width = image.shape[-2:]
    size = torch.tensor((width - 1, height - 1), device=pixels.device, dtype=pixels.dtype)
    return F.grid_sample(image, pixels * (2.0 / size) - 1.0, mode, padding_mode="border", align_corners=True)


def synthesise(source: Tensor, depth: Tensor, intrinsics: Tensor, T_source_target: Tensor) -> Tensor:  # noqa: N803
    """The target view as the source ``[B, C, H, W]`` saw it, of the same shape. Other arguments: see `project`."""
    return sample(source, project(depth, intrinsics, T_source_target)[0])


def scaled_intrinsics(intrinsics: Tensor, scale: float) -> Tensor:
    """Intrinsics ``[..., 3, 3]`` of the image resized by `scale`; pixel centres keep their place as in `Camera`."""
    scaled = intrinsics.clone()
    scaled[..., :2, :2] *= scale
    scaled[..., :2, 2] = (intrinsics[..., :2, 2] + 0.5) * scale - 0.5
    return scaled
