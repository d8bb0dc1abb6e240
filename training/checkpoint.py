"""Checkpoints: the weights in them, and what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.errors import TrainingError


def load_weights(system: nn.Module, checkpoint: str | Path, prefixes: Sequence[str] = ("",)) -> None:
    """The weights of a checkpoint whose names start with one of `prefixes`, into `system`.

    Raises: `TrainingError` if the file is no checkpoint, or is of networks of another shape.
    """
    weights = {
        name: value
        for name, value in read_checkpoint(checkpoint)["state_dict"].items()
        if name.startswith(tuple(prefixes))
    }
    expected = {name for name in system.state_dict() if name.startswith(tuple(prefixes))}
    shapes = {name: value.shape for name, value in system.state_dict().items()}
    wrong = sorted(expected ^ set(weights)) or [name for name in weights if weights[name].shape != shapes[name]]
    if wrong:
        raise TrainingError(
            f"{checkpoint}: its networks are not those of this configuration (first difference: {wrong[0]}):"
            " use the configuration it was trained with"
        )
    system.load_state_dict(weights, strict=False)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Raises: `TrainingError` if there is no checkpoint at `path`."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such checkpoint") from None
    except Exception as error:  # torch raises what its unpickler meets
        raise TrainingError(f"{path}: is not a checkpoint, or is cut short ({type(error).__name__})") from None
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise TrainingError(f"{path}: is not a checkpoint of a training: it holds no weights by name")
    return checkpoint


def newest_checkpoint(folder: str | Path) -> Path:
    """The last checkpoint of the run that was saved last anywhere below `folder`.

    Raises: `TrainingError` if there is none.
    """
    found = [path for path in Path(folder).rglob("last*.ckpt") if path.is_file()]
    if not found:
        raise TrainingError(
            f"{folder}: no last.ckpt is in it, or below: no run to go on with; leave out --ckpt_path last"
        )
    return max(found, key=lambda path: path.stat().st_mtime)
