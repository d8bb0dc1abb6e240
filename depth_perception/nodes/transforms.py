"""Where the camera is on the vehicle, and where the vehicle is: TF in and out, or a parameter where there is no TF."""

from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import Point as PointMessage
from geometry_msgs.msg import Pose, PoseWithCovarianceStamped, Quaternion, Transform, TransformStamped, Vector3
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from depth_perception.estimators.settings import BASE_FRAME, CAMERA_POSE
from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.mount import check_mount
from depth_perception.geometry.pose import (
    Array,
    camera_mount,
    pose_from,
    rotation_from_quaternion,
)
from depth_perception.message_fields import quaternion_fields, vector_fields
from depth_perception.nodes.parameters import NodeError
from depth_perception.nodes.perception_node import PerceptionNode

PARAMETERS = (BASE_FRAME, CAMERA_POSE)

_LARGEST = 1e12
"""Metres, or square metres."""


class CameraPose:
    """The pose of the camera in the base frame, from the parameter ``camera_pose`` if it is set, else from TF."""

    def __init__(self, node: PerceptionNode) -> None:
        """
        Raises: `NodeError` if the parameter is not set and there is no tf2_ros to look it up with.
        """
        camera_pose = node.value("camera_pose")
        self._node = node
        self._base_frame = node.value("base_frame")
        self._fixed = (
            None if camera_pose is None else self._checked(camera_mount(camera_pose), "camera_pose", stated=True)
        )
        self._buffer: Any = None
        self._listener: Any = None
        if self._fixed is not None:
            return
        try:
            import tf2_ros
        except ImportError:
            raise NodeError(
                "tf2_ros is not installed, so TF cannot say where the camera is:"
                " set camera_pose to [x, y, z, roll, pitch, yaw]"
            ) from None
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)
        node.opened.callback(self._listener.unregister)

    def of(self, camera_frame: str) -> Array:
        """`T_base_camera`, ``[4, 4]``: takes points of the optical frame `camera_frame` into the base frame.

        Raises: `NodeError` if TF does not know it (yet), or it is no optical frame.
        """
        if self._fixed is not None:
            return self._fixed
        import tf2_ros

        try:
            transform = self._buffer.lookup_transform(self._base_frame, camera_frame, Time()).transform
        except tf2_ros.TransformException as error:
            raise NodeError(
                f"TF does not say where camera frame '{camera_frame}' is in '{self._base_frame}' ({error}):"
                " publish it (static_transform_publisher) or set camera_pose"
            ) from None
        q, t = transform.rotation, transform.translation
        pose = pose_from(rotation_from_quaternion([q.x, q.y, q.z, q.w]), [t.x, t.y, t.z])
        return self._checked(pose, camera_frame)

    def _checked(self, pose: Array, frame: str, *, stated: bool = False) -> Array:
        try:
            doubts = check_mount(pose, frame, stated=stated)
        except GeometryError as error:
            raise NodeError(str(error) if stated else f"TF: {error}") from None
        for number, doubt in enumerate(doubts):
            self._node.log.warning(("mount", number), doubt)
        return pose

    def forget(self) -> None:
        """Forgets what TF said about moving frames (static ones stay): time went back."""
        if self._buffer is not None:
            self._buffer.clear()


class TransformOutput:
    """Publishes a transform on /tf."""

    def __init__(self, node: Node) -> None:
        """
        Raises: `NodeError` if there is no tf2_ros.
        """
        try:
            import tf2_ros
        except ImportError:
            raise NodeError("tf2_ros is not installed: publish_tf is not available, set it to false") from None
        self._broadcaster = tf2_ros.TransformBroadcaster(node)

    def publish(self, pose: Array, header: Header, child_frame: str) -> None:
        """The `pose` ``[4, 4]`` of the child frame in the header's frame."""
        translation, rotation = Vector3(**vector_fields(pose[:3, 3])), Quaternion(**quaternion_fields(pose))
        transform = Transform(translation=translation, rotation=rotation)
        self._broadcaster.sendTransform(
            TransformStamped(header=header, child_frame_id=child_frame, transform=transform)
        )


def pose_with_covariance(message: PoseWithCovarianceStamped, frame: str) -> tuple[Array, Array]:
    """The pose ``[4, 4]`` and its covariance ``[6, 6]``, that must be in a frame (or in none).

    Raises: `NodeError` if they are in another one, or cannot be.
    """
    p, q = message.pose.pose.position, message.pose.pose.orientation
    place, turn = np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w])
    covariance: Array = np.array(message.pose.covariance, np.float64).reshape(6, 6)
    if message.header.frame_id not in ("", frame):
        raise NodeError(f"the pose is in frame '{message.header.frame_id}', expected '{frame}'")
    possible = all((np.abs(values) < _LARGEST).all() for values in (place, turn, covariance))  # NaN is not
    if not possible or abs(np.linalg.norm(turn) - 1.0) > 0.01:
        raise NodeError("the pose holds NaN or what is too large, or a quaternion of another length than 1")
    covariance = (covariance + covariance.T) / 2
    if np.linalg.eigvalsh(covariance).min() < -1e-9:
        raise NodeError("the covariance of the pose is none: it has negative eigenvalues")
    return pose_from(rotation_from_quaternion(turn), place), covariance


def pose_message(pose: Array) -> Pose:
    """geometry_msgs/Pose of a pose ``[4, 4]``."""
    return Pose(position=PointMessage(**vector_fields(pose[:3, 3])), orientation=Quaternion(**quaternion_fields(pose)))
