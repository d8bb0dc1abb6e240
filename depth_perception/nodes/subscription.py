"""A subscription that follows what is published: type, topic and quality of service are those of its publishers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from depth_perception.nodes.qos import input_profile


@dataclass(frozen=True)
class Source:
    """A topic (absolute name) and the type of its messages."""

    topic: str
    message: type

    @property
    def type_name(self) -> str:
        """As the graph spells it, e.g. ``sensor_msgs/msg/Image``."""
        package, kind, *_ = self.message.__module__.split(".")
        return f"{package}/{kind}/{self.message.__name__}"


class FollowingSubscription:
    """Listens to the first of its sources that somebody publishes, with the quality of service it is published with.

    While nobody publishes, it listens to the first source, reliably. This does the work of rmw's "best available"
    policy, which looks at the publishers once, when the subscription is made, and never at those that come later.

    `follow` must be called now and then, on the thread that spins the node.
    """

    def __init__(
        self, node: Node, sources: Sequence[Source], callback: Callable[[Any], None], reliability: str = "auto"
    ) -> None:
        """
        Args:
            reliability: One of `qos.RELIABILITIES`.
        """
        self._node = node
        self._sources = tuple(sources)
        self._callback = callback
        self._reliability = reliability
        self._current: tuple[Source, QoSProfile] | None = None
        self._subscription: Subscription | None = None
        self._latest: int | None = None
        self.lost = 0
        """Messages that were sent and did not come through: on the way, or in a queue that was full while this process
        was busy. Known where the middleware numbers its messages (since Jazzy) and as long as there is one publisher.
        """

    @property
    def topic(self) -> str:
        """What it listens to, or would."""
        return (self._current[0] if self._current else self._sources[0]).topic

    def follow(self) -> None:
        """Subscribes, or subscribes anew if the publishers have changed."""
        wanted = self._choose()
        if wanted == self._current:
            return
        self.close()
        source, profile = wanted
        on_message: Any = self._on_message  # rclpy hands over the message's number as well to who takes two arguments
        self._subscription = self._node.create_subscription(
            source.message,
            source.topic,
            on_message,
            profile,
            # Groups never forget what they had, so the one of the node would grow with every subscription.
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._current = wanted

    def close(self) -> None:
        """Stops listening."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._subscription = self._current = self._latest = None

    def _on_message(self, message: Any, info: Mapping[str, Any]) -> None:
        number = info.get("publication_sequence_number")
        if number is None or self._subscription is None or self._subscription.get_publisher_count() != 1:
            self._latest = None
        else:
            if self._latest is not None and number > self._latest:  # else a new publisher, which begins at one
                self.lost += number - self._latest - 1
            self._latest = number
        self._callback(message)

    def _choose(self) -> tuple[Source, QoSProfile]:
        for source in self._sources:
            infos = self._node.get_publishers_info_by_topic(source.topic)
            publishers = [info for info in infos if info.topic_type == source.type_name]
            if publishers:
                return source, input_profile(self._reliability, publishers)
        return self._current or (self._sources[0], input_profile(self._reliability, ()))
