"""The options of every command that reads a recording."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depth_perception.recordings.recording import Recording


def add_topic_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("topics of the recording", "chosen by themselves where there is only one choice")
    group.add_argument("--image-topic", metavar="TOPIC", help="camera images, raw or compressed")
    group.add_argument("--camera-info-topic", metavar="TOPIC", help="calibration of the camera")
    group.add_argument("--depth-topic", metavar="TOPIC", help="true depth on the image's pixels (/ground_truth/depth)")
    group.add_argument("--odometry-topic", metavar="TOPIC", help="true odometry (/ground_truth/odom)")


def topic_arguments(arguments: argparse.Namespace) -> list[str]:
    """The same options again, for a process that is to open the same recording."""
    options = ("image_topic", "camera_info_topic", "depth_topic", "odometry_topic")
    given = {name: getattr(arguments, name) for name in options}
    return [f"--{name.replace('_', '-')}={topic}" for name, topic in given.items() if topic is not None]


def open_recording(bag: str, arguments: argparse.Namespace) -> Recording:
    """The recording at `bag`, with the topics the options name."""
    from depth_perception.recordings.recording import Recording

    return Recording.open(
        bag,
        image_topic=arguments.image_topic,
        camera_info_topic=arguments.camera_info_topic,
        depth_topic=arguments.depth_topic,
        odometry_topic=arguments.odometry_topic,
    )
