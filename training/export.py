"""From a checkpoint to the model file that a robot runs: ``python -m training.export``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from depth_perception.errors import DepthPerceptionError
from depth_perception.model_file import ModelDescription, Score, write_model
from training.errors import TrainingError
from training.models import Model
from training.onnx_graph import onnx_graph
from training.trained import Task, Trained


def export(model: Model, description: ModelDescription, path: str | Path, half: bool = True, samples: int = 3) -> None:
    """Writes `model` with what it says of itself; the file is complete or as it was before.

    Args:
        model, half, samples: see `training.onnx_graph.onnx_graph`.
        description: what the file says of itself.
        path: of the file.

    Raises: `TrainingError` if the graph does not answer as torch does.
    """
    write_model(onnx_graph(model, description.height, description.width, half, samples), description, path)


def export_checkpoint(
    checkpoint: str | Path,
    task: Task,
    path: str | Path,
    name: str,
    scores: Sequence[Score] = (),
    half: bool = True,
) -> ModelDescription:
    """The depth or pose network of a checkpoint as a model file, for images of the size that it was trained at.

    Raises: `TrainingError` if the checkpoint has none, or the export is not faithful.
    """
    trained = Trained.read(checkpoint)
    description = trained.describe(task, name, scores=tuple(scores), revision=_revision())
    export(trained.model(task), description, path, half)
    return description


def _revision() -> str:
    """The git revision of this code, with ``+`` if files differ from it; empty outside a checkout."""
    folder = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit[:12] + ("+" if changed else "")


def read_scores(path: str | Path, task: Task) -> tuple[Score, ...]:
    """The scores of a task from what ``python -m training evaluate`` wrote.

    Raises: `TrainingError` if the file is not of that kind.
    """
    names = [field.name for field in fields(Score)]
    try:
        report = json.loads(Path(path).read_text())
        return tuple(Score(**{name: entry[name] for name in names}) for entry in report[task]["scores"])
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such file of scores") from None
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path}: holds no scores of a {task} model ({error}): write it with python -m training evaluate"
        ) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", required=True, help="of python -m training fit")
    parser.add_argument("--task", required=True, choices=("depth", "pose"))
    parser.add_argument("--output", required=True, help="the .onnx to write")
    parser.add_argument("--name", required=True, help="what the model is called")
    parser.add_argument("--scores", help="JSON written by python -m training evaluate")
    parser.add_argument("--single", action="store_true", help="store weights in single precision, twice the size")
    options = parser.parse_args(arguments)
    scores = read_scores(options.scores, options.task) if options.scores else ()
    description = export_checkpoint(
        options.checkpoint, options.task, options.output, options.name, scores, not options.single
    )
    size = Path(options.output).stat().st_size / 1e6
    print(f"{options.output}: {description.task} model '{description.name}', {size:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except DepthPerceptionError as error:
        sys.exit(f"error: {error}")
