"""``python -m training models FOLDER`` makes the models that ship, from nothing: trains every stage of the recipe,
judges what came out and exports it.

What is finished is not done again, what was cut short goes on where it was: run the same command until it says that the
models are written. A stage whose configuration, or that of one before it, has changed begins anew beside the old one.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from depth_perception.files import write_atomically
from depth_perception.model_file import Score
from training.checkpoint import newest_checkpoint, write_mean
from training.downloaded import downloaded
from training.errors import TrainingError
from training.exporting.export import export_checkpoint, read_scores
from training.exporting.model_cards import model_cards
from training.provenance import Task
from training.stages import FINISHED, run_command, train_once

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "config" / "training" / "dual_networks"

DEVICES: Mapping[str, tuple[str, ...]] = {
    "cpu": (),
    "cuda": ("--trainer.accelerator=gpu", "--trainer.precision=bf16-mixed", "--data.workers=8"),
}
"""What a stage is told beside its configuration."""


@dataclass(frozen=True)
class Published:
    """A file from the web that a configuration expects.

    Attributes:
        url: where it is.
        sha256: first digits of its digest.
        path: where it is expected, from the folder that the command runs in.
    """

    url: str
    sha256: str
    path: Path


@dataclass(frozen=True)
class Stage:
    """One training.

    Attributes:
        configuration: its file.
        after: the stage whose weights it begins with.
        begins_with: which of them: all, or those of LR-Net, as a setting of the model has it.
        needs: what is downloaded before it.
    """

    configuration: Path
    after: str | None = None
    begins_with: Literal["lr_checkpoint", "begin_with"] = "lr_checkpoint"
    needs: Published | None = None


@dataclass(frozen=True)
class Shipped:
    """A model file: the network of a task that stages leave behind.

    Attributes:
        stages: of which each went on from the one before; the model has the mean of their weights.
    """

    task: Task
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """How model files are made.

    Attributes:
        stages: by name, in order.
        models: by name of the file.
        judged: what networks of a task are judged by, as words of ``python -m training evaluate``.
    """

    stages: Mapping[str, Stage]
    models: Mapping[str, Shipped]
    judged: Mapping[Task, Sequence[str]]


HIGHWAY = Published(
    "https://github.com/udacity/CarND-Advanced-Lane-Lines/raw/master/project_video.mp4",
    "405f43386ca8efc4b9026fdc9d680acc",
    Path("runs/data/project_video.mp4"),
)
"""A real drive under an MIT licence."""

RECIPE = Recipe(
    {
        "half": Stage(CONFIGURATIONS / "light_half.yaml"),
        "lr": Stage(CONFIGURATIONS / "light_lr.yaml", "half"),
        "hr": Stage(CONFIGURATIONS / "light_hr.yaml", "lr"),
        "lens_lr": Stage(CONFIGURATIONS / "light_lens_lr.yaml", "hr", "begin_with"),
        "lens_hr": Stage(CONFIGURATIONS / "light_lens_hr.yaml", "lens_lr", "begin_with"),
        "road_lr": Stage(CONFIGURATIONS / "light_road_lr.yaml", "lens_hr", "begin_with", HIGHWAY),
        "road_hr": Stage(CONFIGURATIONS / "light_road_hr.yaml", "road_lr", "begin_with"),
        "views_hr": Stage(CONFIGURATIONS / "light_views_hr.yaml", "road_hr", "begin_with", HIGHWAY),
        "pose": Stage(CONFIGURATIONS / "light_pose.yaml"),
        "pose_worlds": Stage(CONFIGURATIONS / "light_pose_worlds.yaml", "pose", "begin_with"),
    },
    {
        "dual_networks_light": Shipped("depth", ("lens_hr", "road_hr", "views_hr")),
        "posenet": Shipped("pose", ("pose_worlds",)),
    },
    {"depth": ("",), "pose": ("",)},  # street drives that no training saw
)


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(
        prog="python -m training models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("folder", type=Path, help="where the model files go, such as models")
    command.add_argument("--device", choices=DEVICES, default="cpu")
    command.add_argument("--runs", type=Path, default=Path("runs/models"), help="folder of the trainings")
    command.add_argument(
        "--evaluate",
        action="append",
        default=[],
        metavar="WORDS",
        help="judges depth by more: words of python -m training evaluate, as in '--protocol pairs --data FOLDER'",
    )
    return command


def main(arguments: Sequence[str] | None = None, recipe: Recipe = RECIPE) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    folders = stage_folders(recipe, options.runs, options.device)
    for name, stage in recipe.stages.items():
        _train(name, stage, folders, options.device)
    for name, model in recipe.models.items():
        checkpoint = options.runs / f"{name}.ckpt"
        write_mean([newest_checkpoint(folders[stage]) for stage in model.stages], checkpoint)
        scores: list[Score] = []
        asked = options.evaluate if model.task == "depth" else ()
        for number, words in enumerate((*recipe.judged[model.task], *asked)):
            report = folders[model.stages[-1]] / f"{name}-{number}.json"
            run_command("evaluate", f"--{model.task}", str(checkpoint), "--json", str(report), *words.split())
            scores += read_scores(report, model.task)
        path = options.folder / f"{name}.onnx"
        export_checkpoint(checkpoint, model.task, path, name, scores, any_view=model.task == "depth")
        print(f"{path}: written")
    write_atomically(options.folder / "README.md", model_cards(options.folder).encode())


def stage_folders(recipe: Recipe, runs: Path, device: str) -> dict[str, Path]:
    """The folder of each stage, whose name changes with all that the stage is made from.

    Raises: `TrainingError` for a configuration that is not there, or a stage after one that comes later.
    """
    made_from: dict[str, str] = {}
    for name, stage in recipe.stages.items():
        if stage.after is not None and stage.after not in made_from:
            raise TrainingError(f"stage {name} begins with {stage.after}, which does not come before it")
        try:
            content = stage.configuration.read_text()
        except OSError as error:
            raise TrainingError(f"{stage.configuration}: cannot be read ({error.strerror})") from None
        before = "" if stage.after is None else made_from[stage.after]
        key = "\n".join((content, *DEVICES[device], before))
        made_from[name] = hashlib.sha256(key.encode()).hexdigest()[:12]
    return {name: runs / f"{name}-{key}" for name, key in made_from.items()}


def _train(name: str, stage: Stage, folders: Mapping[str, Path], device: str) -> None:
    words = ["--config", str(stage.configuration), *DEVICES[device]]
    if stage.after is not None and not (folders[name] / FINISHED).exists():
        words.append(f"--model.{stage.begins_with}={newest_checkpoint(folders[stage.after])}")
    if stage.needs is not None:
        otherwise = f"fetch it where that works and put it at {stage.needs.path}"
        downloaded(stage.needs.url, stage.needs.path, stage.needs.sha256, otherwise)
    train_once(name, folders[name], words)
