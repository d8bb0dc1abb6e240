"""The shipped parameter file says what the nodes' own tables say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rclpy.parameter import Parameter as RosParameter

from depth_perception.nodes import depth_node, odometry_node, point_cloud_node
from depth_perception.nodes.parameters import Parameter
from depth_perception.nodes.perception_node import AUTOSTART

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "depth_node": depth_node.PARAMETERS,
    "odometry_node": odometry_node.PARAMETERS,
    "point_cloud_node": point_cloud_node.PARAMETERS,
}


@pytest.mark.parametrize("node", TABLES)
def test_every_parameter_is_in_the_file_with_its_default(node: str) -> None:
    values = yaml.safe_load((ROOT / "config" / "perception.yaml").read_text())[f"/**/{node}"]["ros__parameters"]
    table = [AUTOSTART, *TABLES[node]]
    expected = {item.name: item.default for item in table if not isinstance(item.default, RosParameter.Type)}
    assert values == expected
    assert {name: type(value) for name, value in values.items()} == {
        name: type(value) for name, value in expected.items()
    }


@pytest.mark.parametrize("parameter", [item for table in TABLES.values() for item in table], ids=lambda item: item.name)
def test_every_parameter_says_what_it_is_and_takes_its_own_default(parameter: Parameter) -> None:
    assert len(parameter.description) > 10
    if isinstance(parameter.default, float) or (isinstance(parameter.default, int) and parameter.default is not False):
        assert isinstance(parameter.default, bool) or (parameter.minimum is not None and parameter.maximum is not None)
    if not isinstance(parameter.default, RosParameter.Type):
        assert parameter.objection(parameter.default) is None


def test_rviz_shows_topics_that_the_nodes_publish() -> None:
    config = yaml.safe_load((ROOT / "config" / "perception.rviz").read_text())
    displays = config["Visualization Manager"]["Displays"]
    topics = {display["Topic"]["Value"]: display["Enabled"] for display in displays if "Topic" in display}
    always = ("/depth/points", "/odom", "/path", "/image_rect", "/depth/color")
    of_some_models = ("/semantics/color", "/depth/confidence")
    assert topics == dict.fromkeys(always, True) | dict.fromkeys(of_some_models, False)
    assert any(display["Class"].endswith("/TF") for display in displays)
