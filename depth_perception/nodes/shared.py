"""What the nodes of one process have in common, so that none does again what another has done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from depth_perception.once import Once

if TYPE_CHECKING:
    from depth_perception.nodes.camera_input import CameraInput
    from depth_perception.nodes.depth_input import DepthImages


@dataclass(eq=False)
class Shared:
    """A node that has its process to itself has one of its own.

    Attributes:
        made: Decoded messages and rectified views.
        cameras: By topics and parameters.
        depth: Who listens, without topics in between, to the depth_node that publishes these topics.
    """

    made: Once = field(default_factory=Once)
    cameras: dict[object, CameraInput] = field(default_factory=dict)
    depth: dict[tuple[str, ...], list[Callable[[DepthImages], None]]] = field(default_factory=dict)
