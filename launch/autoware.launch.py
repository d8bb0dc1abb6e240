"""Depth of one camera under the names that Autoware has for what it is worth there.

    ros2 launch depth_perception autoware.launch.py camera:=camera0

The camera is Autoware's /sensing/camera/CAMERA; what stands on the ground goes to
/perception/obstacle_segmentation/pointcloud. Where the camera is, TF says (base_link). See docs/robots.md.
"""

from __future__ import annotations

from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import SetRemap

from depth_perception.resources import share_path
from launch import LaunchDescription  # type: ignore[attr-defined]  # mypy takes this folder for it

ARGUMENTS = (
    ("camera", "camera0", "Name of the camera below /sensing/camera; its images are image_raw"),
    ("cloud", "/perception/obstacle_segmentation/pointcloud", "Topic of the cloud without the ground"),
    ("params", str(share_path("config/autoware.yaml")), "Parameter file of the nodes"),
    ("use_sim_time", "false", "Take the time from /clock (a replay, a simulator)"),
)


def generate_launch_description() -> LaunchDescription:
    """What ros2 launch reads."""
    camera = ["/sensing/camera/", LaunchConfiguration("camera")]
    perception = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share_path("launch/perception.launch.py"))),
        launch_arguments={
            "image": [*camera, "/image_raw"],
            "camera_info": [*camera, "/camera_info"],
            "namespace": camera,
            "params": LaunchConfiguration("params"),
            "use_sim_time": LaunchConfiguration("use_sim_time"),
        }.items(),
    )
    return LaunchDescription(
        [
            *(DeclareLaunchArgument(name, default_value=text, description=what) for name, text, what in ARGUMENTS),
            GroupAction([SetRemap("depth/points", LaunchConfiguration("cloud")), perception]),
        ]
    )
