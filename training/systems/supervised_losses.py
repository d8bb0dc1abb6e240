"""What counts how much where truth is known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from training.data.snippet import Truth
from training.losses.depth_aware import depth_aware_loss
from training.losses.depth_gradient import Mode, depth_gradient_loss
from training.losses.joint_gradient import joint_gradient_loss
from training.losses.masked import at_size, known
from training.losses.pixel_losses import berhu_loss, l1_loss, l2_loss
from training.losses.scale_invariant import log_gradient_loss, scale_invariant_loss
from training.losses.semantic import cross_entropy_loss, semantic_focal_loss
from training.networks.depth_network import Prediction


@dataclass(frozen=True)
class SupervisedLosses:
    """What counts how much; 0 leaves a loss out.

    Attributes:
        maximum_depth: metres; truth beyond it does not count.
        l1, l2, berhu: of depth itself; BerHu is that of Hybrid CNN.
        depth_aware, joint_gradient, semantic_focal: Look Deeper into Depth.
        cross_entropy: of the true classes.
        scale_invariant, log_gradient: of log depth; both together are the loss of Eigen and Fergus (ICCV 2015).
        depth_gradient: of an estimated gradient against the depth that is estimated beside it, as `depth_gradient_mode`
            says (Takamine and Endo, eq. 1).
        true_gradient: of an estimated gradient against the true one, in the form of the sum (TwoNet).
    """

    maximum_depth: float = 80.0
    l1: float = 0.0
    l2: float = 0.0
    berhu: float = 0.0
    depth_aware: float = 0.0
    joint_gradient: float = 0.0
    semantic_focal: float = 0.0
    cross_entropy: float = 0.0
    scale_invariant: float = 0.0
    log_gradient: float = 0.0
    depth_gradient: float = 0.0
    depth_gradient_mode: Mode = "product"
    true_gradient: float = 0.0

    @property
    def truths(self) -> frozenset[Truth]:
        """What of a sample's truth is learnt from."""
        classes = self.semantic_focal or self.cross_entropy
        names: tuple[Truth, ...] = ("depth", "labels") if classes else ("depth",)
        return frozenset(names)

    def of(self, prediction: Prediction, depth: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum, and its named parts at the depth that counts, unweighted.

        Args:
            prediction: of a batch.
            depth: canonical, ``[B, 1, H, W]`` metres; NaN unknown, +inf sky.
            labels: ``[B, H, W]``; 255 unknown.
        """
        total = depth.new_zeros(())
        parts: dict[str, Tensor] = {}
        for number, predicted in enumerate(prediction.depths):
            truth = at_size(depth, *predicted.shape[-2:])
            mask = known(truth, self.maximum_depth)
            losses = self._of_depth(predicted, truth, mask)
            if number < len(prediction.gradients):
                losses |= self._of_gradient(prediction.gradients[number], predicted, truth, mask)
            for name, (weight, value) in losses.items():
                total = total + weight * value
                if number == 0:
                    parts[name] = value
        if prediction.semantics is not None:
            for name, (weight, value) in self._of_semantics(prediction.semantics, labels).items():
                total = total + weight * value
                parts[name] = value
        return total, parts

    def _of_depth(self, predicted: Tensor, truth: Tensor, mask: Tensor) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of each loss of one depth, ``[B, 1, h, w]``, that counts."""
        losses: dict[str, tuple[float, Tensor]] = {}
        if self.l1:
            losses["l1"] = (self.l1, l1_loss(predicted, truth, mask))
        if self.l2:
            losses["l2"] = (self.l2, l2_loss(predicted, truth, mask))
        if self.berhu:
            losses["berhu"] = (self.berhu, berhu_loss(predicted, truth, mask))
        if self.depth_aware:
            losses["depth_aware"] = (self.depth_aware, depth_aware_loss(predicted, truth, mask, self.maximum_depth))
        if self.joint_gradient:
            losses["joint_gradient"] = (self.joint_gradient, joint_gradient_loss(predicted, truth, mask))
        if self.scale_invariant:
            losses["scale_invariant"] = (self.scale_invariant, scale_invariant_loss(predicted, truth, mask))
        if self.log_gradient:
            losses["log_gradient"] = (self.log_gradient, log_gradient_loss(predicted, truth, mask))
        return losses

    def _of_gradient(
        self, gradient: Tensor, predicted: Tensor, truth: Tensor, mask: Tensor
    ) -> dict[str, tuple[float, Tensor]]:
        """As `_of_depth`, of the gradient ``[B, 2, h, w]`` that belongs to a depth."""
        losses: dict[str, tuple[float, Tensor]] = {}
        if self.depth_gradient:
            loss = depth_gradient_loss(predicted, gradient, mask, self.depth_gradient_mode)
            losses["depth_gradient"] = (self.depth_gradient, loss)
        if self.true_gradient:
            losses["true_gradient"] = (self.true_gradient, depth_gradient_loss(truth, gradient, mask, "sum"))
        return losses

    def _of_semantics(self, scores: Tensor, labels: Tensor) -> dict[str, tuple[float, Tensor]]:
        """As `_of_depth`, of scores ``[B, K, h, w]``."""
        losses: dict[str, tuple[float, Tensor]] = {}
        if self.semantic_focal:
            losses["semantic_focal"] = (self.semantic_focal, semantic_focal_loss(scores, labels))
        if self.cross_entropy:
            losses["cross_entropy"] = (self.cross_entropy, cross_entropy_loss(scores, labels))
        return losses
