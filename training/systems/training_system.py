"""What all trainings share: how weights begin, learn and stay, and how depth is judged meanwhile."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from depth_perception.model_file import TrainingData
from training.checkpoint import checkpoint_file, load_weights, read_checkpoint, refuse_unknown_code
from training.data.samples import Sample
from training.data.snippet import Truth
from training.errors import TrainingError
from training.models import DepthModel, Model
from training.networks.depth_network import DepthNetwork
from training.networks.encoder import Encoder
from training.networks.imagenet import load_imagenet
from training.networks.pose_network import PoseNetwork
from training.provenance import LENGTHS, PROVENANCE, Provenance, Task, together
from training.systems.exported import SUFFIX, provenance_of_exported
from training.systems.finite import check_gradient, check_loss
from training.systems.learning_rate import LearningRate
from training.systems.old_checkpoints import described
from training.systems.optimiser import Optimiser
from training.systems.pictures import Picture, depth_picture
from training.systems.validation import ValidationFigures


class TrainingSystem(lightning.LightningModule):
    """A network, and how it learns. A subclass says its `loss`.

    Args:
        network: that learns.
        focal_length: of the canonical camera, in pixels of the samples: what a network answers is right for this one,
            and converted for all others (see `depth_perception.geometry.canonical`).
        optimiser: what takes the steps.
        learning_rate: its schedule.
        begin_with: a checkpoint of the same networks to take weights from.
        frozen: beginnings of the names of what stays as it is, batch statistics included, as in ``[network.encoder]``:
            how a network is trained in stages.

    Attributes:
        learned: what has taught the weights that it was given.
    """

    def __init__(
        self,
        network: DepthNetwork | PoseNetwork,
        focal_length: float,
        optimiser: Optimiser = Optimiser(),  # noqa: B008 - frozen
        learning_rate: LearningRate = LearningRate(),  # noqa: B008 - frozen
        begin_with: str | None = None,
        frozen: Sequence[str] = (),
    ) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Attribute .* is an instance of `nn.Module`")  # only their settings are
            self.save_hyperparameters(logger=False)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.focal_length = focal_length
        self._optimiser = optimiser
        self._learning_rate = learning_rate
        self._begin_with = begin_with
        self._frozen: list[nn.Module] = []
        self._frozen_names = list(frozen)
        self.learned = Provenance()
        self._random = np.random.default_rng(0)
        self._figures = ValidationFigures()

    # What a subclass says

    def loss(self, batch: Sample) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum and its named parts, unweighted."""
        raise NotImplementedError

    @property
    def truths(self) -> frozenset[Truth]:
        """What the losses learn from beside images, where a sample has it."""
        raise NotImplementedError

    def validate_batch(self, batch: Sample, figures: ValidationFigures) -> list[list[Picture]]:
        """Adds what the networks say of a batch to the figures.

        Returns:
            Pictures of each of the first samples, one above the other, uint8 RGB of one width.
        """
        raise NotImplementedError

    # What a subclass may say otherwise

    pose_reduction: int = 1
    """How many times smaller than a sample the images of `pose_model` are."""

    middle_of_known: bool = False
    """Whether nothing is learnt from the other frames of a sample whose depth is known: they need not be prepared."""

    def metric(self, taught: frozenset[str], before: frozenset[Task]) -> frozenset[Task]:
        """The tasks whose lengths come out in metres.

        Args:
            taught: of `truths`, those that a source has told.
            before: those tasks of the weights that it began with.
        """
        return before | {"depth"} if taught & LENGTHS else before

    @property
    def needs(self) -> frozenset[Truth]:
        """What of the truth every source must have, where nothing could be learnt without."""
        return frozenset()

    @property
    def sample_focal_length(self) -> float:
        """Of the canonical camera, in pixels of the samples."""
        return self.focal_length

    @property
    def earlier(self) -> tuple[str, ...]:
        """The checkpoints and model files that the weights began with."""
        return () if self._begin_with is None else (self._begin_with,)

    def depth_model(self) -> Model | None:
        """What of it robots run for depth; None if there is nothing."""
        assert isinstance(self.network, DepthNetwork)
        return DepthModel(self.network)

    def pose_model(self) -> Model | None:
        """What of it robots run for motion; None if there is nothing."""
        return None

    # What it computes

    def focal_factor(self, batch: Sample) -> Tensor:
        """Focal length of each sample over the canonical one, ``[B]``, both at the sample's resolution."""
        return batch["intrinsics"][:, 0, 0] / self.sample_focal_length

    def depth_pictures(self, batch: Sample, depth: Tensor, few: int = 2) -> list[list[Picture]]:
        """Of each of the first samples its depth ``[H, W]``, and the truth."""
        pairs = zip(depth[:few], batch["depth"][:few], strict=True)
        return [[depth_picture(one.float().cpu().numpy()) for one in pair] for pair in pairs]

    def keep(self, module: nn.Module) -> None:
        """Keeps a module as it is, batch statistics included."""
        self._frozen.append(module)
        module.requires_grad_(False).eval()  # the trainer does not call `train` before it begins

    # Lightning's hooks

    def setup(self, stage: str) -> None:
        self._freeze_by_name()
        resuming = self.trainer.ckpt_path is not None
        if stage == "fit" and not resuming:
            self.begin()
            self.learned = provenance_of(self.earlier)

    def begin(self) -> None:
        """Weights to start from."""
        if self._begin_with is None:
            load_imagenet(self.network)
        else:
            load_weights(self, self._begin_with)

    def _freeze_by_name(self) -> None:
        modules = dict(self.named_modules())
        for name in self._frozen_names:
            if name not in modules:
                known = ", ".join(f"network.{child}" for child, _ in self.network.named_children())
                raise TrainingError(f"model.frozen: there is no {name} in this network, expected one of {known}, ...")
            self.keep(modules[name])

    def keep_statistics(self) -> None:
        """Lets all normalisations go by the statistics that they have; what they multiply and add is learnt."""
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                self._frozen.append(module.eval())  # as in `keep`

    def train(self, mode: bool = True) -> TrainingSystem:
        super().train(mode)
        for module in self._frozen:
            module.eval()  # or its batch statistics would go on changing
        return self

    def learned_from(self, data: Iterable[TrainingData]) -> Provenance:
        """What has taught the networks once they have learnt from what can teach `data`, too."""
        learnt = [replace(item, truths=tuple(name for name in item.truths if name in self.truths)) for item in data]
        pretrained = [item for module in self.modules() if isinstance(module, Encoder) for item in module.pretraining]
        taught = frozenset(name for item in learnt for name in item.truths)
        return Provenance(
            together([*learnt, *self.learned.data, *pretrained]), self.metric(taught, self.learned.metric)
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if PROVENANCE in checkpoint:
            self.learned = Provenance.of_entry(checkpoint[PROVENANCE])
            return
        self.learned = provenance_of([path for path in self.earlier if Path(path).exists()])
        self.learned = self.learned_from(described(checkpoint.get("datamodule_hyper_parameters", {})))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        data = getattr(self._trainer, "datamodule", None)  # of a system that a program saves there is no trainer
        checkpoint[PROVENANCE] = self.learned_from(getattr(data, "training_data", ())).to_entry()
        if isinstance(self.hparams.get("network"), nn.Module):  # built by a program, not from a configuration
            checkpoint.pop("hyper_parameters", None)  # a checkpoint holds numbers and words, never objects

    def configure_optimizers(self) -> Any:
        learning = [(name, parameter) for name, parameter in self.named_parameters() if parameter.requires_grad]
        optimiser = self._optimiser.of(learning, self._learning_rate.start)
        return {"optimizer": optimiser, "lr_scheduler": self._learning_rate.scheduler(optimiser, self.trainer)}

    def on_train_start(self) -> None:
        self._learning_rate.take_over(self.trainer.lr_scheduler_configs[0].scheduler)  # type: ignore[arg-type]
        loop = self.trainer.fit_loop
        if loop.restarted_mid_epoch and loop.epoch_progress.total.completed == loop.epoch_progress.total.ready:
            # From a checkpoint of an epoch's last step. That epoch is completed by now, but the trainer would take the
            # next one for begun, not count it, and begin it anew from any checkpoint within it.
            loop.reset_restart_stage()

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        # All chance comes from the number of the batch: a resumed run draws what an uninterrupted one would have drawn.
        number = self.trainer.fit_loop.total_batch_idx
        chance = np.random.SeedSequence((torch.initial_seed(), self.global_rank, number))
        self._random = np.random.default_rng(chance)
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(int(chance.generate_state(1)[0]))  # of dropout
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
        pictures = self.validate_batch(batch, self._figures)
        board = getattr(self.logger, "experiment", None)
        if batch_index == 0 and board is not None and hasattr(board, "add_image"):
            for i, rows in enumerate(pictures):
                board.add_image(f"validation/{i}", np.concatenate(rows), self.global_step, dataformats="HWC")

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
        if "abs_rel" in figures:
            self.log("abs_rel", figures["abs_rel"], prog_bar=True, logger=False, sync_dist=True)


def load_system(path: str | Path, saved: dict[str, Any]) -> TrainingSystem:
    """The system of a checkpoint, on the CPU, with its weights.

    Args:
        saved: what `training.checkpoint.read_checkpoint` found at `path`.

    Raises: `TrainingError` if its class is not here, or it names code that is not known.
    """
    refuse_unknown_code(path, saved["hyper_parameters"])
    module, _, name = str(saved["hyper_parameters"]["_class_path"]).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise TrainingError(f"{path}: is of a system {module}.{name}, which is not here: install what has it") from None
    system: TrainingSystem = found.load_from_checkpoint(checkpoint_file(path), map_location="cpu", weights_only=True)
    return system


def provenance_of(paths: Iterable[str | Path]) -> Provenance:
    """What has taught the networks of checkpoints and model files; nothing where one does not say how they were built.

    Raises: as `load_system` and `training.checkpoint.read_checkpoint`.
    """
    found = [_provenance_of(path) for path in paths]
    metric = frozenset[Task]().union(*(item.metric for item in found))
    return Provenance(together(data for item in found for data in item.data), metric)


def _provenance_of(path: str | Path) -> Provenance:
    if Path(path).suffix == SUFFIX:
        return provenance_of_exported(path)
    saved = read_checkpoint(path)
    if PROVENANCE in saved:
        return Provenance.of_entry(saved[PROVENANCE])
    return load_system(path, saved).learned if "_class_path" in saved.get("hyper_parameters", {}) else Provenance()
