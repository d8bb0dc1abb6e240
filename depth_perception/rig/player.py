"""Plays the camera of a recording as ROS 2 topics; a process of its own that ``depth-perception demo`` talks to.

It says ``ready`` on standard output when its topics have as many listeners as asked for, waits for a line on standard
input, plays, and says for each image ``image <stamp> <time>``: its new stamp and when it was published, nanoseconds.
At the end it says ``done``. All stamps are moved by one constant, so that the recording happens now.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from typing import Any

from depth_perception.recordings.recording import Recording, header_stamp, with_header_stamp
from depth_perception.rig.processes import TerminationInterrupts

LISTENERS_DEADLINE = 180.0
"""Seconds."""
_HEAD_START = 200_000_000
"""Nanoseconds that the calibration is ahead of the first image."""


def main() -> int:
    """Plays what the command line says; returns the exit status."""
    from depth_perception.rig.ros_node import ros_node

    parser = argparse.ArgumentParser(prog="player")
    parser.add_argument("bag")
    parser.add_argument("image_topic")
    parser.add_argument("camera_info_topic")
    parser.add_argument("--speed-topic")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--listeners", type=int, default=1)
    arguments = parser.parse_args()
    try:
        with (
            TerminationInterrupts(),
            Recording.open(
                arguments.bag,
                image_topic=arguments.image_topic,
                camera_info_topic=arguments.camera_info_topic,
                speed_topic=arguments.speed_topic,
            ) as recording,
            ros_node("player") as node,
        ):
            play(node, recording, arguments.rate, arguments.listeners)
    except KeyboardInterrupt:
        return 130
    return 0


def play(node: Any, recording: Recording, rate: float, listeners: int) -> None:
    """Waits for the listeners and the word to go, then plays.

    Raises: `TimeoutError` if the listeners do not come.
    """
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
    latched = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    camera = (recording.topics.image, recording.topics.camera_info)
    stamped = (*camera, recording.topics.speed) if recording.topics.speed else camera
    publishers: dict[str, Any] = {}
    for topic, kind in recording.message_types((*stamped, *recording.static_transform_topics)).items():
        message = _message_class(kind)
        if message is not None:
            publishers[topic] = node.create_publisher(message, topic, qos if topic in stamped else latched)

    deadline = time.monotonic() + LISTENERS_DEADLINE
    while any(publishers[topic].get_subscription_count() < listeners for topic in camera):
        if time.monotonic() > deadline:
            raise TimeoutError(f"fewer than {listeners} listeners on {' and '.join(camera)}")
        time.sleep(0.02)
    print("ready", flush=True)
    if not sys.stdin.readline():
        return

    start = time.time_ns() + _HEAD_START
    first = next(message.log_time for message in recording.messages(camera))
    shift = start - first
    # In a recording the first image may lie before the calibration that it needs.
    info = next(iter(recording.messages([recording.topics.camera_info])))
    publishers[info.topic].publish(with_header_stamp(info.data, header_stamp(info.data) + shift))
    for message in recording.messages(publishers):
        if message.topic not in stamped:
            publishers[message.topic].publish(message.data)
            continue
        due = start + round((message.log_time - first) / rate)
        time.sleep(max(0.0, (due - time.time_ns()) * 1e-9))
        stamp = header_stamp(message.data) + shift
        now = time.time_ns()
        publishers[message.topic].publish(with_header_stamp(message.data, stamp))
        if message.topic == recording.topics.image:
            print(f"image {stamp} {now}", flush=True)
    print("done", flush=True)
    sys.stdin.readline()  # reliable messages may still be on their way: stay until told to end


def _message_class(kind: str) -> Any:
    """The class of a type such as ``sensor_msgs/msg/Image``; None if its package is not installed."""
    package, _, name = kind.split("/")
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except ImportError:
        return None


if __name__ == "__main__":
    sys.exit(main())
