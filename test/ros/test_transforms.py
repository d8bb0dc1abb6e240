"""TF in and out. It needs tf2_ros, which comes with ROS 2 but not with its Python wheels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from helpers.camera import CAMERA, FRAME, TestCamera
from helpers.graph import Graph
from nav_msgs.msg import Odometry
from std_msgs.msg import Header

pytest.importorskip("tf2_ros", reason="tf2_ros is not installed")

LOOKING_AHEAD = Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5)
"""Of an optical frame in a body that looks the same way."""


def mount() -> TransformStamped:
    place = Transform(translation=Vector3(x=1.0, y=0.0, z=1.5), rotation=LOOKING_AHEAD)
    return TransformStamped(header=Header(frame_id="base_link"), child_frame_id=FRAME, transform=place)


def is_straight_ahead(message: Odometry) -> bool:
    """Whether it is some steps of half a metre along x."""
    place = message.pose.pose.position
    steps = round(place.x / 0.5)
    return steps > 0 and np.allclose([place.x, place.y, place.z], [0.5 * steps, 0.0, 0.0], atol=1e-4)


@pytest.fixture
def camera(graph: Graph) -> Iterator[TestCamera]:
    with TestCamera(graph, CAMERA) as camera:
        yield camera


def test_the_camera_is_looked_up_and_the_vehicle_published(graph: Graph, camera: TestCamera, models: Path) -> None:
    from tf2_msgs.msg import TFMessage
    from tf2_ros import StaticTransformBroadcaster

    with (
        graph.node_process("odometry_node", model=models / "pose.onnx", publish_tf=True) as process,
        graph.listen(Odometry, "odom").wait_for_publisher() as odometry,
        graph.listen(TFMessage, "/tf").wait_for_publisher() as transforms,
    ):
        camera.wait_for_listeners()
        camera.send()
        line = process.wait_for_output(f"TF does not say where camera frame '{FRAME}' is in 'base_link'")
        assert "[ERROR]" in line
        broadcaster = StaticTransformBroadcaster(graph.node)
        broadcaster.sendTransform(mount())
        (message,) = camera.send_until_answered(None, odometry)
        assert is_straight_ahead(message)
        graph.until(lambda: any(item.transforms[0].header == message.header for item in transforms), "its transform")
        same = [item for item in transforms if item.transforms[0].header == message.header]
        (transform,) = same[0].transforms
        assert transform.header == message.header
        assert transform.header.frame_id == "odom"
        assert transform.child_frame_id == "base_link"
        np.testing.assert_allclose(transform.transform.translation.x, message.pose.pose.position.x)
        assert transform.transform.rotation == message.pose.pose.orientation
        assert process.alive


def test_a_transform_is_found_that_was_published_before(graph: Graph, camera: TestCamera, models: Path) -> None:
    from tf2_ros import StaticTransformBroadcaster

    broadcaster = StaticTransformBroadcaster(graph.node)
    broadcaster.sendTransform(mount())
    with (
        graph.node_process("odometry_node", name="late", remap={"odom": "late/odom"}, model=models / "pose.onnx"),
        graph.listen(Odometry, "late/odom").wait_for_publisher() as odometry,
    ):
        camera.wait_for_listeners()
        (message,) = camera.send_until_answered(None, odometry)
        assert is_straight_ahead(message)
        camera.now -= 100 * 1_000_000_000  # a loop: the mount is static and stays
        (message,) = camera.send_until_answered(None, odometry)
        assert is_straight_ahead(message)
