"""Depth with its image and camera: from topics, or from a depth_node in the same process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import Vector3, Vector3Stamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.geometry.camera import Camera
from depth_perception.message_fields import vector_fields
from depth_perception.model_outputs import DEPTH
from depth_perception.nodes.images import depth_from_message, image_from_message
from depth_perception.nodes.pairing import Pairing
from depth_perception.nodes.parameters import value
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.subscription import FollowingSubscription, Source

TOPICS = {DEPTH.topic: Image, "depth/camera_info": CameraInfo, "image_rect": Image}
SCALE = {"depth/scale": Vector3Stamped}
ODOMETRY_SCALE = "odom/scale"
"""What odometry_node measures of depth's scale, for depth_node: the same message."""


@dataclass(frozen=True)
class DepthImages:
    """What is made of one image.

    Attributes:
        camera: The pinhole of depth and image.
        depth: Metres, ``[height, width]``.
        image: The view that the depth belongs to, RGB.
        scale: What the depth was multiplied with; None if nobody listens to its topic.
    """

    header: Header
    camera: Camera
    depth: npt.NDArray[np.float32]
    image: npt.NDArray[np.uint8]
    scale: ScaleEstimate | None = None


Decode: TypeAlias = Callable[[], DepthImages]
"""Not to be called on the thread that spins.

Raises: `PixelFormatError`, `GeometryError` for messages that are no such images.
"""
OnDepth: TypeAlias = Callable[[Decode, Stamp], None]


def resolved_topics(node: Node) -> tuple[str, ...]:
    """The topics of depth, as they are called for this node."""
    return tuple(node.resolve_topic_name(topic) for topic in TOPICS)


class DepthTopics:
    """Subscribes to the three topics; messages of equal stamps belong together."""

    def __init__(self, node: Node, on_depth: OnDepth, *, with_scale: bool = False) -> None:
        """
        Args:
            with_scale: Waits for ``depth/scale`` of the same stamp as well.
        """
        topics = TOPICS | SCALE if with_scale else TOPICS
        self._on_depth = on_depth
        self._pairing = Pairing(len(topics), self._on_pair)
        self._subscriptions = [
            FollowingSubscription(
                node,
                (Source(node.resolve_topic_name(topic), message),),
                partial(self._pairing.add, index),
                value(node, "input_reliability"),
            )
            for index, (topic, message) in enumerate(topics.items())
        ]

    @property
    def topic(self) -> str:
        """All of them: only what is complete is a frame."""
        *others, last = (subscription.topic for subscription in self._subscriptions)
        return f"{', '.join(others)} and {last} of one stamp"

    @property
    def lost(self) -> int:
        return self._subscriptions[0].lost

    @property
    def unpaired(self) -> int:
        """Stamps of which not all messages came."""
        return self._pairing.unpaired

    def follow(self) -> None:
        for subscription in self._subscriptions:
            subscription.follow()

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()

    def _on_pair(self, messages: list[Any]) -> None:
        self._on_depth(partial(_decoded, *messages), messages[0].header.stamp)


class DepthFeed:
    """Listens to a depth_node in this process, with no topic in between."""

    lost = unpaired = 0

    def __init__(self, node: Node, shared: Shared, on_depth: OnDepth) -> None:
        self._topics = resolved_topics(node)
        self._listeners = shared.depth[self._topics]
        self._on_depth = on_depth

    @property
    def topic(self) -> str:
        return self._topics[0]

    def follow(self) -> None:
        if self._take not in self._listeners:
            self._listeners.append(self._take)

    def close(self) -> None:
        if self._take in self._listeners:
            self._listeners.remove(self._take)

    def _take(self, images: DepthImages) -> None:
        self._on_depth(lambda: images, images.header.stamp)


def _decoded(depth: Image, info: CameraInfo, image: Image, scale: Vector3Stamped | None = None) -> DepthImages:
    camera = camera_from_info(info, rectified=True)
    known = None if scale is None else scale_from_message(scale)
    return DepthImages(depth.header, camera, depth_from_message(depth), image_from_message(image), known)


def scale_message(scale: ScaleEstimate, header: Header) -> Vector3Stamped:
    """What ``depth/scale`` and ``odom/scale`` say."""
    return Vector3Stamped(header=header, vector=Vector3(**vector_fields(scale.vector)))


def scale_from_message(message: Vector3Stamped) -> ScaleEstimate:
    """The scale of depth.

    Raises: `EstimatorError` for numbers that are no scale.
    """
    return ScaleEstimate(message.vector.x, message.vector.y, "odometry" if message.vector.z else "depth")
