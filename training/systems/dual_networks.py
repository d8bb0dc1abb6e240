"""How Dual Networks are trained: LR-Net with PoseNet first, then HR-Net on top of the frozen LR-Net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from training.checkpoint import load_weights
from training.data.samples import Sample
from training.data.snippet import Truth
from training.errors import TrainingError
from training.losses.motion import motion_loss, speed_loss
from training.losses.supervised_depth import supervised_depth_loss
from training.models import DepthModel, Model, PoseModel
from training.motion import motion_from_canonical, motion_from_centred, motion_to_canonical
from training.networks.depth_network import DepthNetwork
from training.networks.dual_networks import REDUCTION, DualNetworks
from training.networks.imagenet import load_imagenet
from training.networks.lr_net import LRNet
from training.networks.normalise import normalise
from training.networks.pose_network import PoseNetwork
from training.provenance import Task
from training.systems.exported import SUFFIX, load_exported
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights
from training.systems.optimiser import Optimiser
from training.systems.pictures import Picture, view_pictures
from training.systems.training_system import TrainingSystem
from training.systems.validation import ValidationFigures
from training.systems.views import Views, channels_first, view_loss

Stage = Literal["lr", "hr"]


class DualNetworksSystem(TrainingSystem):
    """Depth and motion learn from each other: a view synthesised with both must look like the frame that was taken.

    Dual Networks (Zhou et al., ICCV 2019), section 3 and 4.5, with what truth a sample has as additional teacher.

    Args:
        network: the depth network: `DualNetworks`, or a single one, trained whole in either stage.
        pose_network: 2-frame or n-frame, n being the frames of a sample.
        stage: ``lr`` trains LR-Net and PoseNet on samples of the low resolution; ``hr`` trains HR-Net, attention and
            PoseNet on samples of the full one, with LR-Net frozen, batch statistics included, unless `lr_learns`.
        lr_checkpoint: of the finished ``lr`` stage, which ``hr`` needs; where it is given, ``lr`` begins with it too.
        focal_length: of the canonical camera, in pixels of the full resolution: what the networks answer is right for
            this one, and converted for all others (see `depth_perception.geometry.canonical`).
        losses: weights.
        optimiser: what takes the steps.
        learning_rate: schedule.
        lr_learns: whether LR-Net goes on learning in stage ``hr``, by what HR-Net makes of it. Differs from the paper.
        crop: share of the columns that HR-Net is trained on at a time, while LR-Net sees all; 1 for all.
        freeze_pose: whether PoseNet stays as it is.
        frozen: see `TrainingSystem`: an encoder's first blocks cost most and have least to learn.
        begin_with: a checkpoint of these networks, or an exported depth model, to take weights from.
        pose_begins_with: an exported pose model to take PoseNet's weights from.
        keep_statistics: whether normalisations go by the statistics that they have, not by those of each batch; those
            of exported models must.
    """

    def __init__(
        self,
        network: DepthNetwork,
        pose_network: PoseNetwork,
        stage: Stage,
        focal_length: float,
        lr_checkpoint: str | None = None,
        losses: LossWeights = LossWeights(),  # noqa: B008 - frozen
        optimiser: Optimiser = Optimiser(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        crop: float = 1.0,
        freeze_pose: bool = False,
        frozen: Sequence[str] = (),
        begin_with: str | None = None,
        pose_begins_with: str | None = None,
        keep_statistics: bool = False,
        lr_learns: bool = False,
    ) -> None:
        super().__init__(network, focal_length, optimiser, learning_rate, begin_with, frozen)
        pose_network.check_focal_length(focal_length / REDUCTION)
        self.pose_network = pose_network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.stage: Stage = stage
        self._lr_checkpoint = lr_checkpoint
        self._losses = losses
        self.middle_of_known = losses.only_unknown and not (losses.motion or losses.speed)
        self._crop = crop
        self._pose_begins_with = pose_begins_with
        if keep_statistics:
            self.keep_statistics()
        elif pose_begins_with is not None or (begin_with is not None and begin_with.endswith(SUFFIX)):
            raise TrainingError(
                "exported models have their normalisations folded into what is before them, whose statistics must stay:"
                " set model.keep_statistics"
            )
        if freeze_pose:
            self.keep(pose_network)
        if not isinstance(network, DualNetworks):
            if crop < 1.0:
                raise TrainingError(f"crop is {crop}, expected 1: only HR-Net can be trained on a part of the columns")
        elif stage == "hr":
            if not lr_learns:
                self.keep(network.lr)
        else:
            network.hr.requires_grad_(False)
            if network.attention is not None:
                network.attention.requires_grad_(False)

    def begin(self) -> None:
        if self._pose_begins_with is not None:
            load_exported(self.pose_network, self._pose_begins_with, "pose")
        if self._begin_with is not None:
            if self._begin_with.endswith(SUFFIX):
                load_exported(self.network, self._begin_with, "depth")
            else:
                load_weights(self, self._begin_with)
            return
        dual = isinstance(self.network, DualNetworks)
        if self._lr_checkpoint is not None:
            load_weights(self, self._lr_checkpoint, ("network.lr." if dual else "network.", "pose_network."))
        elif dual and self.stage == "hr":
            raise TrainingError(
                "stage hr builds on a trained LR-Net: give model.lr_checkpoint, a checkpoint of stage lr"
            )
        else:
            load_imagenet(self.network)

    def validate_batch(self, batch: Sample, figures: ValidationFigures) -> list[list[Picture]]:
        images = normalise(channels_first(batch["inputs"]))
        factor = self.focal_factor(batch)
        disparity = self.trained_network(images[:, images.shape[1] // 2])[0].float()
        depth = (factor[:, None, None, None] / disparity)[:, 0]
        figures.add_depth(depth, batch["depth"], batch["intrinsics"])
        if images.shape[1] == 1:
            return self.depth_pictures(batch, depth)
        canonical = self.canonical_motions(images, batch["intrinsics"])
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            motions = motion_from_canonical(canonical.float(), factor[:, None])
            figures.add_motions(motions, batch["motions"])
            few = slice(0, 2)
            some = {name: value[few] for name, value in batch.items()}
            views = Views(some, motions[few], factor[few], mean_depth=self._losses.mean_depth)
            seen = view_pictures(views, disparity[few])
        return [[first, *others] for first, others in zip(seen, self.depth_pictures(batch, depth), strict=True)]

    @property
    def truths(self) -> frozenset[Truth]:
        return self._losses.truths

    def metric(self, taught: frozenset[str], before: frozenset[Task]) -> frozenset[Task]:
        return self._losses.metric(taught, before)

    @property
    def earlier(self) -> tuple[str, ...]:
        return tuple(filter(None, (self._begin_with or self._lr_checkpoint, self._pose_begins_with)))

    @property
    def sample_focal_length(self) -> float:
        return self.focal_length / REDUCTION if self.stage == "lr" else self.focal_length

    @property
    def pose_reduction(self) -> int:  # type: ignore[override]
        return REDUCTION if self.stage == "hr" else 1

    @property
    def trained_network(self) -> DepthNetwork:
        """What of the network its stage trains: LR-Net alone, or the whole."""
        return self.network.lr if self.stage == "lr" and isinstance(self.network, DualNetworks) else self.network

    def depth_model(self) -> Model:
        return DepthModel(self.trained_network)

    def pose_model(self) -> Model:
        return PoseModel(self.pose_network)

    # What it computes

    def canonical_motions(self, images: Tensor, intrinsics: Tensor) -> Tensor:
        """Canonical motions ``[B, n - 1, 6]`` of normalised images ``[B, n, 3, H, W]`` of the stage's resolution, and
        their cameras ``[B, 3, 3]``."""
        motions = self._answers(images)
        if not self.pose_network.centred:
            return motions
        height, width = images.shape[-2:]
        middle = torch.tensor(((width - 1) / 2, (height - 1) / 2)).to(intrinsics)
        offset = (intrinsics[:, :2, 2] - middle) / self.sample_focal_length
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            return motion_from_centred(motions.float(), offset[:, None])

    def _answers(self, images: Tensor) -> Tensor:
        batch, frames = images.shape[:2]
        if self.stage == "hr":
            images = nn.functional.avg_pool2d(images.flatten(0, 1), REDUCTION).unflatten(0, (batch, frames))
        seen = self.pose_network.frames
        if seen == frames:
            return self.pose_network(images)
        if seen != 2:
            raise TrainingError(
                f"{type(self.pose_network).__name__} takes {seen} frames, the samples have {frames}: expected 2 or"
                f" {frames}"
            )
        pairs = torch.cat([images[:, k : k + 2] for k in range(frames - 1)])
        return self.pose_network(pairs)[:, 0].unflatten(0, (frames - 1, batch)).transpose(0, 1)

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum and its named parts, unweighted."""
        weights = self._losses
        inputs = normalise(channels_first(batch["inputs"]))
        factor = self.focal_factor(batch)
        disparities: list[Tensor] = []
        columns = slice(0, None)
        if weights.depth or weights.views:
            disparities, columns = self._training_disparities(inputs[:, inputs.shape[1] // 2])
        chosen = torch.full_like(factor, weights.views, dtype=torch.bool)
        if weights.only_unknown:
            chosen &= torch.isnan(batch["depth"]).all(-1).all(-1)
        features = self._features(inputs[chosen]) if weights.features and chosen.any() else None
        moved = bool(weights.motion or weights.speed or chosen.any())  # or nothing is learnt from motion
        canonical = self.canonical_motions(inputs, batch["intrinsics"]) if moved else inputs.new_zeros(())
        with torch.autocast(self.device.type, enabled=False):
            canonical = canonical.float()
            parts: dict[str, Tensor] = {}
            total = factor.new_zeros(())
            if weights.motion:
                known = motion_to_canonical(batch["motions"], factor[:, None])
                loss, named = motion_loss(canonical, known, weights.rotation)
                parts |= {"motion": loss} | named
                total = total + weights.motion * loss
            motions = motion_from_canonical(canonical, factor[:, None]) if moved else canonical
            if weights.speed:
                parts["speed"] = speed_loss(motions, batch["distances"])
                total = total + weights.speed * parts["speed"]
            if weights.depth:
                loss, named = self._depth_loss(batch, disparities, factor, columns)
                parts |= named
                total = total + weights.depth * loss
            if chosen.any():
                if weights.true_motion:
                    motions = torch.where(torch.isnan(batch["motions"]), motions, torch.nan_to_num(batch["motions"]))
                if not chosen.all():
                    batch = {name: value[chosen] for name, value in batch.items()}
                    disparities = [disparity[chosen] for disparity in disparities]
                    motions, factor = motions[chosen], factor[chosen]
                views = Views(batch, motions, factor, columns, weights.mean_depth)
                loss, named = view_loss(views, disparities, weights, features)
                parts |= named
                # One sample counts alike whether its neighbours in the batch have truth or not.
                total = total + loss * chosen.float().mean()
        return total, parts

    def _depth_loss(
        self, batch: Sample, disparities: list[Tensor], factor: Tensor, columns: slice
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Summed over scales, each half as heavy as the one before, and the parts at the finest."""
        truth = batch["depth"][:, None, :, columns] / factor[:, None, None, None]
        total = truth.new_zeros(())
        parts: dict[str, Tensor] = {}
        for scale, disparity in enumerate(disparities):
            loss, named = supervised_depth_loss(disparity, truth, self.network.maximum_depth, self._losses.slim)
            total = total + loss * 0.5**scale
            parts = parts or {"depth": loss} | named
        return total, parts

    def _features(self, images: Tensor) -> Tensor | None:
        """LR-Net's last features of all frames ``[B, n, 3, H, W]``, ``[B, n, C, H, W]``; None in the ``hr`` stage."""
        network = self.network.lr if isinstance(self.network, DualNetworks) else self.network
        if self.stage == "hr" or not isinstance(network, LRNet):
            return None
        with torch.no_grad():
            features = network.features(images.flatten(0, 1))[0].float()
        return features.unflatten(0, images.shape[:2])

    def _training_disparities(self, image: Tensor) -> tuple[list[Tensor], slice]:
        """Disparities, and the columns of the image they belong to."""
        width = image.shape[-1]
        if self.stage == "lr" or self._crop >= 1.0 or not isinstance(self.network, DualNetworks):
            return self.trained_network(image), slice(0, width)
        global_features, guide = self.network.global_view(image)
        cells = global_features.shape[-1]
        taken = max(1, round(cells * self._crop))
        first = int(self._random.integers(cells - taken + 1))
        cell = width // cells
        columns = slice(first * cell, (first + taken) * cell)
        part = None if guide is None else guide[..., columns]
        return self.network.hr(image[..., columns], global_features[..., first : first + taken], part), columns
