"""``depth-perception build``: makes what a model needs to run fast: a variant in fewer bits, plans of TensorRT."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from depth_perception.engines.settings import VARIANT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from depth_perception.engines.build import Step


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "build",
        help="prepare a model for this machine or for other GPUs: fewer bits, TensorRT plans",
        description="Makes a variant of a model in fewer bits, compared with float32 on real frames, and TensorRT's"
        " plans of it, in the user's cache, where nodes and commands find them. Without a TensorRT library only the"
        " variant is made. TensorRT for RTX builds for GPUs that are not here.",
    )
    parser.add_argument("model", metavar="MODEL", help="an .onnx file of this package")
    parser.add_argument("--precision", choices=tuple(VARIANT_TYPES), default="fp32", help="(default: %(default)s)")
    parser.add_argument(
        "--calibrate",
        metavar="BAG_OR_FOLDER",
        help="a recording, or a folder of pictures, of the camera (default: the sample that comes along)",
    )
    parser.add_argument(
        "--target", type=_targets, default=(), metavar="8.6,8.9", help="compute capabilities (default: the GPU here)"
    )
    parser.add_argument(
        "--view", type=_size, metavar="WxH", help="size of the images, of a model whose view is free (default: its own)"
    )
    parser.add_argument("--output", metavar="FILE", help="where the variant goes (default: the user's cache)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made, and make nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from depth_perception.engines.build import Step, build_plans, build_variant, is_variant, plan_steps, variant_path
    from depth_perception.engines.engine import EngineError
    from depth_perception.evaluation.network_frames import calibration_frames
    from depth_perception.model_file import read_description
    from depth_perception.progress import ProgressBar

    def frames() -> list[dict[str, NDArray]]:
        return calibration_frames(arguments.calibrate, description)

    model = Path(arguments.model)
    description = read_description(model)
    types = VARIANT_TYPES[arguments.precision]
    if types is not None:
        file = Path(arguments.output) if arguments.output else variant_path(model, types)
        _say(Step(f"{description.name} in {types}", file, is_variant(file, model, types)))
        if not arguments.dry_run and not is_variant(file, model, types):
            with ProgressBar(f"{description.name} in {types}", "layers") as progress:
                build_variant(model, types, frames(), file, progress.told)
        if not arguments.dry_run:
            print(f"  {read_description(file).reduction}")
            model = file
    try:
        steps = plan_steps(model, arguments.target, arguments.view)
    except EngineError as error:
        if arguments.target:
            raise
        print(f"no plan: {error}")
        if not arguments.dry_run:
            _measure(Path(arguments.model), frames)
        return 0
    for step in steps:
        _say(step)
    if not arguments.dry_run and not all(step.is_there for step in steps):
        with ProgressBar("building", "steps") as progress:
            notes = build_plans(model, arguments.target, arguments.view, progress.told)
        for note in notes:
            print(f"  note: {note}")
    return 0


def _measure(model: Path, frames: Callable[[], list[dict[str, NDArray]]]) -> None:
    from depth_perception.engines.build import measure_ways
    from depth_perception.evaluation.table import table
    from depth_perception.progress import ProgressBar

    with ProgressBar("measuring what is fastest here", "rounds") as progress:
        found = measure_ways(model, frames(), progress.told)
    exact = min(item.milliseconds for item in found if item.way.precision == "f32")
    rows = [("backend", "precision", "threads", "ms a frame", "times float32", "off float32")]
    for item in found:
        way = item.way
        threads = "its own" if way.threads is None else str(way.threads)
        figures = (f"{item.milliseconds:.1f}", f"{item.milliseconds / exact:.2f}", f"{item.loss:.2%}")
        rows.append((way.backend, way.precision, threads, *figures))
    print(table(rows))
    print("kept for backend auto and precision auto")


def _say(step: Step) -> None:
    print(f"{step.what}\n  {step.path}{' (is there)' if step.is_there else ''}")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _targets(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
