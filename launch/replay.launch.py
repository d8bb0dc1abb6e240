"""Plays a recording into depth, odometry and point cloud.

    ros2 launch depth_perception replay.launch.py bag:=PATH rviz:=true

The camera of the recording is found by itself if it has one; raw or compressed images both do. /depth/image_rect,
/depth/camera_info, /depth/points and /odom come out. Only the camera, the static transforms and the ground truth are
played: what the recording holds of other nodes' results stays out of the way.
"""

from __future__ import annotations

import runpy
from typing import NamedTuple

from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from depth_perception.recordings.bag import Bag
from depth_perception.recordings.topics import Topics, choose_topics
from depth_perception.resources import share_path
from launch import LaunchContext, LaunchDescription  # type: ignore[attr-defined]  # mypy takes this folder for it

ARGUMENTS = (
    ("bag", None, "Folder of a rosbag2 recording, or its .mcap or .db3 file"),
    ("image", "", "Topic of the images in the recording, if it has several cameras"),
    ("camera_info", "", "Topic of the calibration in the recording, if it has several"),
    ("speed", "", "Topic of a measured speed in the recording, where odometry's scale_source needs one"),
    ("rate", "1.0", "How many times as fast as recorded"),
    ("loop", "false", "Begin again at the end"),
    ("delay", "3.0", "Seconds until the player starts: the nodes load their models"),
    (
        "camera_pose",
        "",
        "Pose of the camera's body in base_frame, [x, y, z, roll, pitch, yaw]; empty: as the recording's /tf_static"
        " says, or level and 1.5 m above the ground if it says nothing",
    ),
    ("publish_tf", "true", "Publish odom -> base_link: in a replay nobody else does"),
    ("rviz", "false", "Start rviz2"),
)
"""Beside those of perception.launch.py that are passed on to it."""
LEVEL = "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]"
PASSED_ON = (
    "namespace",
    "params",
    "depth_model",
    "pose_model",
    "backend",
    "base_frame",
    "odom_frame",
    "trajectory_file",
    "use_composition",
    "foxglove",
    "scan",
)


def generate_launch_description() -> LaunchDescription:
    """What ros2 launch reads."""
    return LaunchDescription(
        [
            *(DeclareLaunchArgument(name, default_value=text, description=what) for name, text, what in ARGUMENTS),
            *(DeclareLaunchArgument(name, default_value=text, description=what) for name, text, what in _passed_on()),
            OpaqueFunction(function=_replay),
        ]
    )


def _passed_on() -> list[tuple[str, str, str]]:
    """Arguments of perception.launch.py, as it declares them."""
    of_perception = runpy.run_path(str(share_path("launch/perception.launch.py")))["ARGUMENTS"]
    return [argument for argument in of_perception if argument[0] in PASSED_ON]


class RecordedCamera(NamedTuple):
    """What a recording says about its camera."""

    topics: Topics
    frame: str
    has_transforms: bool


def _camera(given: dict[str, str]) -> RecordedCamera:
    with Bag(given["bag"]) as bag:
        topics = choose_topics(
            bag.topics,
            image=given["image"] or None,
            camera_info=given["camera_info"] or None,
            speed=given["speed"] or None,
            frame_of=bag.frame_of,
            option=lambda topic: f"{topic}:=",
        )
        has_transforms = any(topic.name == "/tf_static" for topic in bag.topics)
        return RecordedCamera(topics, bag.frame_of(topics.image), has_transforms)


def _replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    camera = _camera(given)
    camera_pose, said = given["camera_pose"], []
    if not (camera_pose or camera.has_transforms):
        camera_pose = LEVEL
        said.append(
            LogInfo(msg=f"The recording does not say where the camera is: taken to be at {LEVEL}; give camera_pose:=")
        )
    topics = camera.topics
    played = [topics.image, topics.camera_info, topics.depth, topics.odometry, topics.speed]
    if not camera_pose:
        played.append("/tf_static")
    elif camera.has_transforms:  # of both the camera would have two parents, or two places
        said.append(LogInfo(msg="camera_pose is given: the recording's /tf_static is not played"))
    loop = ["--loop"] if given["loop"].lower() == "true" else []
    command = ["ros2", "bag", "play", given["bag"], "--clock", "100", "--rate", given["rate"], *loop]
    command += ["--qos-profile-overrides-path", str(share_path("config/replay_qos.yaml"))]
    command += ["--delay", given["delay"], "--topics", *(topic for topic in played if topic)]
    arguments = {name: text for name, text in context.launch_configurations.items() if name in PASSED_ON}
    arguments |= {
        "image": topics.image,
        "camera_info": topics.camera_info,
        "speed": topics.speed or "speed",
        "camera_pose": camera_pose,
        "camera_frame": camera.frame,
        "publish_tf": given["publish_tf"],
        "rviz": given["rviz"],
        "use_sim_time": "true",
    }
    ending = [] if given["rviz"].lower() == "true" else [Shutdown(reason="the recording has ended")]
    return [
        *said,
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(share_path("launch/perception.launch.py"))),
            launch_arguments=arguments.items(),
        ),
        ExecuteProcess(cmd=command, name="player", output="screen", on_exit=ending),
    ]
