"""How networks learn from true depth, and from true classes where they have them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.data.label_sets import LABEL_SETS, LabelSetName
from training.data.samples import Sample
from training.data.snippet import Truth
from training.errors import TrainingError
from training.networks.depth_network import RegressionNetwork
from training.networks.normalise import normalise
from training.systems.learning_rate import LearningRate
from training.systems.optimiser import Optimiser
from training.systems.pictures import Picture
from training.systems.supervised_losses import SupervisedLosses
from training.systems.training_system import TrainingSystem
from training.systems.validation import ValidationFigures
from training.systems.views import channels_first


class SupervisedSystem(TrainingSystem):
    """One image in, and what is known of it as teacher. Samples of several frames teach their middle one.

    Args:
        network: that learns.
        losses: weights.
        focal_length, optimiser, learning_rate, begin_with, frozen: see `TrainingSystem`.
    """

    def __init__(
        self,
        network: RegressionNetwork,
        focal_length: float,
        losses: SupervisedLosses,
        optimiser: Optimiser = Optimiser(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        begin_with: str | None = None,
        frozen: Sequence[str] = (),
    ) -> None:
        super().__init__(network, focal_length, optimiser, learning_rate, begin_with, frozen)
        self.network: RegressionNetwork
        self._losses = losses

    def setup(self, stage: str) -> None:
        name, ours = self._label_set, self.network.classes
        classes = len(LABEL_SETS[name].classes) if name else ours
        if ours and ours != classes:
            raise TrainingError(
                f"the network tells {ours} classes apart, and the labels are of the {classes} of {name}: give it"
                f" classes: {classes}, or another data.label_set"
            )
        super().setup(stage)

    @property
    def _label_set(self) -> LabelSetName | None:
        data = getattr(self.trainer, "datamodule", None)
        return None if data is None else data.hparams.get("label_set")

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        prediction = self.network.predict(self._middle(batch))
        with torch.autocast(self.device.type, enabled=False):
            prediction = prediction.float()
            depth = batch["depth"][:, None] / self.focal_factor(batch)[:, None, None, None]
            return self._losses.of(prediction, depth, batch["labels"])

    @property
    def truths(self) -> frozenset[Truth]:
        return self._losses.truths

    @property
    def needs(self) -> frozenset[Truth]:
        """What every source must teach; labels may be missing."""
        return frozenset({"depth"})

    def validate_batch(self, batch: Sample, figures: ValidationFigures) -> list[list[Picture]]:
        image = self._middle(batch)
        prediction = self.network.predict(image).float()
        factor = self.focal_factor(batch)
        depth = (factor[:, None, None, None] / self.network.disparity(prediction, image))[:, 0]
        figures.add_depth(depth, batch["depth"], batch["intrinsics"])
        if prediction.semantics is not None:
            figures.add_semantics(self.network.scores(prediction, image), batch["labels"])
        images = batch["inputs"][:, batch["inputs"].shape[1] // 2].cpu().numpy()
        depths = self.depth_pictures(batch, depth)
        return [[seen, *others] for seen, others in zip(images[: len(depths)], depths, strict=True)]

    def _middle(self, batch: Sample) -> Tensor:
        images = batch["inputs"]
        return normalise(channels_first(images[:, images.shape[1] // 2]))
