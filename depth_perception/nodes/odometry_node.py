"""odometry_node: a camera topic in, where the vehicle went out."""

from __future__ import annotations

import pathlib
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped, Twist, Vector3, Vector3Stamped
from nav_msgs.msg import Odometry, Path
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from depth_perception.errors import DepthPerceptionError
from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.scale import UNKNOWN_SCALE, ScaleEstimate, known_scale
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.estimators.view import EstimatorError
from depth_perception.files import OutputError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import Array
from depth_perception.message_fields import vector_fields
from depth_perception.node_status import NodeStatus
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_input import PARAMETERS as CAMERA_PARAMETERS
from depth_perception.nodes.camera_input import AnyImage, CameraListener
from depth_perception.nodes.depth_input import (
    ODOMETRY_SCALE,
    Decode,
    DepthFeed,
    DepthTopics,
    resolved_topics,
    scale_from_message,
    scale_message,
)
from depth_perception.nodes.main import run
from depth_perception.nodes.models import model_parameters, open_model, with_engine, with_scale
from depth_perception.nodes.motion_watch import MotionWatch
from depth_perception.nodes.parameters import NodeError
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.pipeline import Frame, Input, Pipeline, nanoseconds
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.speed_input import SpeedInput
from depth_perception.nodes.subscription import FollowingSubscription, Source
from depth_perception.resources import POSE_MODEL
from depth_perception.settings import Setting
from depth_perception.trajectory_file import TrajectoryFile

NAME = "odometry_node"

DEPTHS_WAITING = 8
"""Depth images that wait for the next image; the oldest gives way."""
PATH_PERIOD = 500_000_000
"""Nanoseconds between two paths: a long one is costly to send."""

PARAMETERS = (
    *model_parameters(POSE_MODEL),
    *CAMERA_PARAMETERS,
    *transforms.PARAMETERS,
    Setting("odom_frame", "odom", "Frame the odometry is given in: base_frame's place at the first image"),
    Setting("publish_tf", False, "Publish the transform odom_frame -> base_frame; leave it to whoever fuses odometry"),
    *OdometrySettings.table(),
    Setting(
        "trajectory_file",
        "",
        "File that the poses are appended to as they come, in TUM's form, or KITTI's if its name ends with .kitti; a"
        " drive that begins anew gets a number of its own (drive-2.tum), and so does one whose file is there already;"
        " empty: none",
    ),
    Setting("path_length", 1000, "Latest poses in the topic path", minimum=1, maximum=100_000),
)


