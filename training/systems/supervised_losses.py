"""What counts how much where truth is known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from training.losses.masked import at_size, known
from training.networks.depth_network import Prediction


@dataclass(frozen=True)
class SupervisedLosses:
    """What counts how much; 0 leaves a loss out.

    Attributes:
        maximum_depth: metres; truth beyond it does not count.
    """

    maximum_depth: float = 80.0

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
            for name, (weight, value) in self._of_depth(predicted, truth, mask).items():
                total = total + weight * value
                if number == 0:
                    parts[name] = value
        return total, parts

    def _of_depth(self, predicted: Tensor, truth: Tensor, mask: Tensor) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of each loss of one depth, ``[B, 1, h, w]``, that counts."""
        return {}
