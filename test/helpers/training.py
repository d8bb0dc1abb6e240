"""Small trainings on analytic drives, in this process, or in one that can be killed or share its work with another:
``python -m helpers.training FOLDER``."""

from __future__ import annotations

import argparse
import functools
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

from depth_perception.geometry.camera import Camera
from helpers.drives import Drive, analytic_drive
from training.data.augmentation import NONE
from training.data.datasets.street import StreetSnippets
from training.data.loader import ResumableLoader
from training.data.samples import EpochSampler, Sample, SnippetSamples
from training.networks.dual_networks import DualNetworks
from training.networks.lr_net import LRNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.systems.dual_networks import DualNetworksSystem
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights

FULL = Camera(288, 192, 180.0, 180.0, 143.5, 90.0)
SUPERVISED = LossWeights(photometric=0.0, smoothness=0.0, depth=1.0, motion=1.0, scales=1)
Stage = Literal["lr", "hr"]


def make_system(stage: Stage, losses: LossWeights = SUPERVISED, **options: Any) -> DualNetworksSystem:
    """The whole of Dual Networks, with a hundredth of its weights; always the same."""
    torch.manual_seed(0)
    lr = LRNet(ResNet18(8), (32, 24, 16, 16, 16))
    network = DualNetworks(lr, (8, 8, 16, 16), (1, 1, 1, 1), (16, 16, 8, 8), attention=16)
    return DualNetworksSystem(network, PoseNet(2, 0.01, 0.1, 0.5), stage, 180.0, losses=losses, **options)


def make_samples(drives: Sequence[Drive], stage: Stage, size: tuple[int, int] | None = None) -> SnippetSamples:
    """Samples at the stage's resolution or another `size`, as they are."""
    size = size or ((96, 64) if stage == "lr" else (288, 192))
    return SnippetSamples([StreetSnippets(drives)], [size], NONE, seed=0)  # type: ignore[arg-type]


def loader(
    drives: Sequence[Drive],
    stage: Stage,
    samples: int | None = None,
    batch_size: int = 4,
    rank: int = 0,
    ranks: int = 1,
    size: tuple[int, int] | None = None,
    **options: Any,
) -> ResumableLoader:
    """Shuffled batches for training."""
    items = make_samples(drives, stage, size)
    sampler = EpochSampler([len(items)], samples, seed=0, rank=rank, ranks=ranks, block=batch_size)
    return ResumableLoader(items, sampler, batch_size, **options)


def trainer(folder: Path, **options: Any) -> lightning.Trainer:
    """A quiet one on the CPU that writes nothing it is not told to."""
    defaults: dict[str, Any] = {
        "accelerator": "cpu",
        "default_root_dir": folder,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": False,
        "enable_checkpointing": False,
        "num_sanity_val_steps": 0,
    }
    if any(isinstance(callback, ModelCheckpoint) for callback in options.get("callbacks", ())):
        defaults["enable_checkpointing"] = True
    return lightning.Trainer(**{**defaults, **options})


def state(module: nn.Module) -> dict[str, Tensor]:
    """A copy of its weights and buffers."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: dict[str, Tensor], module: nn.Module) -> list[str]:
    """Names of what is not bit by bit as it was."""
    return [name for name, value in module.state_dict().items() if not torch.equal(value, before[name])]


@functools.cache
def _drive(frames: int, seed: int) -> Drive:
    return analytic_drive(FULL, frames, seed)


class DrivesData(lightning.LightningDataModule):
    """Two drives to train on and one to validate on, with an odd number of samples."""

    def __init__(self, batch_size: int = 4, workers: int = 0) -> None:
        super().__init__()
        self._batch_size = batch_size
        self._options: dict[str, Any] = {"num_workers": workers}

    def train_dataloader(self) -> ResumableLoader:
        drives = [_drive(12, seed) for seed in (0, 1)]
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return loader(drives, "lr", batch_size=self._batch_size, rank=rank, ranks=ranks, **self._options)

    def val_dataloader(self) -> DataLoader[Sample]:
        return DataLoader(make_samples([_drive(7, 9)], "lr"), 2)


class Killed(lightning.Callback):
    """Ends the process, or only the training, before a batch: counted over all epochs, from 0."""

    def __init__(self, batch: int, hard: bool = False) -> None:
        self._batch, self._hard = batch, hard

    def on_train_batch_start(self, trainer: lightning.Trainer, system: Any, batch: Sample, index: int) -> None:
        if trainer.fit_loop.total_batch_idx == self._batch:
            if self._hard:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kill", type=int, default=-1)
    parser.add_argument("--every", type=int)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    system = make_system("lr", learning_rate=LearningRate(1e-3, "cosine"))
    saving = ModelCheckpoint(arguments.folder, save_last=True, every_n_train_steps=arguments.every)
    run = trainer(
        arguments.folder,
        max_epochs=2,
        callbacks=[saving, Killed(arguments.kill, hard=True)],
        devices=arguments.processes,
        strategy="ddp" if arguments.processes > 1 else "auto",
    )
    run.fit(system, DrivesData(arguments.batch_size))
    if run.is_global_zero:
        figures = {name: float(value) for name, value in run.callback_metrics.items()}
        torch.save({"weights": system.state_dict(), "figures": figures}, arguments.folder / "result.pt")


if __name__ == "__main__":
    main()
