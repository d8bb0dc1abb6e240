"""perception: depth_node, odometry_node and point_cloud_node in one process, which decodes and rectifies an image once.

Each is what it is alone: its parameters, lifecycle, topics and diagnostics. Give each its own with its name before
them, as in ``-p depth_node:model:=FILE`` or ``-r odometry_node:image:=/left/image_raw``.

With ``--cameras front rear`` there are three of each camera, in a namespace of its name: ``/front/depth_node`` listens
to ``/front/image``. A relative rule, ``-r image:=image_raw``, is for all; ``-r /front/image:=/left/image_raw`` for one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rclpy.exceptions import InvalidNamespaceException
from rclpy.utilities import remove_ros_args
from rclpy.validate_namespace import validate_namespace

from depth_perception.nodes import depth_node, odometry_node, point_cloud_node
from depth_perception.nodes.main import run
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.shared import Shared

NODES: Mapping[str, Callable[..., PerceptionNode]] = {
    depth_node.NAME: depth_node.DepthNode,
    odometry_node.NAME: odometry_node.OdometryNode,
    point_cloud_node.NAME: point_cloud_node.PointCloudNode,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the nodes as a process."""
    parser = argparse.ArgumentParser(prog="perception", description="Depth, odometry and point cloud in one process.")
    parser.add_argument(
        "--cameras", nargs="+", type=_namespace, metavar="NAMESPACE", help="of several cameras, three nodes of each"
    )
    given = parser.parse_args(remove_ros_args(sys.argv if arguments is None else ["perception", *arguments])[1:])
    cameras = given.cameras or ()
    if twins := {camera for camera in cameras if cameras.count(camera) > 1}:
        parser.error(f"argument --cameras: {', '.join(sorted(twins))} is named more than once")
    return run(_of_cameras(given.cameras) if given.cameras else NODES, arguments)


def _namespace(text: str) -> str:
    name = text.strip("/")
    try:
        validate_namespace(f"/{name}/node")
    except InvalidNamespaceException:
        raise argparse.ArgumentTypeError(f"{text} is no namespace: letters, digits and _, no digit first") from None
    return name


def _of_cameras(cameras: Sequence[str]) -> Mapping[str, Callable[[Shared], PerceptionNode]]:
    return {f"{camera}/{name}": partial(kind, namespace=camera) for camera in cameras for name, kind in NODES.items()}


if __name__ == "__main__":
    sys.exit(main())
