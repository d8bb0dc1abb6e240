"""Checkpoints: the weights in them, and what does not fit."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from depth_perception.files import write_atomically
from training.errors import TrainingError

KNOWN_CODE = ("training.", "depth_perception.", "torch.nn.", "torch.optim.", "lightning.pytorch.cli.instantiate_module")
"""What a checkpoint may name for its networks to be built of: naming it imports and calls it."""
OTHER_CODE = "DEPTH_PERCEPTION_PACKAGES"
"""Environment variable with what else may be named, separated by commas: packages of one's own networks."""


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


def write_mean(checkpoints: Sequence[str | Path], path: Path) -> None:
    """Writes the mean of the weights of the same networks, of which each went on from the one before, beside what else
    the last one holds. It may be better in every place than each of them (Wortsman et al., Model soups, ICML 2022).

    Raises: `TrainingError` if they are of different networks.
    """
    *others, last = [(read_checkpoint(checkpoint), checkpoint) for checkpoint in checkpoints]
    mean = last[0]
    weights = mean["state_dict"]
    for other, name in others:
        shapes, theirs = ({key: value.shape for key, value in item.items()} for item in (weights, other["state_dict"]))
        if shapes != theirs:
            raise TrainingError(f"{last[1]}: its networks are not those of {name}, expected one that went on from it")
    for key, value in weights.items():
        if value.is_floating_point():
            values = [value, *(other["state_dict"][key].to(value) for other, _ in others)]
            weights[key] = torch.stack(values).mean(0)
    content = io.BytesIO()
    torch.save(mean, content)
    write_atomically(path, content.getvalue())


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """
    Args:
        path: of a checkpoint, or the folder of a training, of which the newest is taken, however often it was gone on
            with.

    Raises: `TrainingError` if there is no checkpoint at `path`.
    """
    path = checkpoint_file(path)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: there is no such checkpoint") from None
    except Exception as error:  # torch raises what its unpickler meets
        raise TrainingError(f"{path}: is not a checkpoint, or is cut short ({type(error).__name__})") from None
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise TrainingError(f"{path}: is not a checkpoint of a training: it holds no weights by name")
    return checkpoint


def refuse_unknown_code(path: str | Path, settings: Any) -> None:
    """Looks at all classes that the settings in a checkpoint name, before any is imported.

    Raises: `TrainingError` for one that is not in `KNOWN_CODE`, nor in a package that `OTHER_CODE` names.
    """
    known = [*KNOWN_CODE, *(f"{name.strip()}." for name in os.environ.get(OTHER_CODE, "").split(",") if name.strip())]
    for name in _classes_in(settings):
        if not any(name == prefix or (prefix.endswith(".") and name.startswith(prefix)) for prefix in known):
            raise TrainingError(
                f"{path}: names the code {name!r:.100}, which is not known and was not run: if you trust it, set"
                f" {OTHER_CODE}={name.partition('.')[0]}"
            )


def _classes_in(settings: Any) -> Iterator[str]:
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if key in ("class_path", "_class_path", "_instantiator"):
                yield str(value)
            yield from _classes_in(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _classes_in(value)


def checkpoint_file(path: str | Path) -> Path:
    """The file itself or, of the folder of a training, its newest checkpoint.

    Raises: `TrainingError` if there is none in the folder.
    """
    return newest_checkpoint(path) if Path(path).is_dir() else Path(path)


def newest_checkpoint(folder: str | Path) -> Path:
    """The last checkpoint of the run that was saved last anywhere below `folder`.

    Raises: `TrainingError` if there is none.
    """
    found = [path for path in Path(folder).rglob("last*.ckpt") if path.is_file()]
    if not found:
        raise TrainingError(
            f"{folder}: no last.ckpt is in it, or below, expected the folder of a training (to begin one, leave out"
            " --ckpt_path last)"
        )
    return max(found, key=lambda path: path.stat().st_mtime)
