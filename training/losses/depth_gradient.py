"""Depth and a gradient estimated apart agree (Takamine and Endo, eq. 1; after TwoNet, Li et al., ICCV 2017)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from training.losses.masked import masked_mean

Mode = Literal["product", "sum"]
"""How the two axes' differences come together: ``product`` as eq. 1 is printed, ``sum`` as TwoNet has it."""


def depth_gradient_loss(depth: Tensor, gradient: Tensor, mask: Tensor | None = None, mode: Mode = "product") -> Tensor:
    """The mean of ``phi(D_x - G_x) * phi(D_y - G_y)``, or of their sum.

    With the product, the pull along one axis is weighed by what is wrong along the other: once one axis fits, where phi
    is 0.01, the other is pulled a hundredth as much. The sum pulls at both.

    Args:
        depth: D, ``[B, 1, h, w]``, in any unit.
        gradient: G, ``[B, 2, h, w]``: from the pixel before to the pixel after, along x and y, in the same unit.
        mask: ``[B, 1, h, w]``, bool: where depth is one; None is everywhere. A pixel counts if it and its four
            neighbours do, so that none of the border does.

    Returns:
        0 where no pixel counts.
    """
    if mask is None:
        mask = torch.ones_like(depth, dtype=torch.bool)
    depth = torch.where(mask, depth, 0.0)  # a NaN would reach the gradient, though not the mean
    difference = central_differences(depth) - gradient[..., 1:-1, 1:-1]
    along_x, along_y = phi(difference[:, :1]), phi(difference[:, 1:])
    values = along_x * along_y if mode == "product" else along_x + along_y
    return masked_mean(values, _with_neighbours(mask))


def central_differences(depth: Tensor) -> Tensor:
    """``[B, 1, h, w]`` -> ``[B, 2, h - 2, w - 2]`` by the edge filter [-1, 0, 1] and its transpose: over two
    pixels, and not halved."""
    along_x = depth[..., 1:-1, 2:] - depth[..., 1:-1, :-2]
    along_y = depth[..., 2:, 1:-1] - depth[..., :-2, 1:-1]
    return torch.cat((along_x, along_y), 1)


def phi(x: Tensor) -> Tensor:
    """The L1 norm, smooth at 0: ``sqrt(x^2 + 1e-4)``."""
    return (x.square() + 1e-4).sqrt()


def _with_neighbours(mask: Tensor) -> Tensor:
    """``[B, 1, h, w]`` -> ``[B, 1, h - 2, w - 2]``: where a pixel and its four neighbours are in the mask."""
    beside = mask[..., 1:-1, 2:] & mask[..., 1:-1, :-2]
    above = mask[..., 2:, 1:-1] & mask[..., :-2, 1:-1]
    return mask[..., 1:-1, 1:-1] & beside & above
