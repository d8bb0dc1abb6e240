"""How Dual Networks are trained: LR-Net with PoseNet first, then HR-Net on top of the frozen LR-Net."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from depth_perception.evaluation.depth_metrics import DepthMetrics, depth_metrics
from training.checkpoint import load_weights
from training.data.samples import Sample
from training.errors import TrainingError
from training.losses.motion import motion_loss, speed_loss
from training.losses.photometric import photometric_loss
from training.losses.smoothness import smoothness_loss
from training.losses.supervised_depth import supervised_depth_loss
from training.motion import inverse_matrix, matrix_from_motion, motion_from_canonical, motion_to_canonical
from training.networks.depth_network import DepthNetwork
from training.networks.dual_networks import REDUCTION, DualNetworks
from training.networks.imagenet import load_imagenet
from training.networks.normalise import normalise
from training.networks.pose_net import PoseNet
from training.systems.pictures import depth_picture
from training.view_synthesis import project, sample

Stage = Literal["lr", "hr"]


@dataclass(frozen=True)
class LossWeights:
    """What counts how much; 0 leaves a loss out. The first two need no truth.

    Attributes:
        photometric, smoothness: Dual Networks, eq. 9; the weight of smoothness halves with each coarser scale.
        depth: of true depth, where a sample has it.
        slim: how much more a pixel of a slim thing counts within `depth` (see `training.losses.supervised_depth`).
        motion: of true motion, where a sample has it.
        rotation: metres that a radian of rotation error counts as, within `motion`.
        speed: of the distance driven, where a sample has it.
        scales: how many of the four disparities are held against the images, finest first.
        automask: leaves pixels out that do not change between frames.
        only_unknown: views are synthesised of samples without true depth alone: what truth teaches better is not taught
            twice, at nearly half the cost of a step.
        true_motion: views are synthesised by the true motion, where a sample has it: the surest start.
    """

    photometric: float = 1.0
    smoothness: float = 1e-3
    depth: float = 0.0
    slim: float = 0.0
    motion: float = 0.0
    rotation: float = 50.0
    speed: float = 0.0
    scales: int = 4
    automask: bool = True
    only_unknown: bool = False
    true_motion: bool = False


@dataclass(frozen=True)
class LearningRate:
    """Of Adam.

    Attributes:
        start: the first one.
        schedule: ``steps`` halves it after each of the epochs `halve_after` (Dual Networks, eq. 12); ``cosine`` rises
            over the first 3 % of all steps and falls to 2 % at the last.
    """

    start: float = 2e-4
    schedule: Literal["steps", "cosine"] = "steps"
    halve_after: tuple[int, ...] = (10, 20)

    def factor(self, step: int, steps: int, epoch: int) -> float:
        """What `start` is multiplied with."""
        if self.schedule == "steps":
            return 0.5 ** sum(epoch >= limit for limit in self.halve_after)
        share = step / max(1, steps)
        return float(min(share / 0.03 + 0.01, 0.02 + 0.98 * 0.5 * (1.0 + np.cos(np.pi * min(share, 1.0)))))


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
        losses: LossWeights = LossWeights(),
        learning_rate: LearningRate = LearningRate(),
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
        self._validation: list[DepthMetrics] = []
        self._validation_metric: list[DepthMetrics] = []
        self._validation_motion: list[tuple[float, float]] = []

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
        steps = int(self.trainer.estimated_stepping_batches) if self._learning_rate.schedule == "cosine" else 0
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: self._learning_rate.factor(step, steps, self.current_epoch)
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        loss, parts = self.loss(batch)
        self.log("loss", loss.detach(), prog_bar=True)
        self.log_dict({f"train/{name}": value.detach() for name, value in parts.items()})
        return loss

    def on_validation_epoch_start(self) -> None:
        self._validation, self._validation_metric, self._validation_motion = [], [], []

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        inputs = normalise(_channels_first(batch["inputs"]))
        factor = self.focal_factor(batch)
        middle = inputs.shape[1] // 2
        disparity = self.disparities(inputs[:, middle])[0]
        depth = (factor[:, None, None, None] / disparity).float().cpu().numpy()[:, 0]
        truth = batch["depth"].cpu().numpy()
        for true, predicted in zip(truth, depth, strict=True):
            self._validation.append(depth_metrics(true, predicted))
            self._validation_metric.append(depth_metrics(true, predicted, scale=None))
        canonical = self.canonical_motions(inputs)
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            motions = motion_from_canonical(canonical.float(), factor[:, None])
            self._validation_motion += _motion_errors(motions.cpu(), batch["motions"].cpu())
            if batch_index == 0:
                self._log_pictures(batch, disparity, motions, factor)

    def on_validation_epoch_end(self) -> None:
        def mean(values: Sequence[float]) -> float:
            return float(np.mean(values)) if values else float("nan")

        figures = {
            "val/abs_rel": mean([item.abs_rel for item in self._validation]),
            "val/a1": mean([item.a1 for item in self._validation]),
            "val/rmse": mean([item.rmse for item in self._validation]),
            "val/abs_rel_metric": mean([item.abs_rel for item in self._validation_metric]),
            "val/translation": mean([translation for translation, _ in self._validation_motion]),
            "val/rotation_degrees": mean([rotation for _, rotation in self._validation_motion]),
        }
        self.log_dict(figures, prog_bar=False)
        self.log("abs_rel", figures["val/abs_rel"], prog_bar=True, logger=False)

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
        inputs = normalise(_channels_first(batch["inputs"]))
        frames = inputs.shape[1]
        middle = frames // 2
        factor = self.focal_factor(batch)
        canonical = self.canonical_motions(inputs)
        disparities: list[Tensor] = []
        columns = slice(None)
        if weights.depth or weights.photometric or weights.smoothness:
            disparities, columns = self._training_disparities(inputs[:, middle])
        with torch.autocast(self.device.type, enabled=False):
            canonical = canonical.float()
            truth = batch["depth"][:, None, :, columns] / factor[:, None, None, None]
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
                sums: dict[str, Tensor] = {}
                for scale, disparity in enumerate(disparities):
                    loss, named = supervised_depth_loss(disparity, truth, self.network.maximum_depth, weights.slim)
                    total = total + weights.depth * loss * 0.5**scale
                    if scale == 0:
                        sums = {"depth": loss} | named
                parts |= sums
            if weights.photometric or weights.smoothness:
                if weights.true_motion:
                    motions = torch.where(torch.isnan(batch["motions"]), motions, torch.nan_to_num(batch["motions"]))
                if weights.only_unknown:
                    chosen = torch.isnan(batch["depth"]).all(-1).all(-1)
                    batch = {name: value[chosen] for name, value in batch.items()}
                    disparities = [disparity[chosen] for disparity in disparities]
                    motions, factor = motions[chosen], factor[chosen]
                if len(factor):
                    loss, named = self._view_loss(batch, disparities, columns, motions, factor)
                    parts |= named
                    # One sample counts alike whether its neighbours in the batch have truth or not.
                    total = total + loss * (len(factor) / len(truth))
        return total, parts

    def _training_disparities(self, image: Tensor) -> tuple[list[Tensor], slice]:
        """Disparities, and the columns of the image they belong to."""
        width = image.shape[-1]
        if self.stage == "lr" or self._crop >= 1.0 or not isinstance(self.network, DualNetworks):
            return self.disparities(image), slice(0, width)
        global_features, guide = self.network.global_view(image)
        cells = global_features.shape[-1]
        taken = max(1, round(cells * self._crop))
        first = int(torch.randint(cells - taken + 1, ()))
        cell = width // cells
        columns = slice(first * cell, (first + taken) * cell)
        part = None if guide is None else guide[..., columns]
        return self.network.hr(image[..., columns], global_features[..., first : first + taken], part), columns

    def _view_loss(
        self, batch: Sample, disparities: list[Tensor], columns: slice, motions: Tensor, factor: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        weights = self._losses
        images = _channels_first(batch["images"]).float() / 255.0
        middle = images.shape[1] // 2
        target = images[:, middle, :, :, columns]
        numbers = [k for k in range(images.shape[1]) if k != middle]
        poses = [_source_from_target(motions, k, middle) for k in numbers]
        intrinsics = batch["intrinsics"].clone()
        intrinsics[:, 0, 2] -= columns.start
        shift = torch.tensor((float(columns.start), 0.0), device=target.device)
        sources = [images[:, k] for k in numbers]
        unmoved = [source[..., columns] for source in sources] if weights.automask else None

        parts: dict[str, Tensor] = {}
        total = target.new_zeros(())
        for scale in range(weights.scales):
            disparity = disparities[scale]
            small = target if scale == 0 else nn.functional.interpolate(target, disparity.shape[-2:], mode="area")
            smoothness = smoothness_loss(disparity, small)
            total = total + weights.smoothness * smoothness * 0.5**scale
            if weights.photometric:
                if scale:
                    disparity = nn.functional.interpolate(
                        disparity, target.shape[-2:], mode="bilinear", align_corners=False
                    )
                depth = factor[:, None, None, None] / disparity
                views = [
                    sample(source, project(depth, intrinsics, pose)[0] + shift)
                    for source, pose in zip(sources, poses, strict=True)
                ]
                photometric, mask = photometric_loss(target, views, unmoved)
                total = total + weights.photometric * photometric / weights.scales
                if scale == 0:
                    parts |= {"photometric": photometric, "masked": 1.0 - mask.mean()}
            if scale == 0:
                parts["smoothness"] = smoothness
        return total, parts

    def _log_pictures(self, batch: Sample, disparity: Tensor, motions: Tensor, factor: Tensor) -> None:
        board = getattr(self.logger, "experiment", None)
        if board is None or not hasattr(board, "add_image"):
            return
        images = _channels_first(batch["images"])
        middle = images.shape[1] // 2
        for i in range(min(2, len(disparity))):
            depth = (factor[i] / disparity[i, 0]).float().cpu().numpy()
            truth = batch["depth"][i].cpu().numpy()
            rows = [
                images[i, middle].permute(1, 2, 0).cpu().numpy(),
                depth_picture(depth),
                depth_picture(truth),
                _view_picture(
                    images[i], disparity[i : i + 1], batch["intrinsics"][i : i + 1], motions[i : i + 1], factor[i]
                ),
            ]
            board.add_image(f"validation/{i}", np.concatenate(rows), self.global_step, dataformats="HWC")


def _view_picture(
    images: Tensor, disparity: Tensor, intrinsics: Tensor, motions: Tensor, factor: Tensor
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The target of one sample as its previous frame saw it, by what the networks say."""
    middle = len(images) // 2
    pose = _source_from_target(motions, middle - 1, middle)
    pixels, _ = project(factor / disparity.float(), intrinsics, pose)
    view = sample(images[middle - 1][None].float(), pixels)[0]
    return view.permute(1, 2, 0).round().clamp(0, 255).byte().cpu().numpy()


