"""How SfMLearner is trained, with and without the gradient of depth: from images alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from training.data.samples import Sample
from training.data.snippet import Truth
from training.errors import TrainingError
from training.models import ConfidentDepthModel, Model, PoseModel
from training.motion import motion_from_canonical
from training.networks.confident_depth import ConfidentDepth
from training.networks.depth_network import DepthNetwork
from training.networks.gradient_disp_net import GradientDispNet
from training.networks.normalise import normalise
from training.networks.pose_exp_net import PoseExpNet
from training.networks.pose_net import PoseNet
from training.systems.learning_rate import LearningRate
from training.systems.optimiser import Optimiser
from training.systems.pictures import Picture, view_pictures
from training.systems.sfm_losses import SfMLosses
from training.systems.training_system import TrainingSystem
from training.systems.validation import ValidationFigures
from training.systems.views import Views, channels_first


class SfMLearnerSystem(TrainingSystem):
    """Depth and motion together must explain what neighbouring frames look like, but for what the mask gives up.

    Zhou et al., Unsupervised Learning of Depth and Ego-Motion from Video, CVPR 2017; with a `GradientDispNet` the
    proposal of Takamine and Endo, section III-C and IV-B, whose stages are a matter of `begin_with` and `frozen`.

    Args:
        network: of depth.
        pose_network: of as many frames as samples have; `PoseExpNet` for a mask.
        losses: weights.
        focal_length, optimiser, learning_rate, begin_with, frozen: see `TrainingSystem`.
    """

    def __init__(
        self,
        network: DepthNetwork,
        pose_network: PoseNet,
        focal_length: float,
        losses: SfMLosses = SfMLosses(),  # noqa: B008 - frozen
        optimiser: Optimiser = Optimiser(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        begin_with: str | None = None,
        frozen: Sequence[str] = (),
    ) -> None:
        super().__init__(network, focal_length, optimiser, learning_rate, begin_with, frozen)
        self.pose_network = pose_network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._losses = losses
        if losses.explainability and not isinstance(pose_network, PoseExpNet):
            raise TrainingError(
                f"losses.explainability is {losses.explainability}, but {type(pose_network).__name__} has no mask:"
                " use training.networks.pose_exp_net.PoseExpNet, or 0"
            )
        if losses.gradient and not isinstance(network, GradientDispNet):
            raise TrainingError(
                f"losses.gradient is {losses.gradient}, but {type(network).__name__} estimates no gradient:"
                " use training.networks.gradient_disp_net.GradientDispNet, or 0"
            )
        if losses.gradient and getattr(network, "refined", False):
            raise TrainingError(
                f"losses.gradient is {losses.gradient}, but network.refined is true: it is a loss of the first stage,"
                " and must be 0 in the second"
            )

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        images = self._images(batch)
        disparities, gradients = self._depth(images[:, images.shape[1] // 2])
        canonical, masks = self._motions(images)
        with torch.autocast(self.device.type, enabled=False):
            factor = self.focal_factor(batch)
            views = Views(batch, motion_from_canonical(canonical.float(), factor[:, None]), factor)
            return self._losses.of(views, _float(disparities), _float(masks), _float(gradients))

    def validate_batch(self, batch: Sample, figures: ValidationFigures) -> list[list[Picture]]:
        """The figures of depth and motion, and the losses at the finest scale as Takamine and Endo's Table II has them:
        ``reconstruction``, ``smoothness`` and ``mask``."""
        images = self._images(batch)
        disparities, gradients = self._depth(images[:, images.shape[1] // 2])
        canonical, masks = self._motions(images)
        levels = {"disparity": disparities, "mask": masks, "gradient": gradients}
        finest = {name: values[0].float() for name, values in levels.items() if values}
        factor = self.focal_factor(batch)
        depth = (factor[:, None, None, None] / finest["disparity"])[:, 0]
        figures.add_depth(depth, batch["depth"], batch["intrinsics"])
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            motions = motion_from_canonical(canonical.float(), factor[:, None])
            figures.add_motions(motions, batch["motions"])
            for i in range(len(depth)):
                one = slice(i, i + 1)
                own = {name: value[one] for name, value in finest.items()}
                losses = self._losses.of_scale(_views(batch, motions, factor, one), **own)
                for name, value in losses.items():
                    figures.add(name, [[float(value)]])
            few = slice(0, 2)
            seen = view_pictures(_views(batch, motions, factor, few), finest["disparity"][few])
        beliefs = [[_mask_picture(mask)] for mask in finest["mask"][few]] if masks else [[] for _ in seen]
        rows = zip(seen, self.depth_pictures(batch, depth), beliefs, strict=True)
        return [[view, *depths, *belief] for view, depths, belief in rows]

    @property
    def truths(self) -> frozenset[Truth]:
        return frozenset()

    def depth_model(self) -> Model | None:
        """With confidence where a mask of the last of two frames was learnt: a robot has no frame after the current."""
        network = self.pose_network
        if isinstance(network, PoseExpNet) and network.frames == 2 and self._losses.explainability:
            return ConfidentDepthModel(ConfidentDepth(self.network, network))
        return super().depth_model()

    def pose_model(self) -> Model:
        return PoseModel(self.pose_network)

    def _images(self, batch: Sample) -> Tensor:
        """Normalised, ``[B, n, 3, H, W]``."""
        images = normalise(channels_first(batch["inputs"]))
        if images.shape[1] != self.pose_network.frames:
            raise TrainingError(
                f"PoseNet takes {self.pose_network.frames} frames, the samples have {images.shape[1]}:"
                " data.frames must be pose_network.frames"
            )
        return images

    def _depth(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Disparities of all scales, and gradients of depth where they count."""
        if self._losses.gradient:
            assert isinstance(self.network, GradientDispNet)
            return self.network.first_stage(image)
        return self.network(image), []

    def _motions(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Canonical motions ``[B, n - 1, 6]``, and masks of all scales where they count."""
        if self._losses.explainability:
            assert isinstance(self.pose_network, PoseExpNet)
            return self.pose_network.motions_and_masks(images)
        return self.pose_network(images), []


def _float(levels: Sequence[Tensor]) -> list[Tensor]:
    return [level.float() for level in levels]


def _views(batch: Sample, motions: Tensor, factor: Tensor, part: slice) -> Views:
    return Views({name: value[part] for name, value in batch.items()}, motions[part], factor[part])


def _mask_picture(mask: Tensor) -> Picture:
    """What is believed of each source, bright, one above the other: uint8 RGB ``[H * n, W, 3]`` of ``[n, H, W]``."""
    rows = (255.0 * mask).round().byte().cpu().numpy()
    return np.repeat(np.concatenate(rows)[..., None], 3, -1)
