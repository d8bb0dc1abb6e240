"""Depth, odometry and point cloud of one camera.

    ros2 launch depth_perception perception.launch.py image:=/camera/image_raw rviz:=true

Every argument: add --show-args. What the arguments leave empty, config/perception.yaml says.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from depth_perception.geometry.pose import camera_mount, quaternion_from_rotation
from depth_perception.resources import DEPTH_MODEL, FAST_DDS_PROFILE, POSE_MODEL, ResourceError, model_path, share_path
from launch import LaunchContext, LaunchDescription  # type: ignore[attr-defined]  # mypy takes this folder for it

PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Of Fast DDS 2 (up to Jazzy) and 3. Who has set one has a profile of his own."""

BESIDE = {
    "rviz": "rviz2",
    "foxglove": "foxglove_bridge",
    "scan": "pointcloud_to_laserscan",
    "ekf": "robot_localization",
}
"""Arguments that start something of another package, and which."""

ARGUMENTS = (
    ("image", "/camera/image_raw", "Topic of the images; compressed ones are found at <image>/compressed"),
    ("camera_info", "", "Topic of the calibration; empty: camera_info beside the images"),
    ("speed", "speed", "Topic of a measured speed (Odometry, TwistStamped), where odometry's scale_source needs one"),
    ("namespace", "", "Namespace of the nodes and of the topics they publish"),
    (
        "cameras",
        "",
        "Of several cameras their namespaces, such as 'front rear': nodes for each, all in one process; image and"
        " camera_info are then relative to them, such as image_raw",
    ),
    ("params", str(share_path("config/perception.yaml")), "Parameter file of the nodes"),
    ("depth_model", "", f"Model file of depth_node; empty: as in the parameter file ({DEPTH_MODEL})"),
    ("pose_model", "", f"Model file of odometry_node; empty: as in the parameter file ({POSE_MODEL})"),
    ("backend", "", "What runs the model: auto, or the name of one; empty: as in the parameter file (auto)"),
    ("base_frame", "", "Frame of the vehicle, on the ground; empty: as in the parameter file (base_link)"),
    ("odom_frame", "", "Frame of the odometry; empty: as in the parameter file (odom)"),
    (
        "camera_pose",
        "",
        "Pose of the camera's body in base_frame, [x, y, z, roll, pitch, yaw]; published as a static transform as well."
        " Empty: TF knows it",
    ),
    ("camera_frame", "camera_optical_frame", "frame_id of the images, for the static transform of camera_pose"),
    (
        "publish_tf",
        "",
        "Publish odom_frame -> base_frame; leave it to robot_localization if that runs."
        " Empty: as in the parameter file (false)",
    ),
    ("trajectory_file", "", "File that odometry's poses are appended to: TUM's form, KITTI's if it ends with .kitti"),
    (
        "use_composition",
        "true",
        "The three nodes share a process, which decodes and rectifies each image once; false: each has its own",
    ),
    ("use_sim_time", "false", "Take the time from /clock (a replay, a simulator)"),
    ("rviz", "false", "Start rviz2; its fixed frame is odom, so somebody must publish odom -> base_link"),
    ("foxglove", "false", "Start foxglove_bridge, on port 8765; config/foxglove.json is a layout for it"),
    ("scan", "false", "Start pointcloud_to_laserscan: what stands in the cloud as a LaserScan, on scan"),
    ("ekf", "false", "Start robot_localization, with config/robot_localization.yaml: odom_frame -> base_frame is its"),
)
SHOWN = ("depth/points", "odom", "path", "image_rect", "depth/color", "semantics/color", "depth/confidence")
"""Topics in config/perception.rviz."""


