"""How a pose network is trained alone, on true motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.samples import Sample
from training.data.snippet import UNLABELLED, Truth
from training.errors import TrainingError
from training.losses.masked import masked_mean
from training.losses.motion import relative_motion_loss
from training.models import Model, PoseModel
from training.motion import matrix_from_motion, motion_from_canonical
from training.networks.correlation_pose_net import CELL, CorrelationPoseNet, Matches
from training.networks.normalise import normalise
from training.networks.pose_network import PoseNetwork
from training.provenance import LENGTHS, Task
from training.systems.exported import SUFFIX, load_exported
from training.systems.learning_rate import LearningRate
from training.systems.optimiser import Optimiser
from training.systems.pictures import Picture
from training.systems.training_system import TrainingSystem
from training.systems.validation import ValidationFigures
from training.systems.views import channels_first
from training.view_synthesis import project, scaled_intrinsics

MOVABLE = 11
"""The first of Cityscapes' classes that may move by themselves: people and vehicles."""


@dataclass(frozen=True)
class PoseLosses:
    """What counts how much; the last two are of networks that match, and need true depth.

    Attributes:
        motion: see `training.losses.motion.relative_motion_loss`.
        flow: of where the cells of the current frame are found in the previous one. Cells of what may move by itself,
            where that is known, are left to the network.
        inverse_depth: of these cells, over the inverse depth itself.
    """

    motion: float = 1.0
    flow: float = 0.0
    inverse_depth: float = 0.0

    @property
    def truths(self) -> frozenset[Truth]:
        """What of a sample's truth is learnt from."""
        return frozenset({"poses", "depth", "labels"} if self.flow or self.inverse_depth else {"poses"})


class PoseSystem(TrainingSystem):
    """Two frames in, their motion as teacher; there is no network of depth.

    Args:
        network: that learns.
        focal_length: of the canonical camera, in pixels of the samples; the network's own where it has one.
        losses: weights.
        begin_with: a checkpoint of the same network, or an exported pose model.
        optimiser, learning_rate, frozen: see `TrainingSystem`.
        keep_statistics: whether normalisations go by the statistics that they have, not by those of each batch; those
            of exported models must.
    """

    def __init__(
        self,
        network: PoseNetwork,
        focal_length: float,
        losses: PoseLosses = PoseLosses(),
        optimiser: Optimiser = Optimiser(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        begin_with: str | None = None,
        frozen: Sequence[str] = (),
        keep_statistics: bool = False,
    ) -> None:
        super().__init__(network, focal_length, optimiser, learning_rate, begin_with, frozen)
        self.network: PoseNetwork
        self._losses = losses
        network.check_focal_length(focal_length)
        if (losses.flow or losses.inverse_depth) and not isinstance(network, CorrelationPoseNet):
            raise TrainingError(
                f"losses has flow {losses.flow} and inverse_depth {losses.inverse_depth}, but {type(network).__name__}"
                " matches nothing: use training.networks.correlation_pose_net.CorrelationPoseNet, or 0"
            )
        self._begins_with_exported = begin_with is not None and begin_with.endswith(SUFFIX)
        if keep_statistics:
            self.keep_statistics()
        elif self._begins_with_exported and any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
            raise TrainingError(
                f"begin_with is {begin_with}, an exported model, which has the normalisations of"
                f" {type(network).__name__} folded into what is before them, whose statistics must stay: set"
                " model.keep_statistics"
            )

    def begin(self) -> None:
        if self._begins_with_exported:
            assert self._begin_with is not None
            load_exported(self.network, self._begin_with, "pose")
        else:
            super().begin()

    @property
    def truths(self) -> frozenset[Truth]:
        return self._losses.truths

    @property
    def needs(self) -> frozenset[Truth]:
        return frozenset({"poses"})

    def metric(self, taught: frozenset[str], before: frozenset[Task]) -> frozenset[Task]:
        return before | {"pose"} if taught & LENGTHS else before

    def depth_model(self) -> None:
        """There is none."""

    def pose_model(self) -> Model:
        return PoseModel(self.network)

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        motions, found = self._answers(batch)
        with torch.autocast(self.device.type, enabled=False):
            loss, parts = relative_motion_loss(motions, batch["motions"])
            total = self._losses.motion * loss
            if self._losses.flow or self._losses.inverse_depth:
                flow, inverse_depth = self._match_losses(batch, found)
                parts |= {"flow": flow, "inverse_depth": inverse_depth}
                total = total + self._losses.flow * flow + self._losses.inverse_depth * inverse_depth
        return total, parts

    def validate_batch(self, batch: Sample, figures: ValidationFigures) -> list[list[Picture]]:
        motions, _ = self._answers(batch)
        figures.add_motions(motions, batch["motions"])
        return []

    def _answers(self, batch: Sample) -> tuple[Tensor, list[Matches]]:
        """Motions ``[B, 1, 6]`` of the samples' cameras, and what was matched for them."""
        images = normalise(channels_first(batch["inputs"]))
        if images.shape[1] != self.network.frames:
            raise TrainingError(
                f"{type(self.network).__name__} takes {self.network.frames} frames, the samples have {images.shape[1]}:"
                " data.frames must be as many"
            )
        if not isinstance(self.network, CorrelationPoseNet):
            return motion_from_canonical(self.network(images).float(), self.focal_factor(batch)[:, None]), []
        found = [Matches(*(item.float() for item in matches)) for matches in self.network.matches(images)]
        with torch.autocast(self.device.type, enabled=False):  # half precision rounds a small turn to none
            return self.network.motion(found[-1], batch["intrinsics"]), found

    def _match_losses(self, batch: Sample, found: Sequence[Matches]) -> tuple[Tensor, Tensor]:
        """Of the current frames, which are the samples' middle ones, whose depth is known."""
        depth = batch["depth"][:, None]
        known = F.avg_pool2d((~torch.isnan(depth)).float(), CELL) == 1
        inverse = F.avg_pool2d(torch.nan_to_num(1.0 / depth), CELL)  # of things as near as half a cell, and sky
        canonical = self.focal_factor(batch)[:, None, None, None] * inverse
        answer = found[-1].inverse_depth.chunk(2)[1]
        inverse_depth = masked_mean((answer - canonical).abs() / (canonical + 0.01), known)

        previous_from_current = matrix_from_motion(batch["motions"][:, 0])
        intrinsics = scaled_intrinsics(batch["intrinsics"], 1.0 / CELL)
        pixels, ahead = project(1.0 / inverse, intrinsics, previous_from_current)
        height, width = inverse.shape[-2:]
        places = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), -1).to(pixels)
        flow = pixels - places
        size = torch.tensor((width, height)).to(pixels)
        labels = batch["labels"][:, None]
        still = F.max_pool2d(((labels >= MOVABLE) & (labels != UNLABELLED)).float(), CELL) == 0
        seen = known & still & (ahead > 0) & ((pixels > -0.5) & (pixels < size - 0.5)).all(-1)[:, None]
        flow = torch.where(seen[:, 0, ..., None], flow, 0.0).permute(0, 3, 1, 2)
        allowed = 0.25 + 0.1 * torch.linalg.vector_norm(flow, dim=1, keepdim=True)
        losses = []
        for number, matches in enumerate(reversed(found)):
            error = (matches.flow.chunk(2)[1] - flow).abs().sum(1, keepdim=True)
            losses.append(0.5**number * masked_mean(error / allowed, seen))
        return torch.stack(losses).sum(), inverse_depth
