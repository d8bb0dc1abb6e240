"""``depth-perception evaluate``: recordings through depth and odometry without ROS, every frame, with a report each."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depth_perception.cli.recording_options import (
    add_calibration_option,
    add_pose_file_option,
    add_recording_options,
    open_recording,
)
from depth_perception.cli.setting_options import add_robot_options, robot_settings

if TYPE_CHECKING:
    from depth_perception.estimators.settings import RobotSettings
    from depth_perception.evaluation.result import Evaluation


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure depth and odometry on a recording, without ROS",
        description="Runs every frame of a recording through depth and odometry in this process, compares with its"
        " ground truth where it has any, says what that means, prints tables and writes report.json and report.html.",
    )
    parser.add_argument(
        "--bag",
        required=True,
        nargs="+",
        metavar="PATH",
        help="a rosbag2 folder, or one .mcap or .db3 file; or several, or a folder of them: each gets a report in a"
        " folder of its name",
    )
    parser.add_argument("--no-odometry", action="store_true", help="depth alone")
    parser.add_argument(
        "--output", default="out/evaluate", metavar="FOLDER", help="where the report goes (default: %(default)s)"
    )
    parser.add_argument(
        "--record",
        metavar="FOLDER",
        help="also write a recording (mcap) of the camera with depth, cloud, odometry and TF beside it, on the topics"
        " of the nodes, for rviz or Foxglove; of several bags, one each in a folder of its name",
    )
    parser.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="REPORT.json",
        help="show the figures beside those of another report (repeatable)",
    )
    parser.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="CONDITION",
        help="for a build server: exit with 1 if it holds, or the recording does not tell, such as 'abs_rel>0.2'"
        " (repeatable); a figure that there is not is answered with the list of all",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="evaluate several recordings on the Dask cluster whose scheduler is there, such as tcp://HOST:8786; its"
        " workers need this package, and all files under the same paths",
    )
    add_calibration_option(parser)
    add_pose_file_option(parser)
    add_recording_options(parser)
    add_robot_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from depth_perception.cli.cluster import cluster_at, each_on
    from depth_perception.cli.errors import CommandError
    from depth_perception.cli.outcome import show
    from depth_perception.errors import DepthPerceptionError
    from depth_perception.evaluation.figures import Condition, comparison
    from depth_perception.evaluation.report import read_report, summary, write_report
    from depth_perception.evaluation.table import table
    from depth_perception.files import require_writable
    from depth_perception.recordings.folder import recordings_in

    conditions = [Condition.parse(text) for text in arguments.fail_if]
    others = [(_short(path), read_report(path)) for path in arguments.compare]
    robot = robot_settings(arguments)
    bags = [bag for path in arguments.bag for bag in recordings_in(path)]
    if arguments.dask is not None:  # workers have folders of their own
        bags = [bag.absolute() for bag in bags]
    output = Path(arguments.output)
    require_writable(output)  # before the work, not after it
    record = None if arguments.record is None else Path(arguments.record).absolute()
    if record is not None:
        require_writable(record if len(bags) > 1 else record.parent)
    several = len(bags) > 1
    names = _names(bags)
    jobs = []
    for number, (bag, name) in enumerate(zip(bags, names, strict=True), 1):
        title = f"evaluating {number}/{len(bags)}" if several else "evaluating"
        jobs.append((bag, arguments, robot, title, record / name if record is not None and several else record))
    reports: list[tuple[str, dict[str, Any]]] = []
    failures: list[str] = []
    with ExitStack() as opened:
        if arguments.dask is None:
            results: list[Callable[[], Evaluation]] = [partial(_evaluate, *job) for job in jobs]
        else:
            results = each_on(opened.enter_context(cluster_at(arguments.dask)), _evaluate, jobs)
        for bag, name, result in zip(bags, names, results, strict=True):
            if several:
                print(f"\n{bag}")
            try:
                evaluation = result()
            except DepthPerceptionError as error:
                if not several:
                    raise
                failures.append(str(error))  # the others are evaluated all the same
                continue
            show(evaluation, write_report(evaluation, output / name if several else output))
            reports.append((name, summary(evaluation)))
            if evaluation.interrupted:
                raise KeyboardInterrupt
            failures += [f"{name}: {why}" for item in conditions if (why := item.failure(reports[-1][1]))]
    if len(reports) + len(others) > 1:
        print(f"\n{table(comparison([*reports, *others]))}\n  * the better of them")
    if failures:
        raise CommandError("; ".join(failures))
    return 0


def _names(bags: list[Path]) -> list[str]:
    """Of the recordings' reports: those of their folders, with a number where one comes again."""
    names: list[str] = []
    for number, bag in enumerate(bags, 1):
        name = bag.resolve().name
        names.append(f"{name}_{number}" if name in names else name)
    return names


def _evaluate(
    bag: Path, arguments: argparse.Namespace, robot: RobotSettings, title: str, record: Path | None
) -> Evaluation:
    from contextlib import ExitStack, closing

    from depth_perception.evaluation.output_bag import output_bag
    from depth_perception.evaluation.replay import replay
    from depth_perception.progress import ProgressBar

    with ExitStack() as opened:
        recording = opened.enter_context(open_recording(str(bag), arguments))
        output = None if record is None else opened.enter_context(output_bag(record, recording))
        depth_engine = opened.enter_context(closing(robot.engine.open(robot.depth_model, "depth")))
        pose_engine = None
        if not arguments.no_odometry:
            # Closed before the other one: OpenVINO's signal stacks must go in the reverse order of their coming, or a
            # signal after that, such as Ctrl-C, crashes the process.
            pose_engine = opened.enter_context(closing(robot.engine.open(robot.pose_model, "pose")))
        with ProgressBar(title, "frames") as progress:
            return replay(
                recording, depth_engine, pose_engine, robot.depth, robot.odometry, output=output, progress=progress
            )


def _short(path: str) -> str:
    """What a report is called beside others: the folder it lies in."""
    return Path(path).resolve().parent.name if Path(path).name == "report.json" else Path(path).stem
