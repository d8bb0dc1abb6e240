#!/usr/bin/env bash
# ros-jazzy-rclpy 7.1.6: a subscription whose callback takes a message and its MessageInfo gets two arguments from the
# single-threaded executor, as rclpy documents it, and one tuple of both from rclpy.experimental.EventsExecutor: the
# callback is never entered, and what comes out of spin is SystemError, not the TypeError.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ros-jazzy-rclpy==7.1.6 ros-jazzy-rmw-fastrtps-cpp==8.4.3 ros-jazzy-std-msgs
cd "$folder"
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST "$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from std_msgs.msg import String


def received(kind):
    """The types of what a callback gets that takes a message and what is known of it, or what it raises."""
    rclpy.init()
    node, heard, raised = Node("listener"), [], ""

    def on_message(message, info):
        heard.append((type(message).__name__, type(info).__name__))

    node.create_subscription(String, "words", on_message, 10)
    publisher = node.create_publisher(String, "words", 10)
    executor = kind()
    executor.add_node(node)
    deadline = time.monotonic() + 20
    while not heard and not raised and time.monotonic() < deadline:
        publisher.publish(String(data="a"))
        try:
            executor.spin_once(timeout_sec=0.1)
        except Exception as error:
            raised = type(error).__name__
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
    return heard[0] if heard else raised


single, events = received(SingleThreadedExecutor), received(EventsExecutor)
print("SingleThreadedExecutor:", single)
print("EventsExecutor:", events)
sys.exit(0 if len(single) == 2 and events == "SystemError" else 1)
PYTHON
