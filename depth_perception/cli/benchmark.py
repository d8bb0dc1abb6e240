"""``depth-perception benchmark``: what depth_node costs on top of its model, and how it behaves under overload."""

from __future__ import annotations

import argparse

from depth_perception.cli.setting_options import add_options, chosen
from depth_perception.engines.settings import EngineSettings, model_file
from depth_perception.resources import DEPTH_MODEL, model_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "benchmark",
        help="measure what depth_node costs on top of its model, and how it behaves under overload",
        description="Times each stage of an image by itself, from message to depth and cloud, and says what share of"
        " this machine's roofline the engine reaches. Then starts a camera and depth_node as processes and measures,"
        " over DDS: at half the rate the model"
        " reaches, the time from an image's receipt to its depth being published less the time the model takes; and at"
        " four times that rate, how long the oldest depth took and how many images were dropped.",
    )
    add_options(parser, (model_file(DEPTH_MODEL), *EngineSettings.table()))
    parser.add_argument("--width", type=_positive, default=1248, help="of the camera (default: %(default)s)")
    parser.add_argument("--height", type=_positive, default=384, help="of the camera (default: %(default)s)")
    parser.add_argument("--frames", type=_positive, default=200, help="at the leisurely rate (default: %(default)s)")
    parser.add_argument("--overload-frames", type=_positive, default=500, help="at four times (default: %(default)s)")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="FILE",
        help="instead, without ROS: time the model and any other ONNX file in turn on the CPU backends (repeatable)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON as well")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.against:
        return _contest(arguments)
    import json
    from dataclasses import asdict
    from pathlib import Path

    from depth_perception.files import write_atomically
    from depth_perception.rig.benchmark_run import Settings, run_benchmark, show
    from depth_perception.rig.ros_environment import require_ros

    require_ros()
    result = run_benchmark(
        Settings(
            model=model_path(arguments.model),
            engine=EngineSettings(**chosen(arguments, EngineSettings.table())),
            width=arguments.width,
            height=arguments.height,
            frames=arguments.frames,
            overload_frames=arguments.overload_frames,
        )
    )
    show(result)
    if arguments.json:
        write_atomically(Path(arguments.json), json.dumps(asdict(result), indent=2, default=str).encode())
    return 1 if arguments.check and not result.passed else 0


def _contest(arguments: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict
    from pathlib import Path

    from depth_perception.engines.contest import contest
    from depth_perception.engines.measured import processor
    from depth_perception.evaluation.table import table
    from depth_perception.files import write_atomically
    from depth_perception.progress import ProgressBar

    models = [model_path(arguments.model), *arguments.against]
    threads = arguments.threads or None
    with ProgressBar("running in turn", "rounds") as progress:
        entries = contest(models, threads=threads, progress=progress.told)
    print(f"on {processor()}, threads: {threads or 'their own'}")
    rows = [("model", "backend", "precision", "p50 ms", "p95", "p99", "ratio")]
    for item in entries:
        figures = (f"{item.p50:.1f}", f"{item.p95:.1f}", f"{item.p99:.1f}", f"{item.ratio:.2f}")
        rows.append((Path(item.model).name, item.backend, "reduced" if item.reduced else "f32", *figures))
    print(table(rows))
    if arguments.json:
        said = {"processor": processor(), "threads": threads, "entries": [asdict(item) for item in entries]}
        write_atomically(Path(arguments.json), json.dumps(said, indent=2).encode())
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value