def generate_launch_description() -> LaunchDescription:
    """What ros2 launch reads."""
    profile = str(share_path(FAST_DDS_PROFILE))
    environment = []
    if not any(name in os.environ for name in PROFILE_VARIABLES):
        environment = [SetEnvironmentVariable(name, profile) for name in PROFILE_VARIABLES]
    return LaunchDescription(
        [
            *(DeclareLaunchArgument(name, default_value=text, description=what) for name, text, what in ARGUMENTS),
            *environment,
            OpaqueFunction(function=_nodes),
        ]
    )


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    _require(given)
    cameras = given["cameras"].split()

    def chosen(**arguments: str) -> dict[str, Any]:
        """Parameters that were given a value; the others are as the parameter file says."""
        return {name: yaml.safe_load(given[argument]) for name, argument in arguments.items() if given[argument]}

    camera_pose = numbers(given["camera_pose"])
    vehicle = chosen(base_frame="base_frame") | ({"camera_pose": camera_pose} if camera_pose else {})
    backend = chosen(backend="backend")
    sim_time = chosen(use_sim_time="use_sim_time")
    camera = [("image", given["image"]), ("camera_info", given["camera_info"] or beside(given["image"]))]
    inputs = [*camera, ("speed", given["speed"])]

    odometry = chosen(
        model="pose_model", odom_frame="odom_frame", publish_tf="publish_tf", trajectory_file="trajectory_file"
    )
    parameters = {
        "depth_node": chosen(model="depth_model") | backend | vehicle,
        "odometry_node": odometry | backend | vehicle,
        "point_cloud_node": vehicle,
    }
    together = _is_true(given, "use_composition")
    nodes: list[LaunchDescriptionEntity] = [
        Node(
            package="depth_perception",
            executable=executable,
            namespace=None if cameras else given["namespace"],
            arguments=["--cameras", *namespaces(given)] if cameras else [],
            parameters=[given["params"], *parameter_files(parameters), sim_time],
            remappings=inputs,
            output="screen",
        )
        for executable in (["perception"] if together else parameters)
    ]
    if camera_pose:
        nodes.append(
            _static_transform(camera_pose, given["base_frame"] or "base_link", given["camera_frame"], sim_time)
        )
    return [*nodes, *_beside(given, sim_time)]


def _beside(given: dict[str, str], sim_time: dict[str, Any]) -> list[LaunchDescriptionEntity]:
    """What other packages have to start; a section of theirs in the parameter file counts."""
    base_frame, odom_frame = given["base_frame"] or "base_link", given["odom_frame"] or "odom"
    nodes: list[LaunchDescriptionEntity] = []
    if _is_true(given, "scan"):
        nodes += [
            Node(
                package="pointcloud_to_laserscan",
                executable="pointcloud_to_laserscan_node",
                name="pointcloud_to_laserscan",
                namespace=namespace,
                parameters=[
                    str(share_path("config/nav2.yaml")),
                    {"target_frame": base_frame},
                    given["params"],
                    sim_time,
                ],
                remappings=[("cloud_in", "depth/points")],
                output="screen",
            )
            for namespace in namespaces(given)
        ]
    if _is_true(given, "ekf"):
        frames = {"odom_frame": odom_frame, "world_frame": odom_frame, "base_link_frame": base_frame}
        nodes.append(
            Node(
                package="robot_localization",
                executable="ekf_node",
                name="ekf_filter_node",
                namespace=given["namespace"],
                parameters=[str(share_path("config/robot_localization.yaml")), frames, given["params"], sim_time],
                output="screen",
            )
        )
    if _is_true(given, "foxglove"):
        bridge = {"package": "foxglove_bridge", "executable": "foxglove_bridge"}
        nodes.append(Node(**bridge, name="foxglove_bridge", parameters=[{"port": 8765}, sim_time], output="log"))
    if _is_true(given, "rviz"):
        namespace = "/" + given["namespace"].strip("/") if given["namespace"] else ""
        nodes.append(
            Node(
                package="rviz2",
                executable="rviz2",
                name="rviz2",
                arguments=["-d", str(share_path("config/perception.rviz"))],
                remappings=[(f"/{topic}", f"{namespace}/{topic}") for topic in SHOWN] if namespace else [],
                parameters=[sim_time],
                output="log",
            )
        )
    return nodes


