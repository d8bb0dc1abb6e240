"""The trainer's command line: Lightning's, with our system and data, and an answer to a misspelt key."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import itertools
import logging
import re
import sys
import warnings
from pathlib import Path
from typing import Any, NoReturn

import cv2
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from depth_perception.files import require_writable
from depth_perception.geometry.camera import Camera
from training.checkpoint import newest_checkpoint
from training.checkpoint_io import WholeCheckpoints
from training.data.augmentation import Augmentation
from training.data.datasets.street import StreetData
from training.data.datasets.video import VideoData
from training.data.module import DrivingData
from training.errors import TrainingError
from training.memory import keep_freed_memory
from training.networks.dual_networks import DualNetworks
from training.networks.lr_net import LRNet
from training.networks.pose_net import PoseNet
from training.networks.resnet import ResNet18
from training.systems.dual_networks import DualNetworksSystem
from training.systems.early_warning import EarlyWarning
from training.systems.learning_rate import LearningRate
from training.systems.loss_weights import LossWeights
from training.systems.optimiser import Optimiser
from training.systems.sfm_learner import SfMLearnerSystem
from training.systems.sfm_losses import SfMLosses
from training.systems.supervised import SupervisedSystem
from training.systems.supervised_losses import SupervisedLosses
from training.systems.training_system import TrainingSystem

CONFIGURABLE = (
    DualNetworksSystem,
    SupervisedSystem,
    SfMLearnerSystem,
    LossWeights,
    SupervisedLosses,
    SfMLosses,
    Optimiser,
    LearningRate,
    DualNetworks,
    LRNet,
    ResNet18,
    PoseNet,
    DrivingData,
    StreetData,
    VideoData,
    Camera,
    Augmentation,
    EarlyWarning,
)
"""Where the keys of a configuration come from."""

UNKNOWN = "configuration key {} is not known"
VERBOSE = "-v"
"""Has libraries say all that they say."""


class TrainingParser(LightningArgumentParser):
    """Raises `TrainingError` for a key that is not known, with the nearest one that is."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        raise TrainingError(_explained(message, [action.dest for action in self._actions]))