class OdometryPipeline(Pipeline[AnyImage]):
    """Images to where the vehicle went, as messages."""

    def __init__(self, node: OdometryNode) -> None:
        self._node = node
        self._camera_pose = transforms.CameraPose(node)
        self._engine = node.own_engine(open_model(node.value, "pose"))
        self._scale = self._motion_scale = known_scale(node.settings, self._engine.model)
        self._transform_output = _transform_output(node)
        self._odom_output = node.output(Odometry, "odom")
        self._path_output = node.output(Path, "path")
        self._scale_output = node.output(Vector3Stamped, ODOMETRY_SCALE) if node.settings.may_measure else None
        self._depth_scale: ScaleEstimate | None = None
        self._trajectory = Trajectory()
        self._path: deque[PoseStamped] = deque(maxlen=node.value("path_length"))
        self._path_sent: int | None = None
        self._file = _trajectory_file(node)
        self._mount: Array = np.eye(4)
        self._placed: tuple[Array, Array] | None = None
        self._odometry = lru_cache(maxsize=1)(self._make_odometry)
        self._sources: Counter[str] = Counter()
        self._depths: deque[Decode] = deque(maxlen=DEPTHS_WAITING)
        self._watch = MotionWatch(node.log, node.settings.maximum_gap)
        self._speed = SpeedInput(node) if "speed" in node.settings.measures else None
        self._listener = CameraListener(node, node.shared, lambda message: node.take(message, message.header.stamp))
        self._others: list[Input] = []
        if node.settings.motion == "refined":
            self._others.append(self._listen_to_depth())
        if node.settings.scale_source == "depth":
            source = Source(node.resolve_topic_name("depth/scale"), Vector3Stamped)
            reliability = node.value("input_reliability")
            self._others.append(FollowingSubscription(node, (source,), self._on_scale, reliability))
        if self._speed is not None:
            self._others.append(self._speed)
        if not self._scale.known and node.settings.scale_source in ("auto", "model"):
            node.get_logger().warning(
                f"{self._engine.model.name} does not know metres: until depth in metres comes, the covariance of"
                " positions says so; set scale_source for metres"
            )

    @property
    def inputs(self) -> Sequence[Input]:
        return (self._listener, *self._others)

    def begin(self) -> None:
        self._node.ask_for_restart()

    def process(self, frame: Frame[AnyImage]) -> bool:
        header, image = frame.content.header, self._listener.camera.pixels(frame.content)
        height, width = image.shape[:2]
        camera, stamp = self._listener.camera.camera(header, width, height), nanoseconds(frame.stamp)
        odometry = self._odometry(camera, header.frame_id)
        odometry.scale = self._scale
        self._add_depths(odometry)
        if self._speed is not None:
            self._speed.hand_over(odometry, stamp)
        repeats = odometry.repeats
        motion = odometry.update(image, stamp)
        if self._node.is_outdated(frame):
            return False
        if self._placed is not None:
            self._trajectory.set(*self._placed)
            self._placed = None
        if odometry.mismatch is not None:
            self._node.log.warning("height", odometry.mismatch.advice(self._node.value("base_frame")))
        self._watch.told(motion, stamp, camera, repeats=odometry.repeats > repeats)
        if motion is not None:
            self._motion_scale = motion.scale
            self._sources[odometry.source] += 1
            start = self._trajectory.pose
            self._trajectory.add(motion)
            self._write(motion, start)
            self._publish(motion, Header(stamp=frame.stamp, frame_id=self._node.value("odom_frame")))
            self._publish_scale(odometry.depth_scale, header)
        return True

    def restart(self) -> None:
        self._odometry.cache_clear()
        self._depth_scale = None
        self._camera_pose.forget()
        self._depths.clear()
        self._watch.restart()
        if self._speed is not None:
            self._speed.restart()
        self._sources.clear()
        self._trajectory.reset()
        if self._file is not None:
            self._file.restart()
        self._path.clear()
        self._path_sent = None

    def described(self, status: NodeStatus) -> NodeStatus:
        status = replace(status, path_length=self._trajectory.length, motions_from=dict(sorted(self._sources.items())))
        return with_scale(with_engine(status, self._engine), self._motion_scale)

    def place(self, message: PoseWithCovarianceStamped) -> None:
        """The body is where the message says, from the next image on.

        Raises: `NodeError` for a pose that cannot be, or is in another frame.
        """
        self._placed = transforms.pose_with_covariance(message, self._node.value("odom_frame"))

    def unplace(self) -> None:
        """What was said of the body's place holds no more."""
        self._placed = None

    def _make_odometry(self, camera: Camera, camera_frame: str) -> CameraOdometry:
        self._mount = pose = self._camera_pose.of(camera_frame)
        return CameraOdometry(self._engine, camera, pose, self._node.settings, made=self._node.shared.made)

    def _listen_to_depth(self) -> Input:
        def keep(depth: Decode, stamp: Stamp) -> None:
            self._depths.append(depth)

        if resolved_topics(self._node) in self._node.shared.depth:
            return DepthFeed(self._node, self._node.shared, keep)
        return DepthTopics(self._node, keep, with_scale=True)

    def _add_depths(self, odometry: CameraOdometry) -> None:
        """What has come since the last image, in this thread."""
        while self._depths:
            try:
                images = self._depths.popleft()()
                scale = images.scale or UNKNOWN_SCALE
                if scale.known and scale.source != "odometry":
                    scale = replace(scale, source="depth")
                odometry.add_depth(nanoseconds(images.header.stamp), images.depth, images.camera, scale)
            except DepthPerceptionError as error:  # the image that waits for it is none the worse
                self._node.log.exception(error, "depth is left out: ")

    def _write(self, motion: Motion, start: Array) -> None:
        if self._file is None:
            return
        try:
            if not self._file.is_begun:
                self._file.add(motion.start, start, self._mount)
            self._file.add(motion.stamp, self._trajectory.pose, self._mount)
        except OutputError as error:  # the robot drives on without it
            self._node.log.exception(error, "trajectory_file: ")

    def _publish(self, motion: Motion, header: Header) -> None:
        pose, base_frame = self._trajectory.pose, self._node.value("base_frame")
        message = Odometry(header=header, child_frame_id=base_frame)
        message.pose.pose = transforms.pose_message(pose)
        message.pose.covariance = self._trajectory.covariance.reshape(-1)
        message.twist.twist = Twist(linear=_vector(motion.linear_velocity), angular=_vector(motion.angular_velocity))
        message.twist.covariance = motion.velocity_covariance.reshape(-1)
        if self._transform_output is not None:  # first: whoever gets the odometry may look its frame up at once
            self._transform_output.publish(pose, header, base_frame)
        self._odom_output.publish(message)
        self._path.append(PoseStamped(header=header, pose=message.pose.pose))
        due = self._path_sent is None or motion.stamp - self._path_sent >= PATH_PERIOD
        if due and self._path_output.get_subscription_count() > 0:
            self._path_output.publish(Path(header=header, poses=list(self._path)))
            self._path_sent = motion.stamp

    def _publish_scale(self, scale: ScaleEstimate | None, header: Header) -> None:
        """None, where there was one, takes it back."""
        if self._scale_output is not None and (scale is not None or self._depth_scale is not None):
            self._scale_output.publish(scale_message(scale or UNKNOWN_SCALE, header))
        self._depth_scale = scale

    def _on_scale(self, message: Vector3Stamped) -> None:
        try:
            self._scale = scale_from_message(message)
        except EstimatorError as error:
            self._node.log.exception(error, "depth/scale: ")