def _require(given: dict[str, str]) -> None:
    """Looks for all that is asked for before anything starts: what has started goes on when a launch file fails.

    Raises: `RuntimeError` for a file or package that is not there.
    """
    if not os.path.isfile(given["params"]):
        raise RuntimeError(f"params: there is no file {given['params']}")
    for argument, task in (("depth_model", "depth_node"), ("pose_model", "odometry_node")):
        if given[argument]:
            try:
                model_path(given[argument])
            except ResourceError as error:
                raise RuntimeError(f"{argument} (of {task}): {error}") from None
    for argument, package in BESIDE.items():
        if _is_true(given, argument):
            try:
                get_package_prefix(package)
            except PackageNotFoundError:
                debian = f"ros-$ROS_DISTRO-{package.replace('_', '-')}"
                raise RuntimeError(f"{argument}:=true, but {package} is not installed: apt install {debian}") from None
    if _is_true(given, "ekf") and _is_true(given, "publish_tf"):
        raise RuntimeError("ekf:=true and publish_tf:=true would both publish odom_frame -> base_frame: choose one")
    if given["cameras"]:
        _require_what_cameras_share(given)


def _require_what_cameras_share(given: dict[str, str]) -> None:
    """Raises: `RuntimeError` for an argument that can be of one camera alone."""
    for argument in ("image", "camera_info"):
        if given[argument].startswith("/"):
            raise RuntimeError(
                f"{argument} is {given[argument]}, one topic for all of the cameras ({given['cameras']}): expected it"
                " relative to their namespaces, such as image_raw for /front/image_raw"
            )
    for argument in ("camera_pose", "ekf", "rviz", "publish_tf", "trajectory_file"):
        if given[argument].lower() not in ("", "false"):
            raise RuntimeError(
                f"{argument}:={given[argument]} is of one camera, and there are several ({given['cameras']}): leave it"
                " out; TF, or a parameter file with sections such as /front/depth_node, says what each needs"
            )
    if not _is_true(given, "use_composition"):
        raise RuntimeError("use_composition:=false, but several cameras share one process: launch each by itself")


def _is_true(given: dict[str, str], argument: str) -> bool:
    return given[argument].lower() == "true"


def namespaces(given: dict[str, str]) -> list[str]:
    """Of the nodes: the namespace, or each camera's below it."""
    return ["/".join(filter(None, (given["namespace"], camera))) for camera in given["cameras"].split() or [""]]


def _static_transform(camera_pose: list[float], base_frame: str, camera_frame: str, sim_time: dict[str, Any]) -> Node:
    optical = camera_mount(camera_pose)
    names = ("--x", "--y", "--z", "--qx", "--qy", "--qz", "--qw")
    values = [*optical[:3, 3].tolist(), *quaternion_from_rotation(optical[:3, :3]).tolist()]
    arguments = [text for name, value in zip(names, values, strict=True) for text in (name, str(value))]
    return Node(
        package="tf2_ros",
        executable="static_transform_publisher",
        name="camera_pose_publisher",
        arguments=[*arguments, "--frame-id", base_frame, "--child-frame-id", camera_frame],
        parameters=[sim_time],
        output="log",
    )


def parameter_files(parameters: dict[str, dict[str, Any]]) -> list[str]:
    """A file with the parameters of nodes by their names, whatever their namespace is; none if there are none."""
    values = {f"/**/{name}": {"ros__parameters": own} for name, own in parameters.items() if own}
    if not values:
        return []
    with tempfile.NamedTemporaryFile("w", prefix="perception_", suffix=".yaml", delete=False) as file:
        yaml.safe_dump(values, file)
    return [file.name]


def beside(image: str) -> str:
    """The camera_info topic that goes with an image topic: its sibling, as image_transport has it."""
    folder, slash, _ = image.removesuffix("/compressed").rpartition("/")
    return f"{folder}{slash}camera_info"


def numbers(text: str) -> list[float]:
    """The six numbers of an argument such as ``[0, 0, 1.5, 0, 0, 0]``; an empty list if it is empty."""
    values = yaml.safe_load(text) if text else []
    if not isinstance(values, list) or len(values) not in (0, 6):
        raise RuntimeError(f"camera_pose is {text}, expected [x, y, z, roll, pitch, yaw]")
    return [float(value) for value in values]