class LoggedLearningRate(LearningRateMonitor):
    """Silent where nothing is logged (``--trainer.logger false``), which Lightning's own takes for a mistake."""

    def on_train_start(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        if trainer.loggers:
            super().on_train_start(trainer, *args, **kwargs)

    def on_train_batch_start(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        if trainer.loggers:
            super().on_train_batch_start(trainer, *args, **kwargs)

    def on_train_epoch_start(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        if trainer.loggers:
            super().on_train_epoch_start(trainer, *args, **kwargs)


class TrainingCLI(LightningCLI):
    """``fit``, ``validate``, and ``--print_config``; every key can be given on the command line too."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.set_defaults(
            {
                "checkpoint.save_last": True,
                "checkpoint.filename": "epoch{epoch:03d}",
                "checkpoint.auto_insert_metric_name": False,
            }
        )
        parser.add_lightning_class_args(LoggedLearningRate, "learning_rate_monitor")
        parser.add_lightning_class_args(EarlyWarning, "early_warning")

    def before_instantiate_classes(self) -> None:
        # jsonargparse 4.53 loses the class of what replaces street drives, and is left with its settings.
        config = self.config[self.config["subcommand"]] if self.config.get("subcommand") else self.config
        given = set((config["data"]["validation"] or {}).keys())
        if "class_path" not in given and given - {field.name for field in dataclasses.fields(StreetData)}:
            raise TrainingError(
                "data.validation is of street drives in one --config and of another class in the next: give it in one"
                " of them alone"
            )

    def before_fit(self) -> None:
        """Raises: `OutputError` where checkpoints could not be written, before anything is rendered or learnt."""
        config = self.config[self.config["subcommand"]] if self.config.get("subcommand") else self.config
        if self.trainer.checkpoint_callbacks:
            require_writable(Path(config.checkpoint.dirpath or self.trainer.default_root_dir))

    def after_fit(self) -> None:
        """Raises: `TrainingError` if the last checkpoint could not be written: the training ends with less than it
        learnt.
        """
        checkpoints = self.trainer.strategy.checkpoint_io
        if isinstance(checkpoints, WholeCheckpoints) and checkpoints.failure:
            raise TrainingError(f"{checkpoints.failure}: what was learnt since the one before is lost")
        kept = self.trainer.checkpoint_callback
        if self.trainer.is_global_zero and isinstance(kept, ModelCheckpoint):
            print(f"trained; checkpoints are in {kept.dirpath}")

    def _parse_ckpt_path(self) -> None:
        """Finds the last checkpoint, which the trainer looks for only where it is about to write.

        And does without what the trainer does here, which is to let the settings in a checkpoint override the command
        line: a run that is to go on with a smaller learning rate would go on with the old one.
        """
        subcommand = self.config.get("subcommand")
        config = self.config[subcommand] if subcommand else self.config
        if config.get("ckpt_path") == "last":
            folder = config.checkpoint.dirpath or config.trainer.default_root_dir or "."
            config.ckpt_path = str(newest_checkpoint(folder))


def main(args: ArgsType = None, run: bool = True) -> TrainingCLI:
    """Runs the command line, of the process or `args`.

    Args:
        run: False only builds what a configuration says, without a subcommand.

    Raises: `TrainingError` for a key that is not known, or a value that cannot be.
    """
    if VERBOSE not in sys.argv:
        _quiet()
    elif args is None:
        sys.argv.remove(VERBOSE)
    keep_freed_memory()
    cv2.setNumThreads(1)  # OpenCV's pool does not survive the fork of a worker, which then waits forever
    try:
        return TrainingCLI(
            TrainingSystem,
            DrivingData,
            subclass_mode_model=True,
            args=args,
            run=run,
            parser_class=TrainingParser,
            trainer_defaults={"plugins": {"class_path": "training.checkpoint_io.WholeCheckpoints"}},
            seed_everything_default=0,
            save_config_kwargs={"overwrite": True},
        )
    except TrainingError as error:
        arguments = sys.argv[1:] if args is None else list(args)
        raise TrainingError(_place(str(error), arguments) + str(error)) from None


def _quiet() -> None:
    """Of libraries, only what is amiss: not what they find on the machine, advise or are about to deprecate."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"(lightning|torch|jsonargparse)\b")


def _place(message: str, arguments: list[str]) -> str:
    """What a message about a configuration begins with: the file, and the line where a key is that is not known."""
    pairs = [*(argument.partition("=")[::2] for argument in arguments), *itertools.pairwise(arguments)]
    files = [Path(value) for name, value in pairs if name in ("--config", "-c") and Path(value).is_file()]
    if message.startswith("Problems parsing config"):
        return f"{', '.join(map(str, files))}: "
    if unknown := re.search(UNKNOWN.format(r"'([\w.]+)'"), message):
        key = unknown.group(1).rsplit(".", 1)[-1]
        if any(re.match(rf"--([\w.]+\.)?{key}\b", argument) for argument in arguments):
            return ""  # it was given on the command line itself
        for path in files:
            lines = path.read_text().splitlines()
            where = [number for number, line in enumerate(lines, 1) if re.search(rf"(^|[\s{{,]){key}\s*:", line)]
            if where:
                return f"{path}, line {where[0]}: " if len(where) == 1 else f"{path}: "
    return ""


def _explained(message: str, names: list[str]) -> str:
    """What the parser complains of, with the known key that is nearest to one it does not know."""
    if inner := re.search(UNKNOWN.format(".*") + ".*", message):
        return inner.group()  # a parser within the parser has said it
    found = re.search(
        r"nrecognized arguments: --([\w.]+)|ption '([\w.]+)' is not accepted|accept option '([\w.]+)'", message
    )
    if found is None:
        return " ".join(message.split())
    key = next(group for group in found.groups() if group)
    known = {name.rsplit(".", 1)[-1] for name in names}
    known |= {name for item in CONFIGURABLE for name in inspect.signature(item).parameters}
    whole = difflib.get_close_matches(key, [name for name in names if "." in name], 1, 0.8)
    near = whole or difflib.get_close_matches(key.rsplit(".", 1)[-1], sorted(known), 1)
    hint = f", the nearest known one is '{near[0]}'" if near else ""
    if near and near[0] == key:
        hint = " to the class that it is given to"
    return UNKNOWN.format(f"'{key}'") + f"{hint}; --print_config shows them all"
