"""The launch files. They need launch_ros, which comes with ROS 2 but not with its Python wheels."""

from __future__ import annotations

import importlib.util
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.camera import CAMERA, TestCamera
from helpers.graph import ROOT, Graph
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, PointCloud2

if importlib.util.find_spec("launch_ros") is None:
    pytest.skip("launch_ros is not installed", allow_module_level=True)

PERCEPTION, REPLAY = ROOT / "launch" / "perception.launch.py", ROOT / "launch" / "replay.launch.py"
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
path, *arguments = sys.argv[1:]
service = LaunchService()
source = PythonLaunchDescriptionSource(path)
given = [argument.split(":=", 1) for argument in arguments]
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)]))
sys.exit(service.run())
"""


def is_installed(package: str) -> bool:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


installed = pytest.mark.skipif(not is_installed("depth_perception"), reason="depth_perception is not built with colcon")


def functions(path: Path) -> dict[str, Any]:
    return runpy.run_path(str(path))


@pytest.mark.parametrize("path", [PERCEPTION, REPLAY], ids=lambda path: path.name)
def test_every_argument_has_a_description(path: Path) -> None:
    from launch.actions import DeclareLaunchArgument

    description = functions(path)["generate_launch_description"]()
    arguments = [entity for entity in description.entities if isinstance(entity, DeclareLaunchArgument)]
    assert len(arguments) >= 8
    for argument in arguments:
        assert len(argument.description) > 10, argument.name


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("/camera/image_raw", "/camera/camera_info"),
        ("/camera/image_raw/compressed", "/camera/camera_info"),
        ("/left/image_rect", "/left/camera_info"),
        ("image_raw", "camera_info"),
    ],
)
def test_camera_info_is_looked_for_beside_the_image(image: str, expected: str) -> None:
    assert functions(PERCEPTION)["beside"](image) == expected


def test_a_pose_of_five_numbers_is_refused() -> None:
    with pytest.raises(RuntimeError, match="roll, pitch, yaw"):
        functions(PERCEPTION)["numbers"]("[1, 2, 3, 4, 5]")
    assert functions(PERCEPTION)["numbers"]("[0, 0, 1.5, 0, 0, 0]") == [0.0, 0.0, 1.5, 0.0, 0.0, 0.0]


def test_a_replay_shows_all_that_it_takes() -> None:
    from launch.actions import DeclareLaunchArgument

    replay = functions(REPLAY)
    described = replay["generate_launch_description"]()
    shown = {entity.name for entity in described.entities if isinstance(entity, DeclareLaunchArgument)}
    assert set(replay["PASSED_ON"]) <= shown


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("params", "/nope.yaml", "params: there is no file /nope.yaml"),
        ("depth_model", "nope.onnx", "depth_model .*nope.onnx: there is no such model in .*posenet"),
        ("rviz", "true", "rviz2 is not installed.*ros-.ROS_DISTRO-rviz2"),
        ("foxglove", "true", "foxglove_bridge is not installed"),
        ("scan", "true", "pointcloud_to_laserscan is not installed.*-pointcloud-to-laserscan"),
        ("ekf", "true", "robot_localization is not installed"),
    ],
)
def test_what_is_not_there_is_said_before_anything_starts(argument: str, value: str, message: str) -> None:
    perception = functions(PERCEPTION)
    if argument in perception["BESIDE"] and is_installed(perception["BESIDE"][argument]):
        pytest.skip(f"{argument} is installed")
    given = {name: default for name, default, _ in perception["ARGUMENTS"]}
    perception["_require"](given)
    with pytest.raises(RuntimeError, match=message):
        perception["_require"](given | {argument: value})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": "/camera/image_raw"}, "image is /camera/image_raw, one topic for all of the cameras .front rear."),
        ({"camera_pose": "[0, 0, 1.5, 0, 0, 0]"}, "camera_pose.* is of one camera"),
        ({"use_composition": "false"}, "share one process"),
    ],
)
def test_what_several_cameras_cannot_share_is_refused(arguments: dict[str, str], message: str) -> None:
    perception = functions(PERCEPTION)
    given = {name: default for name, default, _ in perception["ARGUMENTS"]} | {"image": "image_raw"}
    perception["_require"](given | {"cameras": "front rear"})
    with pytest.raises(RuntimeError, match=message):
        perception["_require"](given | {"cameras": "front rear"} | arguments)


@installed
@pytest.mark.skipif(not is_installed("tf2_ros"), reason="tf2_ros is not installed")
@pytest.mark.parametrize("together", [True, False], ids=["one process", "three"])
def test_perception_in_a_namespace(graph: Graph, models: Path, together: bool) -> None:
    arguments = [
        f"depth_model:={models / 'depth.onnx'}",
        f"pose_model:={models / 'pose.onnx'}",
        "image:=/image",
        "namespace:=front",
        "camera_pose:=[0, 0, 1.5, 0, 0, 0]",
        f"use_composition:={together}",
    ]
    with (
        graph.run(["-c", RUN, str(PERCEPTION), *arguments]),
        graph.listen(Image, "/front/depth/image_rect") as depth,
        graph.listen(PointCloud2, "/front/depth/points") as clouds,
        graph.listen(Odometry, "/front/odom") as odometry,
        TestCamera(graph, CAMERA) as camera,
    ):
        for listener in (depth, clouds, odometry):
            listener.wait_for_publisher()
        camera.wait_for_listeners(1 if together else 2)
        graph.until(lambda: together or graph.node.count_subscribers("/front/image_rect"), "point_cloud_node")
        camera.send_until_answered(None, depth, clouds, odometry)


@installed
@pytest.mark.skipif(shutil.which("ros2") is None, reason="ros2 bag is not installed")
def test_replay_of_the_sample(graph: Graph, models: Path) -> None:
    arguments = [
        f"bag:={ROOT / 'recordings' / 'street'}",
        f"depth_model:={models / 'depth.onnx'}",
        f"pose_model:={models / 'pose.onnx'}",
        "camera_pose:=[1.5, 0, 1.4, 0, 0, 0]",
        "publish_tf:=false",
    ]
    with (
        graph.run(["-c", RUN, str(REPLAY), *arguments]),
        graph.listen(Image, "/depth/image_rect") as depth,
        graph.listen(PointCloud2, "/depth/points") as clouds,
        graph.listen(Odometry, "/odom") as odometry,
    ):
        graph.until(lambda: len(depth) > 20 and len(clouds) > 10 and len(odometry) > 20, "results of the replay")
    assert clouds[-1].header.frame_id == depth[-1].header.frame_id
