"""The options of every command that reads a recording."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from depth_perception.cli.setting_options import add_options, chosen
from depth_perception.estimators.settings import CAMERA_POSE, RECTIFIED_INPUT

if TYPE_CHECKING:
    from depth_perception.recordings.recording import Recording

CAMERA = (RECTIFIED_INPUT, CAMERA_POSE)
OPENING = (
    "image_topic",
    "camera_info_topic",
    "depth_topic",
    "odometry_topic",
    "speed_topic",
    "calibration",
    "poses",
    "poses_of",
)


def add_camera_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Those of `recording_options` that are of the camera; returns the group of topics."""
    topics = parser.add_argument_group("topics of the recording", "chosen by themselves where there is only one choice")
    topics.add_argument("--image-topic", metavar="TOPIC", help="camera images, raw or compressed")
    topics.add_argument("--camera-info-topic", metavar="TOPIC", help="calibration of the camera")
    add_options(parser.add_argument_group("camera", "as the recording says, unless given"), CAMERA)
    return topics


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """The options of `recording_options`."""
    topics = add_camera_options(parser)
    topics.add_argument(
        "--depth-topic", metavar="TOPIC", help="true depth: images (/ground_truth/depth), or a LiDAR's PointCloud2"
    )
    topics.add_argument(
        "--odometry-topic", metavar="TOPIC", help="true poses: Odometry, Pose..., Path, TF (/ground_truth/odom)"
    )
    topics.add_argument("--speed-topic", metavar="TOPIC", help="measured speed, for a scale_source that needs one")


def add_pose_file_option(parser: argparse.ArgumentParser) -> None:
    """Of commands that judge."""
    parser.add_argument(
        "--poses",
        metavar="FILE",
        help="true poses, in place of a topic: a file of TUM's or EuRoC's form, of the body (base_link) unless"
        " --poses-of says otherwise, or of KITTI's, which are of the camera",
    )
    parser.add_argument(
        "--poses-of",
        choices=("body", "camera"),
        default="body",
        help="whose poses --poses holds; camera: its optical frame, of which most that is computed from images is"
        " (default: %(default)s)",
    )


def add_calibration_option(parser: argparse._ActionsContainer) -> None:
    """Of commands that can do without ``camera_info``."""
    parser.add_argument(
        "--calibration",
        metavar="FILE",
        help="of the camera, as ROS's camera_calibration writes it (yaml), in place of camera_info",
    )


def add_every_option(parser: argparse.ArgumentParser) -> None:
    """Of commands that write something of each image."""
    parser.add_argument("--every", type=_positive, default=1, metavar="N", help="take each Nth image (default: all)")


def recording_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as far as a command has them, by the names of what `Recording.open` is given."""
    given = vars(arguments)
    return {name: given[name] for name in OPENING if name in given} | chosen(arguments, CAMERA)


def open_recording(bag: str, arguments: argparse.Namespace) -> Recording:
    """The recording at `bag`, as the options say."""
    from depth_perception.recordings.recording import Recording

    return Recording.open(bag, **recording_options(arguments))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value
