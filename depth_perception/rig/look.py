"""Looks at a running system for some seconds: the camera, who is at the ends of its topics, what our nodes answer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.time import Time
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from depth_perception.doctor.footage import Footage
from depth_perception.doctor.recording import decoded
from depth_perception.doctor.system import Endpoint, Link, System
from depth_perception.errors import DepthPerceptionError
from depth_perception.geometry.pose import Array, camera_mount, pose_from, rotation_from_quaternion
from depth_perception.node_status import NodeStatus
from depth_perception.pixel_formats import Rgb, SampleRange, decode_depth
from depth_perception.recordings.recording import header_stamp
from depth_perception.recordings.topics import camera_info_beside
from depth_perception.rig.recorder import DEPTH, INFO, NODES, RELATIVE
from depth_perception.rig.ros_node import ros_node

_RUNS, _EACH = 8, 3
"""Successive images that are kept, and of how many places."""
_DISCOVERY = 2.0
"""Seconds for those who talk to each other to be found."""
_TYPES: dict[str, type] = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}


def look(
    image_topic: str, seconds: float, rectified_input: str = "auto", camera_pose: Sequence[float] | None = None
) -> System:
    """What runs on this machine's domain.

    Args:
        image_topic: Of the camera; where nobody publishes it, ``compressed`` below it.
        seconds: How long to look.
        rectified_input, camera_pose: As `depth_perception.estimators.settings` says.
    """
    with ros_node("doctor") as node:
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            watch = _Watch(node)
            _spin(executor, _DISCOVERY)
            topic = watch.follow(image_topic)
            _spin(executor, seconds)
            return watch.system(topic, seconds, rectified_input, camera_pose)
        finally:
            executor.shutdown()


class _Watch:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._images: list[tuple[int, int, bytes]] = []
        self._type = ""
        self._infos: dict[bytes, Any] = {}
        self._depth: list[Any] = []
        self._relative = 0
        self._largest: dict[str, int] = defaultdict(int)
        self._statuses: dict[str, NodeStatus] = {}
        self._transforms = _transforms(node)

    def follow(self, image_topic: str) -> str:
        """Subscribes, as reliably as each topic is published; returns the topic of the images."""
        node, resolved = self._node, self._node.resolve_topic_name
        topic = resolved(image_topic)
        if not node.get_publishers_info_by_topic(topic) and node.get_publishers_info_by_topic(f"{topic}/compressed"):
            topic = f"{topic}/compressed"
        infos = node.get_publishers_info_by_topic(topic)
        self._type = next((info.topic_type for info in infos if info.topic_type in _TYPES), "sensor_msgs/msg/Image")
        self._info_topic = camera_info_beside(topic)
        self._listen(_TYPES[self._type], topic, partial(self._on_image, topic), raw=True)
        self._listen(CameraInfo, self._info_topic, self._on_info, raw=True)
        self._listen(Image, resolved(DEPTH), partial(self._on_depth, resolved(DEPTH)), raw=True)
        self._listen(Image, resolved(RELATIVE), self._on_relative, raw=True)
        self._listen(DiagnosticArray, "/diagnostics", self._on_diagnostics)
        return topic

    def system(self, topic: str, seconds: float, rectified_input: str, camera_pose: Sequence[float] | None) -> System:
        """What was seen."""
        names = (topic, self._info_topic, *map(self._node.resolve_topic_name, (DEPTH, INFO, "image_rect")))
        return System(
            seconds,
            topic,
            self._footage(topic, rectified_input, camera_pose) if self._images else None,
            [self._link(name) for name in names],
            self._statuses,
            self._depth,
            self._relative,
            self._transforms is not None,
        )

    def _listen(self, message: type, topic: str, callback: Any, raw: bool = False) -> None:
        infos = self._node.get_publishers_info_by_topic(topic)
        reliable = bool(infos) and all(info.qos_profile.reliability == ReliabilityPolicy.RELIABLE for info in infos)
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        self._node.create_subscription(message, topic, callback, QoSProfile(depth=10, reliability=policy), raw=raw)

    def _on_image(self, topic: str, data: bytes) -> None:
        self._largest[topic] = max(self._largest[topic], len(data))
        self._images.append((header_stamp(data), time.time_ns(), data if self._is_kept(len(self._images)) else b""))

    def _is_kept(self, number: int) -> bool:
        """Few of many: the longer it takes, the rarer."""
        return number < _RUNS * _EACH or number % 30 < _EACH

    def _on_info(self, data: bytes) -> None:
        self._infos.setdefault(data[12:], deserialize_message(data, CameraInfo))

    def _on_depth(self, topic: str, data: bytes) -> None:
        self._largest[topic] = max(self._largest[topic], len(data))
        image = deserialize_message(data, Image)
        fields = ("encoding", "width", "height", "step", "data", "is_bigendian")
        self._depth[:] = [decode_depth(**{name: getattr(image, name) for name in fields})]

    def _on_relative(self, data: bytes) -> None:
        self._relative += 1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name in NODES:
                self._statuses[status.name] = NodeStatus.of(status.values)

    def _link(self, topic: str) -> Link:
        own = self._node.get_name()
        publishers = [_endpoint(info) for info in self._node.get_publishers_info_by_topic(topic)]
        listeners = self._node.get_subscriptions_info_by_topic(topic)
        subscribers = [_endpoint(info) for info in listeners if info.node_name != own]
        return Link(topic, publishers, subscribers, self._largest[topic])

    def _mount(self, frame: str) -> Array | None:
        """`T_base_link_camera`, by TF; None if it does not say."""
        if self._transforms is None:
            return None
        import tf2_ros

        try:
            found = self._transforms.lookup_transform("base_link", frame, Time()).transform
        except tf2_ros.TransformException:
            return None
        q, t = found.rotation, found.translation
        return pose_from(rotation_from_quaternion([q.x, q.y, q.z, q.w]), [t.x, t.y, t.z])

    def _footage(self, topic: str, rectified_input: str, camera_pose: Sequence[float] | None) -> Footage:
        samples, undecodable = SampleRange(), dict[str, None]()
        runs: list[list[Rgb]] = []
        kept = [(number, data) for number, (_, _, data) in enumerate(self._images) if data]
        frame = ""
        before = -2
        for number, data in kept[-_RUNS * _EACH :]:
            message = deserialize_message(data, _TYPES[self._type])
            frame = message.header.frame_id
            try:
                image = decoded(message, self._type, samples)
            except DepthPerceptionError as error:
                undecodable[str(error)] = None
                continue
            if number != before + 1 or len(runs[-1]) == _EACH:
                runs.append([])
            runs[-1].append(image)
            before = number
        return Footage(
            image_topic=topic,
            info_topic=self._info_topic,
            frame=frame,
            stamps=[stamp for stamp, _, _ in self._images],
            arrivals=[arrival for _, arrival, _ in self._images],
            infos=list(self._infos.values()),
            runs=runs,
            undecodable=list(undecodable),
            mount=self._mount(frame) if camera_pose is None else camera_mount(camera_pose),
            rectified_input=rectified_input,
            live=True,
        )


def _transforms(node: Node) -> Any:
    """TF's buffer, which fills itself; None where there is no TF."""
    try:
        import tf2_ros
    except ImportError:
        return None
    buffer = tf2_ros.Buffer()
    buffer.listener = tf2_ros.TransformListener(buffer, node)
    return buffer


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    profile = info.qos_profile
    return Endpoint(
        info.node_name,
        profile.reliability == ReliabilityPolicy.RELIABLE,
        profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
    )


def _spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)
