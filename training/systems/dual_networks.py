"""How Dual Networks are trained: LR-Net with PoseNet first, then HR-Net on top of the frozen LR-Net."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from training.checkpoint import load_weights
from training.data.samples import Sample
from training.errors import TrainingError
from training.losses.motion import motion_loss, speed_loss
from training.losses.supervised_depth import supervised_depth_loss
from training.motion import motion_from_canonical, motion_to_canonical
from training.networks.depth_network import DepthNetwork
from training.networks.dual_networks import REDUCTION, DualNetworks
from training.networks.imagenet import load_imagenet
from training.networks.lr_net import LRNet
from training.networks.normalise import normalise
from training.networks.pose_net import PoseNet
from training.systems.finite import check_gradient, check_loss
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights
from training.systems.pictures import depth_picture, view_pictures
from training.systems.validation import ValidationFigures
from training.systems.views import Views, channels_first, view_loss

Stage = Literal["lr", "hr"]


class DualNetworksSystem(lightning.LightningModule):
    """Depth and motion learn from each other: a view synthesised with both must look like the frame that was taken.

    Dual Networks (Zhou et al., ICCV 2019), section 3 and 4.5, with what truth a sample has as additional teacher.

    Args:
        network: the depth network: `DualNetworks`, or a single one, trained whole in either stage.
        pose_network: 2-frame or n-frame, n being the frames of a sample.
        stage: ``lr`` trains LR-Net and PoseNet on samples of the low resolution; ``hr`` trains HR-Net, attention and
            PoseNet on samples of the full one, with LR-Net frozen, batch statistics included.
        lr_checkpoint: of the finished ``lr`` stage, which ``hr`` needs; where it is given, ``lr`` begins with it too.
        focal_length: of the canonical camera, in pixels of the full resolution: what the networks answer is right for
            this one, and converted for all others (see `depth_perception.geometry.canonical`).
        losses: weights.
        learning_rate: schedule.
        crop: share of the columns that HR-Net is trained on at a time, while LR-Net sees all; 1 for all.
        freeze_pose: whether PoseNet stays as it is.
    """

    def __init__(
        self,
        network: DepthNetwork,
        pose_network: PoseNet,
        stage: Stage,
        focal_length: float,
        lr_checkpoint: str | None = None,
        losses: LossWeights = LossWeights(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        crop: float = 1.0,
        freeze_pose: bool = False,
    ) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Attribute .* is an instance of `nn.Module`")  # only their settings are
            self.save_hyperparameters(logger=False)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.pose_network = pose_network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.stage: Stage = stage
        self.focal_length = focal_length
        self._lr_checkpoint = lr_checkpoint
        self._losses = losses
        self._learning_rate = learning_rate
        self._crop = crop
        self._frozen: list[nn.Module] = [pose_network] if freeze_pose else []
        if not isinstance(network, DualNetworks):
            if crop < 1.0:
                raise TrainingError(f"crop is {crop}, expected 1: only HR-Net can be trained on a part of the columns")
        elif stage == "hr":
            self._frozen.append(network.lr)
        else:
            network.hr.requires_grad_(False)
            if network.attention is not None:
                network.attention.requires_grad_(False)
        for module in self._frozen:
            module.requires_grad_(False).eval()  # the trainer does not call `train` before it begins
        self._random = np.random.default_rng(0)
        self._figures = ValidationFigures()

    # Lightning's hooks

    def setup(self, stage: str) -> None:
        resuming = self.trainer.ckpt_path is not None
        if stage != "fit" or resuming:
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

    def train(self, mode: bool = True) -> DualNetworksSystem:
        super().train(mode)
        for module in self._frozen:
            module.eval()  # or its batch statistics would go on changing
        return self

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if isinstance(self.hparams.get("network"), nn.Module):  # built by a program, not from a configuration
            checkpoint.pop("hyper_parameters", None)  # a checkpoint holds numbers and words, never objects

    def configure_optimizers(self) -> Any:
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimiser = torch.optim.Adam(parameters, lr=self._learning_rate.start)
        return {"optimizer": optimiser, "lr_scheduler": self._learning_rate.scheduler(optimiser, self.trainer)}

    def on_train_start(self) -> None:
        self._learning_rate.take_over(self.trainer.lr_scheduler_configs[0].scheduler)  # type: ignore[arg-type]

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        # All chance comes from the number of the batch: a resumed run draws what an uninterrupted one would have drawn.
        number = self.trainer.fit_loop.total_batch_idx
        self._random = np.random.default_rng((torch.initial_seed(), self.global_rank, number))
        loss, parts = self.loss(batch)
        check_loss(loss, parts, self.trainer, batch_index)
        self.log("loss", loss.detach(), prog_bar=True)
        self.log_dict({f"train/{name}": value.detach() for name, value in parts.items()})
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        check_gradient(self)

    def on_validation_epoch_start(self) -> None:
        self._figures = ValidationFigures()

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        inputs = normalise(channels_first(batch["inputs"]))
        factor = self.focal_factor(batch)
        middle = inputs.shape[1] // 2
        disparity = self.disparities(inputs[:, middle])[0].float()
        depth = (factor[:, None, None, None] / disparity)[:, 0]
        canonical = self.canonical_motions(inputs)
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            motions = motion_from_canonical(canonical.float(), factor[:, None])
            self._figures.add(depth, batch["depth"], motions, batch["motions"])
            if batch_index == 0:
                self._log_pictures(batch, disparity, motions, factor)

    def on_validation_epoch_end(self) -> None:
        loaders = self.trainer.val_dataloaders
        assert loaders is not None
        strategy = self.trainer.strategy
        figures = self._figures.means(
            len(loaders.dataset),
            self.global_rank,
            self.trainer.world_size,
            lambda sums: strategy.reduce(sums.to(self.device), reduce_op="sum"),  # type: ignore[arg-type,return-value]
        )
        # They are the same in all processes already; the trainer wants to hear that it is so.
        self.log_dict({f"val/{name}": value for name, value in figures.items()}, sync_dist=True)
        self.log("abs_rel", figures["abs_rel"], prog_bar=True, logger=False, sync_dist=True)

    # What it computes

    def focal_factor(self, batch: Sample) -> Tensor:
        """Focal length of each sample over the canonical one, ``[B]``, both at the sample's resolution."""
        canonical = self.focal_length / REDUCTION if self.stage == "lr" else self.focal_length
        return batch["intrinsics"][:, 0, 0] / canonical

    def disparities(self, image: Tensor) -> list[Tensor]:
        """Canonical disparities of a normalised image ``[B, 3, H, W]`` of the stage's resolution, finest first."""
        if self.stage == "lr" and isinstance(self.network, DualNetworks):
            return self.network.lr(image)
        return self.network(image)

    def canonical_motions(self, images: Tensor) -> Tensor:
        """Canonical motions ``[B, n - 1, 6]`` of normalised images ``[B, n, 3, H, W]`` of the stage's resolution."""
        batch, frames = images.shape[:2]
        if self.stage == "hr":
            images = nn.functional.avg_pool2d(images.flatten(0, 1), REDUCTION).unflatten(0, (batch, frames))
        seen = self.pose_network.frames
        if seen == frames:
            return self.pose_network(images)
        if seen != 2:
            raise TrainingError(f"PoseNet takes {seen} frames, the samples have {frames}: expected 2 or {frames}")
        pairs = torch.cat([images[:, k : k + 2] for k in range(frames - 1)])
        return self.pose_network(pairs)[:, 0].unflatten(0, (frames - 1, batch)).transpose(0, 1)

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum and its named parts, unweighted."""
        weights = self._losses
        inputs = normalise(channels_first(batch["inputs"]))
        factor = self.focal_factor(batch)
        canonical = self.canonical_motions(inputs)
        disparities: list[Tensor] = []
        columns = slice(0, None)
        if weights.depth or weights.views:
            disparities, columns = self._training_disparities(inputs[:, inputs.shape[1] // 2])
        chosen = torch.full_like(factor, weights.views, dtype=torch.bool)
        if weights.only_unknown:
            chosen &= torch.isnan(batch["depth"]).all(-1).all(-1)
        features = self._features(inputs[chosen]) if weights.features and chosen.any() else None
        with torch.autocast(self.device.type, enabled=False):
            canonical = canonical.float()
            parts: dict[str, Tensor] = {}
            total = canonical.new_zeros(())
            if weights.motion:
                known = motion_to_canonical(batch["motions"], factor[:, None])
                loss, named = motion_loss(canonical, known, weights.rotation)
                parts |= {"motion": loss} | named
                total = total + weights.motion * loss
            motions = motion_from_canonical(canonical, factor[:, None])
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
            return self.disparities(image), slice(0, width)
        global_features, guide = self.network.global_view(image)
        cells = global_features.shape[-1]
        taken = max(1, round(cells * self._crop))
        first = int(self._random.integers(cells - taken + 1))
        cell = width // cells
        columns = slice(first * cell, (first + taken) * cell)
        part = None if guide is None else guide[..., columns]
        return self.network.hr(image[..., columns], global_features[..., first : first + taken], part), columns

    def _log_pictures(self, batch: Sample, disparity: Tensor, motions: Tensor, factor: Tensor) -> None:
        board = getattr(self.logger, "experiment", None)
        if board is None or not hasattr(board, "add_image"):
            return
        few = slice(0, 2)
        batch = {name: value[few] for name, value in batch.items()}
        views = Views(batch, motions[few], factor[few], mean_depth=self._losses.mean_depth)
        for i, seen in enumerate(view_pictures(views, disparity[few])):
            depths = (factor[i] / disparity[i, 0], batch["depth"][i])
            rows = [seen, *(depth_picture(depth.cpu().numpy()) for depth in depths)]
            board.add_image(f"validation/{i}", np.concatenate(rows), self.global_step, dataformats="HWC")
