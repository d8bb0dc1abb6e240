"""Where the class is known: cross entropy, plain and focal."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from training.losses.masked import at_size, masked_mean


def cross_entropy_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean over the labelled pixels of -log p of the true class.

    Args:
        scores: of the classes before softmax, ``[B, K, h, w]``.
        labels: ``[B, H, W]`` of any size; outside 0 to K - 1, as `training.data.snippet.UNLABELLED` is, is unknown.
    """
    return _focal(scores, labels, 1.0, 0.0)


def semantic_focal_loss(scores: Tensor, labels: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Mean over the labelled pixels of ``-alpha (1 - p)**gamma log p`` (Look Deeper into Depth, L_semF, after Lin et
    al., Focal Loss for Dense Object Detection, ICCV 2017): what is easy and frequent counts less.

    Args:
        scores, labels: see `cross_entropy_loss`.
        alpha, gamma: the paper has one alpha for all classes.
    """
    return _focal(scores, labels, alpha, gamma)


def _focal(scores: Tensor, labels: Tensor, alpha: float, gamma: float) -> Tensor:
    classes = scores.shape[1]
    labels = at_size(labels[:, None].float(), *scores.shape[-2:])[:, 0].long()
    mask = (labels >= 0) & (labels < classes)
    surprise = F.cross_entropy(scores, torch.where(mask, labels, 0), reduction="none")
    missing = -torch.expm1(-surprise)  # 1 - p
    return masked_mean(alpha * missing**gamma * surprise, mask)
