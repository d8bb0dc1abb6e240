"""``depth-perception demo``: a recording played as real ROS 2 topics into the real nodes, judged and reported."""

from __future__ import annotations

import argparse

from depth_perception.cli.recording_options import add_recording_options, open_recording
from depth_perception.cli.setting_options import add_robot_options, robot_settings
from depth_perception.resources import SAMPLE_RECORDING, share_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="play a recording through the ROS 2 nodes and report how good and how fast they were",
        description="Plays a recording as ROS 2 topics from one process at its real rate into depth_node, odometry_node"
        " and point_cloud_node in another, records what they publish, compares with the ground truth where there is"
        " any, prints a table and writes report.json and report.html.",
    )
    parser.add_argument("--bag", metavar="PATH", help="a rosbag2 folder or file (default: the sample that comes along)")
    parser.add_argument(
        "--rate", type=_positive, default=1.0, help="times the recording's speed (default: %(default)s)"
    )
    parser.add_argument(
        "--domain",
        type=_domain,
        metavar="N",
        help="ROS_DOMAIN_ID to run in, to watch along (default: one that is free)",
    )
    parser.add_argument("--separate", action="store_true", help="each node in a process of its own, not all in one")
    parser.add_argument(
        "--output", default="out/demo", metavar="FOLDER", help="where report and logs go (default: %(default)s)"
    )
    add_recording_options(parser)
    add_robot_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from depth_perception.cli.outcome import show
    from depth_perception.evaluation.report import write_report
    from depth_perception.files import require_writable
    from depth_perception.rig.ros_environment import require_ros, ros_environment

    require_ros()
    from depth_perception.rig.demo_run import run_demo

    bag, robot = arguments.bag or str(share_path(SAMPLE_RECORDING)), robot_settings(arguments)
    robot.describe()  # before anything begins
    require_writable(Path(arguments.output))
    environment = ros_environment(arguments.domain)
    print(
        f"{bag} through depth_node, odometry_node and point_cloud_node"
        f" (to watch along: ROS_DOMAIN_ID={environment['ROS_DOMAIN_ID']})",
        file=sys.stderr,
    )
    with open_recording(bag, arguments) as recording:
        logs = Path(arguments.output) / "logs"
        evaluation = run_demo(recording, robot, environment, logs, rate=arguments.rate, together=not arguments.separate)
    show(evaluation, write_report(evaluation, arguments.output))
    return 0


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _domain(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 101:
        raise argparse.ArgumentTypeError(f"{text} is not a domain, expected 0 to 101")
    return value
