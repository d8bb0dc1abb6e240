"""What counts how much in a training."""

from __future__ import annotations

from dataclasses import dataclass

from training.data.snippet import Truth
from training.provenance import LENGTHS, Task


@dataclass(frozen=True)
class LossWeights:
    """What counts how much; 0 leaves a loss out. The first three need no truth.

    The paper does not print its weights: those of `photometric` and `smoothness` are the ones of Godard et al. (ICCV
    2019), and of `features`, where it is used, 0.1 is that of Zhan et al. (CVPR 2018).

    Attributes:
        photometric, smoothness: Dual Networks, eq. 9; the weight of smoothness halves with each coarser scale.
        features: eq. 9 too, in the ``lr`` stage alone; takes another pass of LR-Net over all frames.
        depth: of true depth, where a sample has it.
        slim: how much more a pixel of a slim thing counts within `depth` (see `training.losses.supervised_depth`).
        motion: of true motion, where a sample has it.
        rotation: metres that a radian of rotation error counts as, within `motion`.
        speed: of the distance driven, where a sample has it.
        scales: how many of the four disparities are held against the images, finest first.
        automask: leaves pixels out that do not change between frames.
        only_unknown: views are synthesised of samples without true depth alone: what truth teaches better is not taught
            twice, at nearly half the cost of a step. Without `motion` and `speed` nothing is learnt from the frames
            beside such a sample's middle one, and they are not even prepared.
        true_motion: views are synthesised by the true motion, where a sample has it: the surest start.
        mean_depth: metres that the harmonic mean of each image's depth is brought to before views are synthesised
            (DDVO, Wang et al., CVPR 2018): depth cannot shrink, but nothing is metric any more. 0 leaves depth
            as it is, and only smoothness is independent of its mean.
    """

    photometric: float = 1.0
    smoothness: float = 1e-3
    features: float = 0.0
    depth: float = 0.0
    slim: float = 0.0
    motion: float = 0.0
    rotation: float = 50.0
    speed: float = 0.0
    scales: int = 4
    automask: bool = True
    only_unknown: bool = False
    true_motion: bool = False
    mean_depth: float = 0.0

    @property
    def views(self) -> bool:
        """Whether views have to be synthesised."""
        return bool(self.photometric or self.smoothness or self.features)

    @property
    def truths(self) -> frozenset[Truth]:
        """What of a sample's truth is learnt from."""
        weights: dict[Truth, float] = {"depth": self.depth, "poses": self.motion, "distances": self.speed}
        if self.views and self.true_motion:
            weights["poses"] = 1.0
        return frozenset(truth for truth, weight in weights.items() if weight)

    def metric(self, taught: frozenset[str], before: frozenset[Task]) -> frozenset[Task]:
        """See `TrainingSystem.metric`.

        Views tie depth to motion, and so both to whichever length is known. With `mean_depth` they let go of the unit.
        """
        tasks: frozenset[Task] = frozenset({"depth", "pose"})
        if self.views and not self.mean_depth:
            return tasks if before or taught & LENGTHS else frozenset()
        known: dict[Task, bool] = {
            "depth": bool(self.depth) and "depth" in taught,
            "pose": (bool(self.motion) and "poses" in taught) or (bool(self.speed) and "distances" in taught),
        }
        return frozenset(task for task in tasks if known[task] or (task in before and not self.views))
