"""perception: depth_node, odometry_node and point_cloud_node in one process, which decodes and rectifies an image once.

Each is what it is alone: its parameters, lifecycle, topics and diagnostics. Give each its own with its name before
them, as in ``-p depth_node:model:=FILE`` or ``-r odometry_node:image:=/left/image_raw``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from depth_perception.nodes import depth_node, odometry_node, point_cloud_node
from depth_perception.nodes.main import run
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.shared import Shared

NODES: Mapping[str, Callable[[Shared], PerceptionNode]] = {
    depth_node.NAME: depth_node.DepthNode,
    odometry_node.NAME: odometry_node.OdometryNode,
    point_cloud_node.NAME: point_cloud_node.PointCloudNode,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the nodes as a process."""
    return run(NODES, arguments)


if __name__ == "__main__":
    sys.exit(main())
