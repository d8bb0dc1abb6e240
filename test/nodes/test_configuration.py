"""The shipped parameter file says what the nodes' own tables say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from depth_perception.nodes.parameter_file import TABLES, parameter_file
from depth_perception.settings import Setting

ROOT = Path(__file__).resolve().parents[2]
FILE = (ROOT / "config" / "perception.yaml").read_text()
SETTINGS = {f"{node}.{item.name}": item for node, table in TABLES.items() for item in table}
NUMBERS = {name: item for name, item in SETTINGS.items() if type(item.default) in (int, float)}
CHOICES = {name: item for name, item in SETTINGS.items() if item.choices}
ARRAYS = {name: item for name, item in SETTINGS.items() if item.default is None}
OTHERS = {name: item for name, item in SETTINGS.items() if name not in NUMBERS | CHOICES | ARRAYS}


def test_the_file_is_what_the_tables_say() -> None:
    """Else: python -m depth_perception.nodes.parameter_file > config/perception.yaml"""
    assert parameter_file() == FILE


@pytest.mark.parametrize("node", TABLES)
def test_every_parameter_is_in_the_file_with_its_default(node: str) -> None:
    values = yaml.safe_load(FILE)[f"/**/{node}"]["ros__parameters"]
    expected = {item.name: item.default for item in TABLES[node] if item.default is not None}
    assert values == expected
    assert {name: type(value) for name, value in values.items()} == {
        name: type(value) for name, value in expected.items()
    }


def test_the_file_says_what_may_change_while_a_node_runs() -> None:
    sections = dict(re.findall(r"^/\*\*/(\w+):\n(.*?)(?=^/|\Z)", FILE, re.MULTILINE | re.DOTALL))
    assert {node: re.findall(r"^ +(\w+): .*# live$", text, re.MULTILINE) for node, text in sections.items()} == {
        "depth_node": ["minimum_range", "maximum_range", "scale", "scale_sigma"],
        "odometry_node": [],
        "point_cloud_node": ["minimum_range", "maximum_range", "voxel_size"],
    }


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_parameter_says_what_it_is_and_takes_its_own_default(setting: Setting) -> None:
    assert len(setting.description) > 10
    assert setting.objection(setting.default) is None


@pytest.mark.parametrize("setting", NUMBERS.values(), ids=NUMBERS)
def test_numbers_have_limits_and_keep_them(setting: Setting) -> None:
    assert setting.minimum is not None
    assert setting.maximum is not None
    for value in (setting.minimum - 1, setting.maximum + 1):
        assert f"{setting.name} is {value}, expected {setting.minimum} to" in str(setting.objection(value))
    assert setting.objection(setting.minimum) is setting.objection(setting.maximum) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *((item, "else") for item in CHOICES.values()),
        *((item, [1.0]) for item in ARRAYS.values()),
        *((item, [float("nan")] * 6) for item in ARRAYS.values()),
    ],
)
def test_what_is_no_choice_too_short_or_no_number_is_refused(setting: Setting, value: Any) -> None:
    assert setting.name in str(setting.objection(value))


@pytest.mark.parametrize("setting", OTHERS.values(), ids=OTHERS)
def test_the_others_are_switches_names_and_files(setting: Setting) -> None:
    assert isinstance(setting.default, bool | str)


def test_rviz_shows_topics_that_the_nodes_publish() -> None:
    config = yaml.safe_load((ROOT / "config" / "perception.rviz").read_text())
    displays = config["Visualization Manager"]["Displays"]
    topics = {display["Topic"]["Value"]: display["Enabled"] for display in displays if "Topic" in display}
    always = ("/depth/points", "/odom", "/path", "/image_rect", "/depth/color")
    of_some_models = ("/semantics/color", "/depth/confidence")
    assert topics == dict.fromkeys(always, True) | dict.fromkeys(of_some_models, False)
    assert any(display["Class"].endswith("/TF") for display in displays)


def test_robot_localization_takes_the_velocities_of_our_odometry_and_no_pose_twice():
    (ekf,) = yaml.safe_load((ROOT / "config" / "robot_localization.yaml").read_text()).values()
    values = ekf["ros__parameters"]
    # place, rotation, velocities of both, accelerations
    assert values["odom0_config"] == [False] * 6 + [True] * 6 + [False] * 3
    assert (values["odom0"], values["odom_frame"], values["base_link_frame"]) == ("odom", "odom", "base_link")


def published(node: str) -> set[str]:
    """As the policy for SROS 2 says, which a test in a real graph holds against the nodes."""
    profiles = ElementTree.parse(ROOT / "config" / "sros2_policy.xml").iterfind(".//profile")
    (profile,) = (item for item in profiles if item.get("node") == node)
    return {f"/{str(topic.text).removeprefix('/')}" for topic in profile.iterfind("topics[@publish]/topic")}


PUBLISHED = set[str]().union(*map(published, TABLES))


@pytest.mark.parametrize("name", ["nav2.yaml", "autoware.yaml"])
def test_presets_set_parameters_that_there_are_to_values_that_they_may_have(name: str) -> None:
    sections = yaml.safe_load((ROOT / "config" / name).read_text())
    ours = {node: table for node, table in TABLES.items() if f"/**/{node}" in sections}
    assert ours
    for node, table in ours.items():
        known = {item.name: item for item in table}
        for parameter, value in sections[f"/**/{node}"]["ros__parameters"].items():
            assert known[parameter].objection(value) is None
            assert type(value) is type(known[parameter].default)


def test_parameter_files_are_read_by_ros(tmp_path: Path) -> None:
    """Its parser takes no aliases, among others; each file goes to all nodes, whoever they are."""
    import rclpy

    for name in ("nav2.yaml", "autoware.yaml", "robot_localization.yaml", "perception.yaml"):
        context = rclpy.Context()
        rclpy.init(context=context, args=["--ros-args", "--params-file", str(ROOT / "config" / name)])
        context.try_shutdown()


def test_nav2_marks_and_clears_by_our_cloud_within_what_it_holds() -> None:
    values = yaml.safe_load((ROOT / "config" / "nav2.yaml").read_text())
    cloud = values["/**/point_cloud_node"]["ros__parameters"]
    costmap = values["local_costmap"]["local_costmap"]["ros__parameters"]
    layer = costmap["voxel_layer"]
    marks, clears = (layer[source] for source in layer["observation_sources"].split())
    assert {marks["topic"], clears["topic"]} == {"/depth/points"} <= PUBLISHED
    assert (marks["marking"], marks["clearing"], clears["marking"], clears["clearing"]) == (True, False, False, True)
    assert marks["obstacle_max_range"] < clears["raytrace_max_range"] <= cloud["maximum_range"]
    # The ground is among what clears and not among what marks; all that marks is in the layer's voxels.
    assert cloud["minimum_height"] <= clears["min_obstacle_height"] < 0 < marks["min_obstacle_height"]
    assert marks["max_obstacle_height"] <= layer["z_voxels"] * layer["z_resolution"] <= cloud["maximum_height"]
    assert layer["z_voxels"] <= 16
    assert cloud["voxel_size"] <= costmap["resolution"]


def test_foxglove_shows_topics_that_the_nodes_publish() -> None:
    layout = json.loads((ROOT / "config" / "foxglove.json").read_text())
    panels = layout["configById"]
    shown = set(panels["3D!cloud"]["topics"]) - {"/scan"}
    for panel in panels.values():
        shown |= set(panel.get("imageMode", {}).values()) | {panel.get("topicToRender", "/odom")}
        shown |= {path["value"].split(".")[0] for path in panel.get("paths", ())}
    assert {"/depth/points", "/depth/color", "/rgb/camera_info"} <= shown <= PUBLISHED

    def placed(part: str | dict[str, Any]) -> set[str]:
        return {part} if isinstance(part, str) else placed(part["first"]) | placed(part["second"])

    assert placed(layout["layout"]) == set(panels)


def test_the_page_for_robots_names_what_there_is() -> None:
    page = (ROOT / "docs" / "robots.md").read_text()
    for path in re.findall(r"\]\(\.\./([\w./]+)\)", page):
        assert (ROOT / path).exists(), path
    launch = (ROOT / "launch" / "perception.launch.py").read_text() + (
        ROOT / "launch" / "autoware.launch.py"
    ).read_text()
    for argument in re.findall(r"(?:depth_perception \S+\.launch\.py |`)(\w+):=", page):
        assert f'("{argument}",' in launch or f'        "{argument}",' in launch, argument
    table = page[page.index("## The names of RGB-D") :].split("\n\n")[1]
    topics = re.findall(r"^\| `([\w/]+)`", table, re.MULTILINE)
    assert len(topics) == 5
    assert {f"/{topic}" for topic in topics} <= PUBLISHED
