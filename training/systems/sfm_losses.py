"""What counts how much when SfMLearner learns from images alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from training.losses.depth_gradient import Mode, depth_gradient_loss
from training.losses.explainability import explainability_loss
from training.losses.masked import masked_mean
from training.losses.second_order_smoothness import second_order_smoothness_loss
from training.systems.views import Views, change, spread


@dataclass(frozen=True)
class SfMLosses:
    """What counts how much, summed over the four scales, each at its own resolution; 0 leaves a loss out.

    The weights are those of Takamine and Endo, section V-C; Zhou et al.'s smoothness is 0.5.

    Attributes:
        reconstruction: of the absolute difference of views, images between -1 and 1, times the mask.
        smoothness: of second differences, less at each coarser scale.
        smooth: of what. ``disparity``: the weight halves with each scale, as in Zhou et al.'s program; ``depth``: it is
            2.3 times smaller, as in ClementPinard's, which Takamine and Endo used; depth becomes flat more easily.
        explainability: of the masks' cross-entropy to 1; 0 leaves the masks out of the reconstruction too.
        gradient: of how unlike the gradients of depth and the estimated ones are, eq. 1; takes a `GradientDispNet`.
        mode: of eq. 1, see `depth_gradient_loss`.
    """

    reconstruction: float = 1.0
    smoothness: float = 0.1
    smooth: Literal["disparity", "depth"] = "disparity"
    explainability: float = 0.2
    gradient: float = 0.0
    mode: Mode = "product"

    def of(
        self,
        views: Views,
        disparities: Sequence[Tensor],
        masks: Sequence[Tensor] = (),
        gradients: Sequence[Tensor] = (),
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum, and its named parts at the finest scale, unweighted.

        Beside the losses, what tells a training that goes wrong: see `training.systems.views.view_loss`.

        Args:
            views: of the batch.
            disparities: ``[B, 1, H / 2**i, W / 2**i]``, finest first.
            masks: ``[B, n, H / 2**i, W / 2**i]``, one for each source; none: every pixel is believed.
            gradients: of depth, ``[B, 2, H / 2**i, W / 2**i]``; none: nobody estimates them.
        """
        total = views.target.new_zeros(())
        parts: dict[str, Tensor] = {}
        for scale, disparity in enumerate(disparities):
            small = views.reduced(scale) if scale else views
            beside = [levels[scale] if levels else None for levels in (masks, gradients)]
            named = self.of_scale(small, disparity, *beside)
            weights = {
                "reconstruction": self.reconstruction,
                "smoothness": self.smoothness / (2.0 if self.smooth == "disparity" else 2.3) ** scale,
                "mask": self.explainability,
                "gradient": self.gradient,
            }
            total = total + torch.stack([weights[name] * value for name, value in named.items()]).sum()
            parts = parts or {**named, "spread": spread(disparity.detach()), "change": change(views)}
        return total, parts

    def of_scale(
        self, views: Views, disparity: Tensor, mask: Tensor | None = None, gradient: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The named losses of one scale, unweighted: those of Takamine and Endo's Table II, and eq. 1."""
        depth = 1.0 / disparity
        losses = {
            "reconstruction": reconstruction_loss(views, disparity, mask),
            "smoothness": second_order_smoothness_loss(disparity if self.smooth == "disparity" else depth),
        }
        if mask is not None:
            losses["mask"] = explainability_loss(mask)
        if gradient is not None:
            losses["gradient"] = depth_gradient_loss(depth, gradient, mode=self.mode)
        return losses


def reconstruction_loss(views: Views, disparity: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean absolute difference of target and views, images between -1 and 1, summed over the sources (Zhou et al., CVPR
    2017, eq. 3).

    Differs from the authors' program: only pixels whose place is within the source count, or looking away would pay.

    Args:
        views: of the size of the disparity.
        disparity: ``[B, 1, H, W]``.
        mask: ``[B, n, H, W]``, what each pixel's difference is multiplied with, for each source.
    """
    size = torch.tensor(disparity.shape[:-3:-1], device=disparity.device)  # columns and rows
    loss = disparity.new_zeros(())
    pixels = views.pixels(disparity)
    for source, (where, view) in enumerate(zip(pixels, views.synthesised(pixels), strict=True)):
        error = 2.0 * (views.target - view).abs().mean(1)
        if mask is not None:
            error = error * mask[:, source]
        loss = loss + masked_mean(error, ((where >= 0) & (where <= size - 1)).all(-1))
    return loss
