"""``depth-perception evaluate``: a recording through depth and odometry without ROS, every frame, with a report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from depth_perception.cli.recording_options import add_recording_options, open_recording
from depth_perception.cli.setting_options import add_robot_options, robot_settings

if TYPE_CHECKING:
    from depth_perception.evaluation.result import Evaluation


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure depth and odometry on a recording, without ROS",
        description="Runs every frame of a recording through depth and odometry in this process, compares with its"
        " ground truth where it has any, prints a table and writes report.json and report.html.",
    )
    parser.add_argument("--bag", required=True, metavar="PATH", help="a rosbag2 folder, or one .mcap or .db3 file")
    parser.add_argument("--no-odometry", action="store_true", help="depth alone")
    parser.add_argument(
        "--output", default="out/evaluate", metavar="FOLDER", help="where the report goes (default: %(default)s)"
    )
    bars = parser.add_argument_group("bars", "for a build server: with one that is missed, the exit status is 1")
    bars.add_argument("--max-abs-rel", type=float, metavar="X", help="mean AbsRel of depth, median-scaled")
    bars.add_argument(
        "--max-road-residual", type=float, metavar="X", help="median residual of the road, share of depth"
    )
    bars.add_argument("--max-ate-percent", type=float, metavar="X", help="ATE RMSE, scale-aligned, percent of the path")
    add_recording_options(parser)
    add_robot_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from contextlib import ExitStack, closing
    from pathlib import Path

    from depth_perception.cli.outcome import show
    from depth_perception.evaluation.replay import replay
    from depth_perception.evaluation.report import write_report
    from depth_perception.files import require_writable
    from depth_perception.progress import ProgressBar

    robot = robot_settings(arguments)
    require_writable(Path(arguments.output))  # before the work, not after it
    with ExitStack() as opened:
        recording = opened.enter_context(open_recording(arguments.bag, arguments))
        depth_engine = opened.enter_context(closing(robot.engine.open(robot.depth_model, "depth")))
        pose_engine = None
        if not arguments.no_odometry:
            # Closed before the other one: OpenVINO's signal stacks must go in the reverse order of their coming, or a
            # signal after that, such as Ctrl-C, crashes the process.
            pose_engine = opened.enter_context(closing(robot.engine.open(robot.pose_model, "pose")))
        with ProgressBar("evaluating", "frames") as progress:
            evaluation = replay(recording, depth_engine, pose_engine, robot.depth, robot.odometry, progress=progress)
    show(evaluation, write_report(evaluation, arguments.output))
    check_bars(evaluation, arguments)
    return 0


def check_bars(evaluation: Evaluation, arguments: argparse.Namespace) -> None:
    """Raises: `CommandError` naming every bar that was given and is missed, or cannot be measured on the recording."""
    from depth_perception.cli.errors import CommandError

    alignments = () if evaluation.trajectory is None else evaluation.trajectory.metrics
    measured = {
        "--max-abs-rel": None if evaluation.depth is None else evaluation.depth.median_scaled.abs_rel,
        "--max-road-residual": None if evaluation.road is None else evaluation.road.residual_median,
        "--max-ate-percent": next((item.ate_percent for item in alignments if item.alignment == "scale"), None),
    }
    missed = []
    for option, value in measured.items():
        bar = getattr(arguments, option[2:].replace("-", "_"))
        if bar is not None and value is None:
            missed.append(f"{option} {bar:g} asked for, the recording does not tell")
        elif bar is not None and value > bar:
            missed.append(f"{option} {bar:g} asked for, {value:.4g} measured")
    if missed:
        raise CommandError("bars missed: " + "; ".join(missed))
