"""Depth with its image and camera: from topics, or from a depth_node in the same process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as Stamp
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info
from depth_perception.geometry.camera import Camera
from depth_perception.model_outputs import DEPTH
from depth_perception.nodes.images import depth_from_message, image_from_message
from depth_perception.nodes.pairing import Pairing
from depth_perception.nodes.parameters import value
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.subscription import FollowingSubscription, Source

TOPICS = {DEPTH.topic: Image, "depth/camera_info": CameraInfo, "image_rect": Image}


@dataclass(frozen=True)
class DepthImages:
    """What is made of one image: depth in metres ``[height, width]``, its view, RGB, and the pinhole of both."""

    header: Header
    camera: Camera
    depth: npt.NDArray[np.float32]
    image: npt.NDArray[np.uint8]


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

    def __init__(self, node: Node, on_depth: OnDepth) -> None:
        self._on_depth = on_depth
        self._pairing = Pairing(len(TOPICS), self._on_pair)
        self._subscriptions = [
            FollowingSubscription(
                node, (Source(topic, message),), partial(self._pairing.add, index), value(node, "input_reliability")
            )
            for index, (topic, message) in enumerate(zip(resolved_topics(node), TOPICS.values(), strict=True))
        ]

    @property
    def topic(self) -> str:
        return self._subscriptions[0].topic

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


def _decoded(depth: Image, info: CameraInfo, image: Image) -> DepthImages:
    camera = camera_from_info(info, rectified=True)
    return DepthImages(depth.header, camera, depth_from_message(depth), image_from_message(image))
