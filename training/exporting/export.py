"""From a checkpoint to the model file that a robot runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from depth_perception.engines.free_view import of_size
from depth_perception.engines.variants import bfloat16_loss
from depth_perception.evaluation.network_frames import calibration_frames
from depth_perception.model_file import FreeView, ModelDescription, Score, write_model
from training.errors import TrainingError
from training.exporting.onnx_graph import onnx_graph
from training.models import Model
from training.networks.depth_network import DepthNetwork
from training.provenance import Task
from training.trained import Trained


def export(model: Model, description: ModelDescription, path: str | Path, half: bool = True, samples: int = 3) -> None:
    """Writes `model` with what it says of itself; the file is complete or as it was before.

    Args:
        model, half, samples: see `training.exporting.onnx_graph.onnx_graph`.
        description: what the file says of itself.
        path: of the file.

    Raises: `TrainingError` if the graph does not answer as torch does.
    """
    write_model(onnx_graph(model, description, half, samples), description, path)


def export_checkpoint(
    checkpoint: str | Path,
    task: Task,
    path: str | Path,
    name: str,
    scores: Sequence[Score] = (),
    half: bool = True,
    any_view: bool = False,
    **values: Any,
) -> ModelDescription:
    """The depth or pose network of a checkpoint as a model file, for images of the size that it was trained at.

    Args:
        any_view: a depth network takes other sizes of as many pixels as well, so that a camera of another aspect is not
            cut to that of the training.
        values: what else `ModelDescription` says of it, such as `scale_sigma` and `motion_noise`, where that is known
            better than by their defaults.

    Raises: `TrainingError` if the checkpoint has none, or the export is not faithful.
    """
    trained = Trained.read(checkpoint)
    description = trained.describe(task, name, scores=tuple(scores), revision=_revision(), **values)
    model = trained.model(task)
    if any_view:
        if not isinstance(model.network, DepthNetwork):
            raise TrainingError(f"{checkpoint}: only depth networks take any view, {task} was asked for")
        free = FreeView(model.network.multiple, description.height * description.width)
        description = replace(description, free_view=free)
    graph = onnx_graph(model, description, half)
    if task == "depth":  # a pose network takes no time, and its turns are small
        whole = of_size(description, graph.SerializeToString())
        loss = bfloat16_loss(whole, lambda: calibration_frames(None, description))
        description = replace(description, bfloat16_loss=None if loss is None else round(loss, 6))
    write_model(graph, description, path)
    return description


def _revision() -> str:
    """The git revision of this code, with ``+`` if files differ from it; empty outside a checkout."""
    folder = Path(__file__).resolve().parents[1]
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
