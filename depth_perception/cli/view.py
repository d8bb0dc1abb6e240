"""``depth-perception view``: a recording with depth, cloud and trajectory for Rerun's viewer, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from depth_perception.cli.recording_options import (
    add_calibration_option,
    add_every_option,
    add_recording_options,
    open_recording,
)
from depth_perception.cli.setting_options import add_robot_options, robot_settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "view",
        help="a recording with its depth, cloud and trajectory, to look at in Rerun's viewer, without ROS",
        description="Runs a recording through depth and odometry and writes picture, depth, true depth if there is any,"
        " coloured cloud, camera and trajectory on the recording's time into a file that Rerun's viewer opens (pip"
        " install rerun-sdk; rerun FILE).",
    )
    parser.add_argument("bag", metavar="BAG", help="a rosbag2 folder, or one .mcap or .db3 file")
    parser.add_argument("-o", "--output", metavar="FILE.rrd", help="(default: out/view/NAME.rrd)")
    add_every_option(parser)
    parser.add_argument(
        "--no-odometry", action="store_true", help="depth alone; the vehicle moves as recorded, if at all"
    )
    add_calibration_option(parser)
    add_recording_options(parser)
    add_robot_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from contextlib import ExitStack, closing

    from depth_perception.evaluation.replay import replay
    from depth_perception.evaluation.viewer_file import viewer_file
    from depth_perception.progress import ProgressBar

    robot = robot_settings(arguments)
    name = Path(arguments.bag).resolve().stem
    output = Path(arguments.output or f"out/view/{name}.rrd")
    with ExitStack() as opened:
        recording = opened.enter_context(open_recording(arguments.bag, arguments))
        shown = {"every": arguments.every, "moved": not arguments.no_odometry}
        file = opened.enter_context(viewer_file(output, recording, **shown))
        depth_engine = opened.enter_context(closing(robot.engine.open(robot.depth_model, "depth")))
        pose_engine = None
        if not arguments.no_odometry:
            pose_engine = opened.enter_context(closing(robot.engine.open(robot.pose_model, "pose")))
        progress = opened.enter_context(ProgressBar("viewing", "frames"))
        evaluation = replay(
            recording, depth_engine, pose_engine, robot.depth, robot.odometry, output=file, progress=progress
        )
    for note in evaluation.notes:
        print(f"  note: {note}")
    print(f"{file.images} images, {output.stat().st_size / 1e6:.1f} MB: {output.resolve()}")
    print(f"  rerun {output}   # the viewer; it calls home unless told not to: rerun analytics disable")
    if evaluation.interrupted:
        raise KeyboardInterrupt
    return 0
