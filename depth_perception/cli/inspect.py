"""``depth-perception inspect``: what a model file says of itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depth_perception.model_file import ModelDescription


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "inspect",
        help="show what a model file says of itself",
        description="Shows what a model file says of itself: task, input, method, training data, scores.",
    )
    parser.add_argument(
        "model",
        nargs="*",
        metavar="MODEL",
        help="an .onnx file, or the name of one that comes along (default: all of them)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON (a list for more than one model)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from depth_perception.model_file import read_description
    from depth_perception.resources import model_path, shipped_models

    paths = [model_path(name) for name in arguments.model] or shipped_models()
    models = [(str(path), read_description(path)) for path in paths]
    if arguments.json:
        items = [asdict(model) | {"format_version": model.format_version} for _, model in models]
        print(json.dumps(items[0] if len(items) == 1 else items, indent=2))
        return 0
    print("\n\n".join(_text(path, description) for path, description in models))
    return 0


def _text(path: str, model: ModelDescription) -> str:
    from dataclasses import asdict
    from pathlib import Path
    from textwrap import wrap

    from depth_perception.engines.contract import expected_outputs
    from depth_perception.evaluation.table import table
    from depth_perception.model_file import SCALE_SIGMA, MotionNoise

    rows = [
        ("task", model.task),
        ("method", model.method),
        ("paper", model.paper),
        ("input", f"{model.width} x {model.height} pixels, {model.colour_order}, focal length {model.focal_length:g}"),
    ]
    if model.frames:
        rows.append(("frames", ", ".join(model.frames)))
    rows.append(("outputs", ", ".join(tensor.name for tensor in expected_outputs(model))))
    rows.append(("unit", "metres" if model.metric else "unknown: right up to one factor, needs a scale"))
    if model.metric:
        sigma = SCALE_SIGMA if model.scale_sigma is None else model.scale_sigma
        rows.append(("scale", f"one sigma is {sigma:.0%}{' (not said)' if model.scale_sigma is None else ''}"))
    if model.centred:
        rows.append(("principal point", "in the middle of the input; others are converted"))
    if model.task == "pose":
        noise = ", ".join(f"{name} {value:g}" for name, value in asdict(model.motion_noise or MotionNoise()).items())
        rows.append(("motion noise", noise.replace("_", " ") + (" (not said)" if model.motion_noise is None else "")))
    if model.minimum_depth is not None and model.maximum_depth is not None:
        rows.append(("depth", f"{model.minimum_depth:g} to {model.maximum_depth:g} m"))
    if model.bfloat16_loss is not None:
        rows.append(("in bfloat16", f"{model.bfloat16_loss:.2%} from float32 in the mean"))
    for index, line in enumerate(wrap(", ".join(item.name for item in model.classes), 100)):
        rows.append((f"{len(model.classes)} classes" if index == 0 else "", line))
    for index, data in enumerate(model.training_data):
        rows.append(("trained on" if index == 0 else "", f"{data.name} ({data.supervision}; {data.licence})"))
    for index, score in enumerate(model.scores):
        rows.append(("scores" if index == 0 else "", f"{score.name} {score.value:.4g} ({score.protocol})"))
    rows.append(("revision", model.revision or "unknown"))
    rows.append(("file", f"{Path(path).stat().st_size / 1e6:.2f} MB, format version {model.format_version}"))
    return f"{path}: {model.name}\n{table(rows)}"
