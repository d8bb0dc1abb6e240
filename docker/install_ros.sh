#!/bin/bash
# ROS 2 $ROS_DISTRO from its own packages, for images that come without it.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ca-certificates curl
codename=$(. /etc/os-release && echo "$UBUNTU_CODENAME")
curl -fsSL https://raw.githubusercontent.com/ros/rosdistro/master/ros.key -o /usr/share/keyrings/ros.gpg
echo "deb [signed-by=/usr/share/keyrings/ros.gpg] http://packages.ros.org/ros2/ubuntu $codename main" \
    > /etc/apt/sources.list.d/ros2.list
apt-get update
apt-get install -y --no-install-recommends \
    "ros-$ROS_DISTRO-ros-base" python3-colcon-common-extensions python3-rosdep
rosdep init
rm -rf /var/lib/apt/lists/*
