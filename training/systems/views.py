"""The views of a batch: what its middle frames look like from the others, if depth and motion are right.

Convention:
    See `training.view_synthesis`. Disparities are canonical: depth is the focal factor over disparity.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from training.data.samples import Sample
from training.losses.feature_reconstruction import feature_reconstruction_loss
from training.losses.photometric import minimum_error, moving_pixels, photometric_loss
from training.losses.smoothness import smoothness_loss
from training.motion import inverse_matrix, matrix_from_motion
from training.systems.loss_weights import LossWeights
from training.view_synthesis import project, sample, scaled_intrinsics


class Views:
    """Targets, sources, and where the one's pixels lie in the others.

    Args:
        batch: samples.
        motions: ``[B, n - 1, 6]`` of `T_k_(k+1)`, metres.
        factor: focal length over the canonical one, ``[B]``.
        columns: of the target, all others are left out.
        mean_depth: see `LossWeights`.

    Attributes:
        target: the middle frames, ``[B, 3, H, W]`` between 0 and 1.
        unmoved: the columns of the target in each of the other frames.
    """

    def __init__(
        self, batch: Sample, motions: Tensor, factor: Tensor, columns: slice = slice(0, None), mean_depth: float = 0.0
    ) -> None:
        images = channels_first(batch["images"]).float() / 255.0
        self.middle = images.shape[1] // 2
        self.numbers = [k for k in range(images.shape[1]) if k != self.middle]
        self.target = images[:, self.middle, :, :, columns]
        self.unmoved = [images[:, k, :, :, columns] for k in self.numbers]
        self._sources = [images[:, k] for k in self.numbers]
        self._poses = [source_from_target(motions, k, self.middle) for k in self.numbers]
        self._intrinsics = batch["intrinsics"].clone()
        self._intrinsics[:, 0, 2] -= columns.start
        self._shift = torch.tensor((float(columns.start), 0.0), device=images.device)
        self._factor = factor[:, None, None, None]
        self._mean_depth = mean_depth

    def reduced(self, scale: int) -> Views:
        """The same at 1 / 2**`scale` of the size, which must be whole."""
        size = 2**scale
        small = copy.copy(self)
        small.target = F.avg_pool2d(self.target, size)
        small.unmoved = [F.avg_pool2d(source, size) for source in self.unmoved]
        small._sources = [F.avg_pool2d(source, size) for source in self._sources]
        small._intrinsics = scaled_intrinsics(self._intrinsics, 1.0 / size)
        small._shift = self._shift / size
        return small

    def pixels(self, disparity: Tensor) -> list[Tensor]:
        """Where the target's pixels lie in each source, ``[B, H, W, 2]``, for a disparity ``[B, 1, H, W]``."""
        if self._mean_depth:
            disparity = disparity / (disparity.mean((2, 3), keepdim=True) * self._mean_depth)
        depth = self._factor / disparity
        return [project(depth, self._intrinsics, pose)[0] + self._shift for pose in self._poses]

    def still(self) -> Tensor:
        """The photometric error of no motion at all, ``[B, 1, H, W]``."""
        with torch.no_grad():
            return minimum_error(self.target, self.unmoved)

    def synthesised(self, pixels: Sequence[Tensor]) -> list[Tensor]:
        """The target as each source saw it, ``[B, 3, H, W]``."""
        return [sample(source, where) for source, where in zip(self._sources, pixels, strict=True)]


def view_loss(
    views: Views, disparities: Sequence[Tensor], weights: LossWeights, features: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Dual Networks, eq. 9.

    Args:
        views: of the batch.
        disparities: ``[B, 1, H / 2**i, W / 2**i]``, finest first.
        weights: of its parts.
        features: of all frames, ``[B, n, C, H, W]``.

    Returns:
        The weighted sum, and its parts at the finest scale, unweighted. Beside the losses, what tells a training that
        goes wrong: ``change``, the mean difference between target and source, of 1; ``spread``, the deviation of
        disparity over its mean; with the automask ``masked``, the share of the pixels it leaves out, and ``explained``,
        by what share views come closer to the target than sources as they are.
    """
    target = views.target
    still = views.still() if weights.automask else None
    parts: dict[str, Tensor] = {}
    total = target.new_zeros(())
    for scale, disparity in enumerate(disparities[: weights.scales]):
        small = target if scale == 0 else F.interpolate(target, disparity.shape[-2:], mode="area")
        smoothness = smoothness_loss(disparity, small)
        total = total + weights.smoothness * smoothness * 0.5**scale
        if scale == 0:
            parts |= {"smoothness": smoothness, "spread": spread(disparity.detach()), "change": change(views)}
        if not (weights.photometric or weights.features):
            continue
        if scale:
            disparity = F.interpolate(disparity, target.shape[-2:], mode="bilinear", align_corners=False)
        pixels = views.pixels(disparity)
        photometric, error = photometric_loss(target, views.synthesised(pixels), still)
        total = total + weights.photometric * photometric / weights.scales
        if scale:
            continue
        parts["photometric"] = photometric
        if still is not None:
            parts["masked"] = 1.0 - moving_pixels(error, still).mean()
            parts["explained"] = 1.0 - error.detach().mean() / still.mean().clamp(min=1e-6)
        if features is not None:
            warped = [sample(features[:, k], where) for k, where in zip(views.numbers, pixels, strict=True)]
            parts["features"] = feature_reconstruction_loss(features[:, views.middle], warped)
            total = total + weights.features * parts["features"]
    return total, parts


def spread(disparity: Tensor) -> Tensor:
    """The deviation of disparity over its mean."""
    return (disparity.std((2, 3)) / disparity.mean((2, 3))).mean()


def change(views: Views) -> Tensor:
    """The mean difference between target and source, of 1."""
    return torch.stack([(views.target - source).abs().mean((1, 2, 3)) for source in views.unmoved]).amin(0).mean()


def channels_first(images: Tensor) -> Tensor:
    """``[..., H, W, 3]`` -> ``[..., 3, H, W]``; the same memory, which is what channels-last convolutions want."""
    return images.movedim(-1, -3)


def source_from_target(motions: Tensor, source: int, target: int) -> Tensor:
    """`T_source_target` ``[B, 4, 4]`` from the motions ``[B, n - 1, 6]`` between."""
    matrices = matrix_from_motion(motions)
    first, last = sorted((source, target))
    pose = matrices[:, first]
    for k in range(first + 1, last):
        pose = pose @ matrices[:, k]
    return pose if source < target else inverse_matrix(pose)
