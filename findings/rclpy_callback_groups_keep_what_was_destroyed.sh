#!/usr/bin/env bash
# ros-jazzy-rclpy 7.1.6: a callback group never forgets. Every subscription, with each of its event handlers, leaves dead
# weak references in the group's `entities` when it is destroyed, so that a node which subscribes and unsubscribes grows
# for as long as it runs. A group of the subscription's own goes with it.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ros-jazzy-rclpy==7.1.6 ros-jazzy-rmw-fastrtps-cpp==8.4.3 ros-jazzy-std-msgs
cd "$folder"
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST "$folder/venv/bin/python" - <<'PYTHON'
import gc
import re
import sys
from pathlib import Path

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from std_msgs.msg import String

COUNT = 6000


def resident():
    """Bytes."""
    gc.collect()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def growth(make_group):
    """References left, and bytes, of each subscription that was made and destroyed."""
    group = node.default_callback_group
    for _ in range(COUNT):  # what grows once
        node.destroy_subscription(node.create_subscription(String, "words", print, 1, callback_group=make_group()))
    had, used = len(group.entities), resident()
    for _ in range(COUNT):
        node.destroy_subscription(node.create_subscription(String, "words", print, 1, callback_group=make_group()))
    return (len(group.entities) - had) / COUNT, (resident() - used) / COUNT


rclpy.init()
node = rclpy.create_node("listener")
own = growth(MutuallyExclusiveCallbackGroup)
nodes = growth(lambda: None)
print("the node's group: {:.1f} references, {:.0f} bytes a subscription".format(*nodes))
print("groups of their own: {:.1f} references, {:.0f} bytes a subscription".format(*own))
sys.exit(0 if nodes[0] >= 1 and own[0] == 0 else 1)
PYTHON
