"""Records what the nodes publish while a demo plays: counts and times of everything, depth maps on disk."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from depth_perception.node_status import NodeStatus
from depth_perception.recordings.recording import header_stamp

NODES = ("depth_node", "odometry_node", "point_cloud_node")
DEPTH, RELATIVE = "depth/image_rect", "depth/relative"
INFO, CLOUD, ODOMETRY = "depth/camera_info", "depth/points", "odom"
LARGE: dict[str, type] = {DEPTH: Image, RELATIVE: Image, CLOUD: PointCloud2}


class Recorder:
    """Subscribes to the nodes' outputs. Messages that are large stay serialised, so that recording costs little.

    Attributes:
        arrivals: By topic, when each message came: nanoseconds by its stamp, both as they were published.
        poses: Odometry by stamp.
        info: The first camera_info of the depth.
        cloud: The first cloud at or after `cloud_from`.
        status: The latest that each node has said of itself.
    """

    def __init__(self, node: Node, folder: Path, keep_every: int) -> None:
        """
        Args:
            folder: Where depth maps go.
            keep_every: Only every so manieth depth map is kept.
        """
        self.arrivals: dict[str, dict[int, int]] = defaultdict(dict)
        self.poses: dict[int, Odometry] = {}
        self.info: CameraInfo | None = None
        self.cloud: PointCloud2 | None = None
        self.cloud_from = 0
        self.status: dict[str, NodeStatus] = {}
        self.last_arrival = time.monotonic()
        self._folder = folder
        self._keep_every = keep_every
        self._kept: dict[int, tuple[str, Path]] = {}
        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        for topic, message in LARGE.items():
            node.create_subscription(message, topic, partial(self._on_large, topic), qos, raw=True)
        node.create_subscription(CameraInfo, INFO, self._on_info, qos)
        node.create_subscription(Odometry, ODOMETRY, self._on_odometry, qos)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos)

    def depth_maps(self) -> Iterator[tuple[int, str, Image]]:
        """Stamp, topic and message of the depth maps kept, in order of their stamps; one at a time in memory."""
        for stamp, (topic, path) in sorted(self._kept.items()):
            yield stamp, topic, deserialize_message(path.read_bytes(), Image)

    @property
    def kept(self) -> int:
        """How many `depth_maps` there are."""
        return len(self._kept)

    @property
    def depth_topic(self) -> str:
        """Where depth came: metres, or depth of unknown scale."""
        return RELATIVE if self.arrivals[RELATIVE] and not self.arrivals[DEPTH] else DEPTH

    def _arrived(self, topic: str, stamp: int) -> None:
        self.last_arrival = time.monotonic()
        self.arrivals[topic].setdefault(stamp, time.time_ns())

    def _on_large(self, topic: str, data: bytes) -> None:
        stamp = header_stamp(data)
        self._arrived(topic, stamp)
        if topic == CLOUD:
            if self.cloud is None and stamp >= self.cloud_from:
                self.cloud = deserialize_message(data, PointCloud2)
        elif (len(self.arrivals[topic]) - 1) % self._keep_every == 0:
            path = self._folder / f"{stamp}.cdr"
            path.write_bytes(data)
            self._kept[stamp] = (topic, path)

    def _on_info(self, message: CameraInfo) -> None:
        self._arrived(INFO, nanoseconds(message.header.stamp))
        self.info = self.info or message

    def _on_odometry(self, message: Odometry) -> None:
        stamp = nanoseconds(message.header.stamp)
        self._arrived(ODOMETRY, stamp)
        self.poses[stamp] = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name in NODES:
                self.status[status.name] = NodeStatus.of(status.values)


def nanoseconds(stamp: Any) -> int:
    """A builtin_interfaces/Time."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
