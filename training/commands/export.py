"""``python -m training export``: from a checkpoint to the model file that a robot runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from depth_perception.engines.build import build_variant
from depth_perception.engines.settings import VARIANT_TYPES
from depth_perception.engines.variant_files import beside
from depth_perception.evaluation.network_frames import calibration_frames
from depth_perception.files import require_writable
from depth_perception.model_file import SCALE_SIGMA, MotionNoise, read_description
from depth_perception.progress import ProgressBar
from training.exporting.export import export_checkpoint, read_scores


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    command = argparse.ArgumentParser(prog="python -m training export", description=__doc__)
    command.add_argument("--checkpoint", required=True, help="of python -m training fit; of a folder, its newest")
    command.add_argument("--task", required=True, choices=("depth", "pose"))
    command.add_argument("--output", required=True, help="the .onnx to write")
    command.add_argument("--name", required=True, help="what the model is called")
    command.add_argument("--scores", help="JSON written by python -m training evaluate")
    command.add_argument("--single", action="store_true", help="store weights in single precision, twice the size")
    command.add_argument("--any-view", action="store_true", help="of depth: images of any aspect, of as many pixels")
    command.add_argument("--scale-sigma", type=float, metavar="X", help=f"of a metric model (default: {SCALE_SIGMA:g})")
    command.add_argument(
        "--motion-noise",
        type=_number_by_name,
        nargs="+",
        metavar="NAME=X",
        help="of a pose model, where it differs from "
        + " ".join(f"{name}={value:g}" for name, value in asdict(MotionNoise()).items()),
    )
    command.add_argument(
        "--precision",
        choices=tuple(VARIANT_TYPES),
        default="fp32",
        help="fp16, int8: a variant in fewer bits as well, NAME.f16.onnx or NAME.int8.onnx beside it, where robots"
        " find it (default: %(default)s)",
    )
    command.add_argument(
        "--calibrate",
        metavar="BAG_OR_FOLDER",
        help="of the variant: a recording, or a folder of pictures, of the camera (default: the sample that comes"
        " along)",
    )
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = parser().parse_args(arguments)
    require_writable(Path(options.output).parent)
    sure: dict[str, Any] = {"scale_sigma": options.scale_sigma} if options.scale_sigma else {}
    if options.motion_noise:
        sure["motion_noise"] = MotionNoise(**dict(options.motion_noise))
    scores = read_scores(options.scores, options.task) if options.scores else ()
    description = export_checkpoint(
        options.checkpoint,
        options.task,
        options.output,
        options.name,
        scores,
        not options.single,
        options.any_view,
        **sure,
    )
    size = Path(options.output).stat().st_size / 1e6
    print(f"{options.output}: {description.task} model '{description.name}', {size:.1f} MB")
    types = VARIANT_TYPES[options.precision]
    if types is not None:
        variant = beside(options.output, types)
        frames = calibration_frames(options.calibrate, description)
        with ProgressBar(f"{description.name} in {types}", "layers") as progress:
            build_variant(options.output, types, frames, variant, progress.told)
        print(f"{variant}: {read_description(variant).reduction}")


def _number_by_name(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in asdict(MotionNoise()):
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(asdict(MotionNoise()))}")
    return name, float(value)
