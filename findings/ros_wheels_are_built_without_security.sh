#!/usr/bin/env bash
# ros-jazzy-rmw-fastrtps-cpp 8.4.3 (Fast DDS 2.14.5) from wheels: SROS 2 cannot be used. Where keys are there and security is
# on, no node is made at all, Permissive or not: the library was built without it. Debian packages of ROS have it.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ros-jazzy-rclpy==7.1.6 ros-jazzy-rmw-fastrtps-cpp==8.4.3
mkdir -p "$folder/keys/enclaves/node"
for name in identity_ca.cert.pem cert.pem key.pem permissions_ca.cert.pem governance.p7s permissions.p7s; do
    touch "$folder/keys/enclaves/node/$name" # they are not read
done
cd "$folder"
cat >node.py <<'PYTHON'
import sys

import rclpy

rclpy.init(args=sys.argv)
try:
    rclpy.create_node("node")
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
else:
    print("made")
PYTHON
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST ROS_SECURITY_ENABLE=true ROS_SECURITY_KEYSTORE="$folder/keys"
for strategy in Enforce Permissive; do
    said=$(ROS_SECURITY_STRATEGY=$strategy venv/bin/python node.py --ros-args --enclave /node 2>/dev/null)
    echo "$strategy: $said"
    [[ $said == "RCLError "*"security libraries"* ]] || exit 1
done
