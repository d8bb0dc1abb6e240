"""Quality of service: reliable outputs; inputs as reliable as what they listen to.

Fast DDS with its default settings loses nearly every message over 512 KiB unless publisher *and* subscriber are
reliable, and a reliable subscriber gets nothing at all from a best-effort publisher. So inputs follow publishers.
"""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

RELIABILITIES = ("auto", "reliable", "best_effort")

OUTPUT = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
"""Matches reliable and best-effort subscribers alike."""

LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""For what is said once: the last message waits for those who subscribe later."""


def input_profile(reliability: str, publishers: Sequence[TopicEndpointInfo]) -> QoSProfile:
    """What every one of the `publishers` offers, and no less; reliable and volatile while there is none.

    Args:
        reliability: One of `RELIABILITIES`; "auto" follows the publishers.
    """
    best_effort = any(info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for info in publishers)
    if reliability != "auto":
        best_effort = reliability == "best_effort"
    latched = bool(publishers) and all(
        info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for info in publishers
    )
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=10,  # a second of a camera at 10 Hz; what does not fit is lost, and `FollowingSubscription` counts it
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
