"""The corner of ROS 2 that a command runs its processes in, apart from whatever else runs on the machine."""

from __future__ import annotations

import os
import random
import socket
from importlib.util import find_spec

from depth_perception.resources import FAST_DDS_PROFILE, share_path
from depth_perception.rig.errors import RigError

_DOMAINS = range(1, 100)


def require_ros() -> None:
    """Raises: `RigError` if there is no ROS 2."""
    if find_spec("rclpy") is None:
        raise RigError(
            "ROS 2 is not installed here (no rclpy): source its setup file, or pip install -r requirements.txt;"
            " depth-perception evaluate needs no ROS"
        )


def ros_environment(domain: int | None) -> dict[str, str]:
    """Environment variables for this process and its children: an own domain, this machine alone, large messages.

    Args:
        domain: ROS_DOMAIN_ID; None takes one that nobody uses.
    """
    environment = {
        "ROS_DOMAIN_ID": str(_free_domain() if domain is None else domain),
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(share_path(FAST_DDS_PROFILE)),
    }
    if os.environ.get("ROS_DISTRO") == "humble":
        environment["ROS_LOCALHOST_ONLY"] = "1"
    else:
        environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    return environment


def _free_domain() -> int:
    """A domain whose first participant's port nobody holds (RTPS: 7400 + 250 * domain + 10)."""
    candidates = list(_DOMAINS)
    random.SystemRandom().shuffle(candidates)
    for domain in candidates:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7410 + 250 * domain))
            except OSError:
                continue
            return domain
    raise RigError("every ROS domain from 1 to 99 is in use here: stop what uses them, or give one with --domain")
