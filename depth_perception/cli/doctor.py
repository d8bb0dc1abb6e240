"""``depth-perception doctor``: looks for the known causes of bad depth, in a recording, a running system, a machine."""

from __future__ import annotations

import argparse

from depth_perception.cli.recording_options import (
    add_calibration_option,
    add_recording_options,
    recording_options,
)


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="find what is wrong: with this machine, a recording, or a running system",
        description="Looks for the known causes of bad depth, and says what it found, how bad it is and what to do."
        " Looks at this machine, and at a recording or (--live) at what runs now. The exit status is 0 if there is"
        " nothing but notes, else 1.",
    )
    parser.add_argument("bag", nargs="?", metavar="BAG", help="a rosbag2 folder, or one .mcap or .db3 file")
    parser.add_argument("--live", action="store_true", help="look at what runs now: camera, nodes, quality of service")
    parser.add_argument(
        "--seconds", type=float, default=5.0, metavar="X", help="that --live looks (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON: all checks with their findings")
    add_calibration_option(parser)
    add_recording_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    import json

    from depth_perception.doctor import machine
    from depth_perception.doctor.finding import as_json, examined, is_healthy
    from depth_perception.doctor.shown import shown

    checks = examined(machine.Machine.look(), machine.CHECKS)
    if arguments.bag is not None:
        from depth_perception.doctor.recording import examine_recording

        checks += examine_recording(arguments.bag, recording_options(arguments))
    if arguments.live:
        from depth_perception.rig.ros_environment import require_ros

        require_ros()
        from depth_perception.doctor.system import examine_system
        from depth_perception.rig.look import look

        image = arguments.image_topic or "/camera/image_raw"
        checks += examine_system(look(image, arguments.seconds, arguments.rectified_input, arguments.camera_pose))
    if arguments.json:
        print(json.dumps({"versions": machine.installed(), **as_json(checks)}, indent=2))
    else:
        print(", ".join(f"{name} {version}" for name, version in machine.installed().items()))
        print(shown(checks))
    return 0 if is_healthy(checks) else 1
