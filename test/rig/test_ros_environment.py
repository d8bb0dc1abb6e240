"""A demo's own corner of ROS 2."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from depth_perception.rig import ros_environment as module
from depth_perception.rig.errors import RigError
from depth_perception.rig.ros_environment import require_ros, ros_environment


def test_a_domain_that_nobody_uses_is_taken(monkeypatch):
    monkeypatch.setattr(module, "_DOMAINS", range(180, 184))
    with ExitStack() as held:
        for domain in (180, 181, 183):
            other = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            other.bind(("", 7410 + 250 * domain))
        assert ros_environment(None)["ROS_DOMAIN_ID"] == "182"
        last = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        last.bind(("", 7410 + 250 * 182))
        with pytest.raises(RigError, match="every ROS domain"):
            ros_environment(None)


@pytest.mark.parametrize(
    ("distribution", "name"), [("humble", "ROS_LOCALHOST_ONLY"), ("jazzy", "ROS_AUTOMATIC_DISCOVERY_RANGE")]
)
def test_it_stays_on_this_machine_in_every_distribution(monkeypatch, distribution, name):
    monkeypatch.setenv("ROS_DISTRO", distribution)
    environment = ros_environment(7)
    assert environment["ROS_DOMAIN_ID"] == "7"
    assert name in environment
    assert len({"ROS_LOCALHOST_ONLY", "ROS_AUTOMATIC_DISCOVERY_RANGE"} & set(environment)) == 1
    assert Path(environment["FASTRTPS_DEFAULT_PROFILES_FILE"]).is_file()
    assert "ROS_DOMAIN_ID" not in os.environ or os.environ["ROS_DOMAIN_ID"] != "7"


def test_without_ros_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(RigError, match=r"no rclpy.*depth-perception evaluate needs no ROS"):
        require_ros()