class OdometryNode(PerceptionNode[AnyImage, OdometrySettings]):
    """Subscribes to ``image``, ``camera_info`` and, if motion is refined, the topics of depth_node with ``depth/scale``
    (where it is in the same process, it needs no topics); with scale_source speed or fused, ``speed`` (the twist of a
    nav_msgs/Odometry or a geometry_msgs/TwistStamped).

    Publishes ``odom`` (nav_msgs/Odometry of base_frame in odom_frame, from the second image on), ``path``, TF if asked
    for, and ``odom/scale`` (as ``depth/scale``) if its scale_source measures what a unit of depth is. The service
    ``~/reset`` starts anew at the origin; so does time that goes back. The topic ``~/set_pose``
    (geometry_msgs/PoseWithCovarianceStamped in odom_frame) says where the body is, as robot_localization's does.
    """

    def __init__(self, shared: Shared | None = None, namespace: str | None = None) -> None:
        super().__init__(NAME, PARAMETERS, OdometrySettings, shared, namespace)
        self.create_service(Trigger, "~/reset", self._on_reset)
        self.create_subscription(PoseWithCovarianceStamped, "~/set_pose", self._on_set_pose, 10)
        self._odometry: OdometryPipeline | None = None

    def configure(self) -> OdometryPipeline:
        self._odometry = OdometryPipeline(self)
        self.opened.callback(setattr, self, "_odometry", None)
        return self._odometry

    def _on_set_pose(self, message: PoseWithCovarianceStamped) -> None:
        try:
            if self._odometry is None:
                raise NodeError("the node is not configured, it has no pose yet")
            self._odometry.place(message)
        except NodeError as error:
            self.log.exception(error, "set_pose: ")

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.ask_for_restart()
        if self._odometry is not None:
            self._odometry.unplace()
        response.success = True
        response.message = "odometry starts anew at the origin with the next image"
        return response


def _trajectory_file(node: OdometryNode) -> TrajectoryFile | None:
    """Raises: `OutputError` if it cannot be written."""
    if not (path := node.value("trajectory_file")):
        return None
    file = TrajectoryFile(pathlib.Path(path).expanduser().absolute())
    node.opened.callback(file.close)
    return file


def _transform_output(node: OdometryNode) -> transforms.TransformOutput | None:
    """None if it is not asked for, or there is nothing to publish with, which is said."""
    if not node.value("publish_tf"):
        return None
    try:
        return transforms.TransformOutput(node)
    except NodeError as error:
        node.get_logger().error(str(error))
        return None


def _vector(values: Array) -> Vector3:
    return Vector3(**vector_fields(values))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run({NAME: OdometryNode}, arguments)


if __name__ == "__main__":
    sys.exit(main())
