"""What is wrong with a running system is found by its name, whatever ROS it runs on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from depth_perception.doctor.system import Endpoint, Link, System, examine_system
from depth_perception.node_status import NodeStatus

RAMP = np.geomspace(2, 50, 64 * 32, dtype=np.float32).reshape(32, 64)
DRIVER, NODE = Endpoint("driver", True, False), Endpoint("depth_node", True, False)
IMAGES = Link("/image", [DRIVER], [NODE], 6_000_000)
GOOD = NodeStatus(state="active", received=100, processed=60, dropped=40, scale=1.0, scale_source="model")


def system(**values: Any) -> System:
    return System(
        5.0, "/image", None, **{"links": [IMAGES], "statuses": {"depth_node": GOOD}, "depth": [RAMP]} | values
    )


def link(driver: Endpoint = DRIVER, node: Endpoint = NODE, size: int = 6_000_000) -> dict[str, Any]:
    return {"links": [Link("/image", [driver], [node], size)]}


def status(**values: Any) -> dict[str, Any]:
    return {"statuses": {"depth_node": replace(GOOD, **values)}}


BEST_EFFORT = replace(DRIVER, reliable=False)
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "reliable to best effort": ("qos", link(driver=BEST_EFFORT), "nothing arrives"),
    "latched to volatile": ("qos", link(node=replace(NODE, latched=True)), "nothing arrives"),
    "large and best effort": ("qos", link(BEST_EFFORT, replace(NODE, reliable=False)), "get lost"),
    "a node that is inactive": ("nodes", status(state="inactive"), "is inactive"),
    "a node that fails": ("nodes", status(processed=0, failed=60, last_error="no camera_info"), "no camera_info"),
    "images get lost": ("nodes", status(lost=30), "got lost"),
    "a model that is too slow": ("nodes", status(processed=10, dropped=90), "too slow"),
    "depth is a wall": ("depth", {"depth": [np.full((32, 64), 7, np.float32)]}, "7 m everywhere"),
    "depth is empty": ("depth", {"depth": [np.full((32, 64), np.nan, np.float32)]}, "without depth"),
    "no metres": ("scale", {"depth": [], "relative": 40}, "does not know metres"),
    "a scale that is silent": ("scale", status(scale=None, scale_source="ground_plane"), "ground_plane"),
}


def found(subject: System) -> dict[str, str]:
    """By check, what was found; but for the camera, of which there are no images here."""
    checks = [check for check in examine_system(subject) if check.name != "camera"]
    return {check.name: finding.what for check in checks for finding in check.findings}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_name_and_no_other(fault):
    name, change, what = FAULTS[fault]
    said = found(system(**change))
    assert set(said) == {name}
    assert what in said[name]


def test_nothing_is_found_in_a_sound_system():
    assert found(system()) == {}
    small = replace(BEST_EFFORT, reliable=False), replace(NODE, reliable=False)
    assert found(system(**link(*small, size=100_000))) == {}
    sky = RAMP.copy()
    sky[:20] = np.inf
    sky[20:] = 3.0
    assert found(system(depth=[sky])) == {}


@pytest.mark.parametrize(("publishers", "what"), [([], "nobody publishes"), ([DRIVER], "no image came")])
def test_a_camera_that_is_silent(publishers, what):
    checks = examine_system(System(5.0, "/image", links=[Link("/image", publishers, [NODE])]))
    (finding,) = next(check for check in checks if check.name == "camera").findings
    assert what in finding.what
