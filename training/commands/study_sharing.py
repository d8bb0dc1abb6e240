"""What depth and classes gain from each other, by how they share: ``python -m training study_sharing``.

Tables 1 and 2 of Look Deeper into Depth on procedural rooms. Every network sees as many batches of a task's truth as
the network of that task alone. A row that is finished is written down, and not trained again.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import nn

from depth_perception.evaluation.rows import Rows
from depth_perception.evaluation.table import table
from depth_perception.files import require_writable, write_atomically
from training.data.augmentation import Augmentation
from training.data.datasets.rooms import RoomsData
from training.data.module import DrivingData
from training.errors import TrainingError
from training.evaluation.tables import write_json
from training.networks.sharing_structures import LAYERS, BranchOut, Cascaded, MergeIn, SharingStructure
from training.systems.learning_rate import LearningRate
from training.systems.supervised import SupervisedSystem
from training.systems.supervised_losses import SupervisedLosses

FOCAL_LENGTH = 519.0 / 4
"""Of NYU Depth v2's Kinect at the samples' size."""
WIDTH, HEIGHT = 160, 120
DEPTH = SupervisedLosses(maximum_depth=10.0, l1=1.0)
SEMANTICS = SupervisedLosses(maximum_depth=10.0, cross_entropy=1.0)
BOTH = replace(DEPTH, cross_entropy=1.0)


@dataclass(frozen=True)
class Setup:
    """What all trainings of a study have in common.

    Attributes:
        steps: of a network's training.
        batch_size: of a step.
        learning_rate: its start; it falls along a cosine.
        seed: of weights and order.
        rooms: first and number of the seeds of the rooms to train on.
        validation: and to judge by.
        frames: of a room.
    """

    steps: int = 1000
    batch_size: int = 8
    learning_rate: float = 1e-3
    seed: int = 0
    rooms: tuple[int, int] = (0, 40)
    validation: tuple[int, int] = (1000, 10)
    frames: int = 20


@dataclass(frozen=True)
class Row:
    """One network of the study.

    Attributes:
        name: of it.
        make: makes it.
        losses: what it learns.
        share: of the steps.
        begin: row whose layers, by the name they have there, the layers of a name here begin with.
    """

    name: str
    make: Callable[[], SharingStructure]
    losses: SupervisedLosses
    share: float = 1.0
    begin: tuple[tuple[str, str, str], ...] = ()


def single() -> SharingStructure:
    """The network of one task: the other head is there, and learns nothing."""
    return BranchOut(LAYERS)


DEPTH_ALONE, SEMANTICS_ALONE = "depth alone", "semantics alone"
FINE_TUNED_DEPTH, FINE_TUNED_SEMANTICS = "fine-tuned, to depth", "fine-tuned, to semantics"
CASCADED_DEPTH, CASCADED_SEMANTICS = "cascaded, depth first", "cascaded, semantics first"
HALF_DEPTH, HALF_SEMANTICS = "half a training of depth", "half a training of semantics"
MERGE_IN = "merge-in"
BRANCH_OUT = tuple(f"branch-out, S1-{split}" for split in range(1, LAYERS + 1))
BEST_BRANCH_OUT = BRANCH_OUT[1]
"""The split whose figures Table 1 has."""

ROWS = (
    Row(DEPTH_ALONE, single, DEPTH),
    Row(SEMANTICS_ALONE, single, SEMANTICS),
    Row(FINE_TUNED_DEPTH, single, DEPTH, begin=((SEMANTICS_ALONE, "shared", "shared"),)),
    Row(FINE_TUNED_SEMANTICS, single, SEMANTICS, begin=((DEPTH_ALONE, "shared", "shared"),)),
    Row(CASCADED_DEPTH, lambda: Cascaded("depth"), BOTH),
    Row(CASCADED_SEMANTICS, lambda: Cascaded("semantics"), BOTH),
    Row(HALF_DEPTH, single, DEPTH, 0.5),
    Row(HALF_SEMANTICS, single, SEMANTICS, 0.5),
    Row(
        MERGE_IN,
        MergeIn,
        BOTH,
        0.5,
        ((HALF_DEPTH, "shared", "depth_layers"), (HALF_SEMANTICS, "shared", "semantic_layers")),
    ),
    *(Row(name, lambda k=split: BranchOut(k), BOTH) for split, name in enumerate(BRANCH_OUT, 1)),  # type: ignore[misc]
)

Figures = dict[str, float]
"""``rmse`` in metres as they come, and ``miou``, both means over the rooms to judge by."""


def study(setup: Setup, folder: Path, cache: str, tell: Callable[[str], None] = print) -> dict[str, Figures]:
    """The figures of every row by its name.

    Args:
        folder: for ``study.json`` and the weights; a study that ended within goes on.
        cache: folder of rendered rooms.
        tell: is told of each row.

    Raises: `TrainingError` if the folder has another study.
    """
    path = folder / "study.json"
    finished: dict[str, Figures] = {}
    common = json.loads(json.dumps(asdict(setup)))  # as it is read back
    if path.is_file():
        before = json.loads(path.read_text())
        if before["setup"] != common:
            name = next(name for name in common if before["setup"].get(name) != common[name])
            raise TrainingError(
                f"{path}: is a study with {name} {before['setup'].get(name)}, this one has {common[name]}: give another"
                " --output"
            )
        finished = before["rows"]
    for row in ROWS:
        if row.name in finished:
            continue
        network = _begun(row, setup, folder)
        finished[row.name] = train(network, row, setup, cache)
        weights = io.BytesIO()
        torch.save(network.state_dict(), weights)
        write_atomically(_weights(folder, row.name), weights.getvalue())
        write_json({"setup": common, "rows": finished}, path)
        tell(f"{row.name}: RMSE {finished[row.name]['rmse']:.4f} m, mIoU {finished[row.name]['miou']:.4f}")
    return finished


def train(network: SharingStructure, row: Row, setup: Setup, cache: str) -> Figures:
    """Trains a network, and judges it."""
    rooms = RoomsData(frames=setup.frames, width=2 * WIDTH, height=2 * HEIGHT, cache=cache)
    data = DrivingData(
        WIDTH,
        HEIGHT,
        replace(rooms, seeds=setup.validation),
        sources=[replace(rooms, seeds=setup.rooms)],
        label_set="nyu4",
        augmentation=Augmentation(zoom=1.2, shift=0.0, colour=0.3, blur=0.0, noise=0.0, jpeg=0.0),
        frames=1,
        batch_size=setup.batch_size,
        workers=0,
        validation_step=2,
        seed=setup.seed,
    )
    rate = LearningRate(setup.learning_rate, "cosine")
    system = SupervisedSystem(network, FOCAL_LENGTH, row.losses, learning_rate=rate)
    trainer = lightning.Trainer(
        max_steps=round(row.share * setup.steps),
        max_epochs=-1,
        limit_val_batches=0.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of workers and loggers that are not wanted
        trainer.fit(system, data)
        trainer.limit_val_batches = 1.0
        (figures,) = trainer.validate(system, data, verbose=False)
    return {"rmse": float(figures["val/rmse_metric"]), "miou": float(figures["val/miou"])}


def tables(rows: dict[str, Figures]) -> str:
    """Tables 1 and 2: what each gains over the network of its task alone, as the paper prints it."""
    depth, semantics = rows[DEPTH_ALONE]["rmse"], rows[SEMANTICS_ALONE]["miou"]

    def gains(*names: str) -> tuple[str, str]:
        rmse = "/".join(f"{depth - rows[name]['rmse']:+.3f}" for name in names)
        return rmse, "/".join(f"{rows[name]['miou'] - semantics:+.3f}" for name in names)

    fine_tuned = (gains(FINE_TUNED_DEPTH)[0], gains(FINE_TUNED_SEMANTICS)[1])
    first = (fine_tuned, gains(CASCADED_DEPTH, CASCADED_SEMANTICS), gains(MERGE_IN), gains(BEST_BRANCH_OUT))
    second = [gains(name) for name in BRANCH_OUT]
    tasks = ("depth (RMSE, m)", "semantics (mIoU)")
    table_1: Rows = [("task", "fine-tuned", "cascaded", "merge-in", "branch-out")]
    table_1 += [(task, *(column[i] for column in first)) for i, task in enumerate(tasks)]
    table_2: Rows = [("task", *(f"S1-{split}" for split in range(1, LAYERS + 1)))]
    table_2 += [(task, *(column[i] for column in second)) for i, task in enumerate(tasks)]
    return "\n".join(
        (
            f"alone: RMSE {depth:.3f} m, mIoU {semantics:.3f}; all else is what is gained, + is better",
            "",
            "Table 1; cascaded: depth first/semantics first; branch-out: S1-2",
            table(table_1),
            "",
            "Table 2, branch-out: the first layers are shared",
            table(table_2),
        )
    )


def _begun(row: Row, setup: Setup, folder: Path) -> SharingStructure:
    """The network of a row, before its training."""
    lightning.seed_everything(setup.seed, verbose=False)
    network = row.make()
    for earlier, theirs, ours in row.begin:
        weights: dict[str, Any] = torch.load(_weights(folder, earlier), weights_only=True)
        layers: nn.Module = getattr(network, ours)
        layers.load_state_dict({name: weights[f"{theirs}.{name}"] for name in layers.state_dict()})
    return network


def _weights(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(',', '').replace(' ', '_')}.pt"


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    assert __doc__ is not None
    command = argparse.ArgumentParser(prog="python -m training study_sharing", description=__doc__.split("\n")[0])
    add = command.add_argument
    default = Setup()
    add("--output", type=Path, default=Path("runs/sharing_study"), help="folder of the results; default: %(default)s")
    add("--steps", type=int, default=default.steps, help="of each network's training")
    add("--batch-size", type=int, default=default.batch_size)
    add("--learning-rate", type=float, default=default.learning_rate)
    add("--seed", type=int, default=default.seed)
    add("--rooms", type=int, nargs=2, default=default.rooms, metavar=("FIRST", "NUMBER"), help="seeds to train on")
    add("--validation", type=int, nargs=2, default=default.validation, metavar=("FIRST", "NUMBER"), help="to judge by")
    add("--frames", type=int, default=default.frames, help="of each room")
    add("--cache", default="cache/rooms", help="folder of rendered rooms")
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = vars(parser().parse_args(arguments))
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it would greet every row
    folder, cache = options.pop("output"), options.pop("cache")
    require_writable(folder)
    chosen: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in options.items()}
    setup = Setup(**chosen)
    rows = study(setup, folder, cache)
    print(f"\n{tables(rows)}\nwritten to {folder / 'study.json'}")
