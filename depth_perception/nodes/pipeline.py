"""What a configured node runs: one object, which is there or is not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from builtin_interfaces.msg import Time as Stamp

from depth_perception.node_status import NodeStatus
from depth_perception.nodes.parameters import NodeError

Content = TypeVar("Content")


@dataclass(frozen=True)
class Frame(Generic[Content]):
    """What a node works on at once, its stamp, and its arrival by `time.monotonic`.

    Attributes:
        jumps: How often time had gone back when it arrived.
    """

    content: Content
    stamp: Stamp
    arrival: float
    jumps: int = 0


def nanoseconds(stamp: Stamp) -> int:
    """Raises: `NodeError` for a stamp before 1970, which rclpy has no time for."""
    if stamp.sec < 0:
        raise NodeError(f"stamp is {stamp.sec} s, expected one that is not negative: see to the clock of the camera")
    return stamp.sec * 1_000_000_000 + stamp.nanosec


class Input(Protocol):
    """Something a node listens to while it is active."""

    @property
    def topic(self) -> str:
        """What it listens to, or would."""
        ...

    @property
    def lost(self) -> int:
        """Messages that were sent and never arrived here, as far as that is known."""
        ...

    def follow(self) -> None:
        """Listens, or listens anew if the publishers have changed; called now and then by the thread that spins."""
        ...

    def close(self) -> None:
        """Stops listening."""
        ...


class Pipeline(ABC, Generic[Content]):
    """Turns frames into messages. Made when a node is configured; what it opens then, the node closes."""

    @property
    @abstractmethod
    def inputs(self) -> Sequence[Input]:
        """What it listens to; the first one is where its frames come from."""

    @abstractmethod
    def process(self, frame: Frame[Content]) -> bool:
        """Works on one frame, in the worker thread, and publishes the results; False if nobody wants any.

        Raises: `DepthPerceptionError` if the frame cannot be used.
        """

    @abstractmethod
    def restart(self) -> None:
        """Forgets all frames so far, in the worker thread: time went back, or somebody asked for it."""

    @abstractmethod
    def described(self, status: NodeStatus) -> NodeStatus:
        """The status, with what it has to say of itself."""

    def begin(self) -> None:
        """The node is being activated."""

    def wants_inputs(self) -> bool:
        """Whether to listen at all now."""
        return True