def _channels_first(images: Tensor) -> Tensor:
    """``[..., H, W, 3]`` -> ``[..., 3, H, W]``; the same memory, which is what channels-last convolutions want."""
    return images.movedim(-1, -3)


def _source_from_target(motions: Tensor, source: int, target: int) -> Tensor:
    """`T_source_target` ``[B, 4, 4]`` from the motions ``[B, n - 1, 6]`` between."""
    matrices = matrix_from_motion(motions)
    first, last = sorted((source, target))
    pose = matrices[:, first]
    for k in range(first + 1, last):
        pose = pose @ matrices[:, k]
    return pose if source < target else inverse_matrix(pose)


def _motion_errors(motions: Tensor, truth: Tensor) -> list[tuple[float, float]]:
    """Of each known motion that goes somewhere: translation error over distance, and rotation error in degrees."""
    errors = []
    motions, truth = motions.double(), truth.double()  # a small angle drowns in anything less
    for motion, true in zip(motions.flatten(0, 1), truth.flatten(0, 1), strict=True):
        distance = float(true[3:].norm())
        if distance > 0.05:  # also False for NaN
            turn = matrix_from_motion(motion)[:3, :3].T @ matrix_from_motion(true)[:3, :3]
            angle = torch.arccos(((turn.trace() - 1.0) / 2.0).clamp(-1.0, 1.0))
            errors.append((float((motion[3:] - true[3:]).norm()) / distance, float(torch.rad2deg(angle))))
    return errors
