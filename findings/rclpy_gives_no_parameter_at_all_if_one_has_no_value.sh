#!/usr/bin/env bash
# ros-jazzy-rclpy 7.1.6: a parameter that is declared by its type alone, and never set, makes a node answer get_parameters
# for all of its parameters (ros2 param dump) with an empty list, without an error. And an override that is an empty list,
# as such a parameter could be dumped (camera_pose: []), keeps a node with automatically_declare_parameters_from_overrides
# from being made: ValueError.
# Exits with 1 if either has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ros-jazzy-rclpy==7.1.6 ros-jazzy-rmw-fastrtps-cpp==8.4.3
cat > "$folder/dumped.yaml" <<'YAML'
/**:
  ros__parameters:
    pose: []
YAML
cd "$folder"
ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST "$folder/venv/bin/python" - <<'PYTHON'
import sys

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

rclpy.init()
node, asking = Node("with_parameters"), Node("asking")
node.declare_parameter("speed", 1.0)
node.declare_parameter("pose", Parameter.Type.DOUBLE_ARRAY)
client = asking.create_client(GetParameters, "/with_parameters/get_parameters")
executor = SingleThreadedExecutor()
executor.add_node(node)
executor.add_node(asking)


def answered(names):
    while not client.service_is_ready():
        executor.spin_once(timeout_sec=0.1)
    future = client.call_async(GetParameters.Request(names=names))
    executor.spin_until_future_complete(future, timeout_sec=30)
    return len(future.result().values)


found = answered(["speed"]), answered(["speed", "pose"])
print("answers for speed, and for speed and pose:", *found)
context = rclpy.Context()
rclpy.init(context=context, args=["--ros-args", "--params-file", "dumped.yaml"])
try:
    Node("from_a_dump", context=context, automatically_declare_parameters_from_overrides=True)
    refused = ""
except ValueError as error:
    refused = str(error)
print("a node with an override that is an empty list:", refused or "is made")
sys.exit(0 if found == (1, 0) and refused else 1)
PYTHON
