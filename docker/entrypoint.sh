#!/bin/bash
# Runs a command in the environment of ROS 2, of the nodes' Python and of the workspace.
set -e
source "/opt/ros/$ROS_DISTRO/setup.bash"
source /opt/venv/bin/activate
source /workspace/install/setup.bash
exec "$@"
