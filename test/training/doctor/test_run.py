"""Faults planted in what a real, small training leaves behind, each found by its name; nothing in the sound one."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from helpers.training import DrivesData, make_system, trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard import SummaryWriter

from depth_perception.doctor.finding import examined
from depth_perception.model_file import TrainingData
from training.commands.doctor import main
from training.doctor.run import OF_RUN, Run
from training.errors import TrainingError
from training.provenance import PROVENANCE
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights

LOSSES = LossWeights(scales=1, true_motion=True, depth=1.0, motion=1.0)


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """Two epochs of the smallest network, as the trainer's command line leaves them behind."""
    folder = tmp_path_factory.mktemp("run")
    logger = TensorBoardLogger(folder)
    kept = ModelCheckpoint(folder / "lightning_logs/version_0/checkpoints", save_last=True)
    run = trainer(folder, max_epochs=2, logger=logger, log_every_n_steps=1, callbacks=[kept])
    data = DrivesData()
    data.training_data = (TrainingData("analytic drives", "none", ("depth", "poses")),)  # type: ignore[assignment]
    run.fit(make_system("lr", LOSSES, learning_rate=LearningRate(2e-3)), datamodule=data)
    return folder


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "run"))


def found(folder: Path) -> set[str]:
    checks = examined(Run.read(folder), OF_RUN)
    return {check.name for check in checks if any(finding.severity != "note" for finding in check.findings)}


def logged(folder: Path, **curves: list[float]) -> None:
    """Appends to the logs, as a run that goes on does."""
    with_steps = SummaryWriter(str(folder / "lightning_logs/version_1"))
    for name, values in curves.items():
        for step, value in enumerate(values, 1000):
            with_steps.add_scalar(name.replace("__", "/"), value, step)
    with_steps.close()


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    (path,) = folder.rglob("last.ckpt")
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, path)


def spoilt(checkpoint: dict[str, Any]) -> None:
    next(iter(checkpoint["state_dict"].values())).fill_(torch.nan)


def test_a_sound_run_has_nothing(sound: Path) -> None:
    run = Run.read(sound)
    assert {"loss", "val/abs_rel", "train/spread", "train/change"} <= set(run.curves)
    assert found(sound) == set()


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a loss that is no number": ("loss", lambda folder: logged(folder, loss=[0.4, float("nan")])),
    "a loss that rises": ("loss", lambda folder: logged(folder, loss=[0.1 * k for k in range(60)])),
    "weights that are no numbers": ("weights", lambda folder: changed(folder, spoilt)),
    "a validation that was best long ago": (
        "validation",
        lambda folder: logged(folder, val__abs_rel=[0.2, 0.03, *(0.1 + 0.01 * k for k in range(8))]),
    ),
    "a validation that is no number": ("validation", lambda folder: logged(folder, val__abs_rel=[float("nan")])),
    "no unit": (
        "unit",
        lambda folder: changed(folder, lambda saved: saved.update({PROVENANCE: {"data": [], "metric": []}})),
    ),
    "frames that stand": ("motion", lambda folder: logged(folder, train__change=[0.001] * 99)),
    "views that nothing explains": ("motion", lambda folder: logged(folder, train__explained=[-0.2] * 99)),
    "depth that has collapsed": ("depth", lambda folder: logged(folder, train__spread=[0.001] * 99)),
    "a checkpoint that is cut short": (
        "checkpoint",
        lambda folder: next(folder.rglob("last.ckpt")).write_bytes(b"cut short"),
    ),
    "no checkpoint": ("checkpoint", lambda folder: shutil.rmtree(folder / "lightning_logs/version_0/checkpoints")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_by_its_name(run: Path, fault: str) -> None:
    name, plant = FAULTS[fault]
    plant(run)
    assert found(run) == {name}


def test_data_that_are_gone_are_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = {"class_path": "training.data.datasets.bag.BagData", "init_args": {"path": "/nowhere/my_drive"}}
    settings = {"data": {"width": 96, "height": 64, "sources": [bag]}}
    (run / "lightning_logs/version_0/config.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(SystemExit, match="1"):
        main([str(run)])
    assert "/nowhere/my_drive: is not there" in " ".join(capsys.readouterr().out.split())


def test_tensorboard_itself_starts_beside_what_is_pinned() -> None:
    assert importlib.import_module("tensorboard.default").get_plugins()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is no folder of a training"):
        Run.read(tmp_path)
