"""What the model files of a folder say of themselves, as its README."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from depth_perception.model_file import ModelDescription, read_description
from training.errors import TrainingError

HEAD = """\
# Models

Written by `python -m training cards models/` from the descriptions that the files carry; do not edit.
`depth-perception inspect FILE` prints the same.
"""


def model_cards(folder: str | Path) -> str:
    """The README of a folder of model files, in Markdown.

    Raises: `TrainingError` if there are none, `ModelFileError` for one that carries no description.
    """
    paths = sorted(Path(folder).glob("*.onnx"))
    if not paths:
        raise TrainingError(f"{folder}: holds no .onnx file")
    return "\n".join([HEAD, *(_card(path, read_description(path)) for path in paths)])


def _card(path: Path, model: ModelDescription) -> str:
    rows = [
        ("task", model.task),
        ("method", f"{model.method} ({model.paper})"),
        ("file", f"{path.stat().st_size / 1e6:.1f} MB"),
        ("input", f"{model.height} x {model.width}, {', '.join(model.frames) or 'one frame'}, uint8 RGB"),
        ("focal length trained at", f"{model.focal_length:g} pixels of the input; others are converted"),
        ("lengths", "metres" if model.metric else "right up to one unknown factor"),
    ]
    if model.centred:
        rows.append(("principal point", "in the middle of the input; others are converted"))
    if model.scale_sigma is not None:
        rows.append(("one sigma of its scale", f"{model.scale_sigma:.0%}"))
    if model.motion_noise is not None:
        noise = ", ".join(f"{name} {value:g}" for name, value in asdict(model.motion_noise).items())
        rows.append(("motion noise, one sigma", noise.replace("_", " ")))
    if model.minimum_depth is not None and model.maximum_depth is not None:
        rows.append(("depth", f"{model.minimum_depth:g} to {model.maximum_depth:g} m"))
    if model.bfloat16_loss is not None:
        rows.append(("in bfloat16", f"{model.bfloat16_loss:.2%} from float32 in the mean"))
    if model.revision:
        rows.append(("revision of the code", f"`{model.revision}`"))
    lines = [f"## {model.name} (`{path.name}`)", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    lines += ["", "| trained on | licence | used of it |", "|---|---|---|"]
    lines += [f"| {data.name} | {data.licence} | {data.supervision} |" for data in model.training_data]
    for protocol, scores in groupby(model.scores, key=lambda score: score.protocol):
        lines += ["", f"Measured on {protocol}:", "", "| | |", "|---|---|"]
        lines += [f"| {score.name} | {score.value:g} |" for score in scores]
    return "\n".join([*lines, ""])
