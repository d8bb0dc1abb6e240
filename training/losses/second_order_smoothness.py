"""Depth changes evenly: along a plane the slope stays."""

from __future__ import annotations

from torch import Tensor


def second_order_smoothness_loss(values: Tensor) -> Tensor:
    """Mean absolute second differences along x, along y and across, the last counted twice (Zhou et al., CVPR 2017,
    section 3.2: "the L1 norm of the second-order gradients").

    Args:
        values: disparity as in the authors' program, or depth, ``[B, 1, H, W]``.
    """
    x, y = values.diff(dim=3), values.diff(dim=2)
    return x.diff(dim=3).abs().mean() + 2.0 * x.diff(dim=2).abs().mean() + y.diff(dim=2).abs().mean()
