"""The speed that a vehicle measures, for odometry whose lengths go by it."""

from __future__ import annotations

import math
from collections import deque

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry

from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.view import EstimatorError
from depth_perception.nodes.log import LimitedLog
from depth_perception.nodes.parameters import value
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.pipeline import nanoseconds
from depth_perception.nodes.subscription import FollowingSubscription, Source

WAITING = 1000
"""Speeds that wait for the next image; the oldest gives way."""
SILENCE = 5.0
"""Seconds of images without a speed of their time that are said."""


class SpeedInput(FollowingSubscription):
    """Subscribes to ``speed``, the twist of a nav_msgs/Odometry or a geometry_msgs/TwistStamped."""

    def __init__(self, node: PerceptionNode) -> None:
        topic = node.resolve_topic_name("speed")
        sources = (Source(topic, Odometry), Source(topic, TwistStamped))
        super().__init__(node, sources, self._on_speed, value(node, "input_reliability"))
        self._log: LimitedLog = node.log
        self._waiting: deque[tuple[int, float]] = deque(maxlen=WAITING)
        self._first: int | None = None
        self._latest: int | None = None

    def hand_over(self, odometry: CameraOdometry, stamp: int) -> None:
        """Gives odometry what has come before an image of this stamp; says so where there is nothing of its time."""
        while self._waiting:
            self._latest, speed = self._waiting.popleft()
            try:
                odometry.add_speed(self._latest, speed)
            except EstimatorError as error:  # the image that waits for it is none the worse
                self._log.exception(error, f"{self.topic}: ")
        self._first = stamp if self._first is None else self._first
        apart = (stamp - (self._first if self._latest is None else self._latest)) * 1e-9
        if abs(apart) < SILENCE:
            return
        said = f"for {apart:.0f} s of images"
        if self._latest is not None:
            said = (
                f"of the time of the images, which is {abs(apart):.0f} s {'after' if apart > 0 else 'before'} its last"
            )
        self._log.warning("no speed", f"{self.topic}: there is no speed {said}, lengths stay as they are")

    def restart(self) -> None:
        """Time went back."""
        self._waiting.clear()
        self._first = self._latest = None

    def _on_speed(self, message: Odometry | TwistStamped) -> None:
        twist = message.twist.twist if isinstance(message, Odometry) else message.twist
        speed = math.hypot(twist.linear.x, twist.linear.y, twist.linear.z)
        self._waiting.append((nanoseconds(message.header.stamp), speed))
