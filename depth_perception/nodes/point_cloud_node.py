"""point_cloud_node: depth and its image in, a coloured point cloud out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from depth_perception.estimators.settings import CloudSettings
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import (
    FloatImage,
    PointCloudBuilder,
    height_limits,
    range_limits,
    voxel_grid,
)
from depth_perception.message_fields import FLOAT32, POINT_FIELDS, cloud_fields
from depth_perception.node_status import NodeStatus
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_input import INPUT_RELIABILITY
from depth_perception.nodes.depth_input import Decode, DepthFeed, DepthTopics, resolved_topics
from depth_perception.nodes.images import data_of, write_data
from depth_perception.nodes.main import run
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.pipeline import Frame, Input, Pipeline
from depth_perception.nodes.shared import Shared

NAME = "point_cloud_node"

PARAMETERS = (
    INPUT_RELIABILITY,
    *CloudSettings.table(),
    *transforms.PARAMETERS,
)

FIELDS = [PointField(name=name, offset=4 * index, datatype=FLOAT32, count=1) for index, name in enumerate(POINT_FIELDS)]


class PointCloudPipeline(Pipeline[Decode]):
    """Depth to points, as messages."""

    def __init__(self, node: PointCloudNode) -> None:
        self._node = node
        self._camera_pose = transforms.CameraPose(node) if node.settings.limits_height else None
        self._points = node.output(PointCloud2, "depth/points")
        in_process = resolved_topics(node) in node.shared.depth
        self._depth = DepthFeed(node, node.shared, node.take) if in_process else DepthTopics(node, node.take)
        self._builder = lru_cache(maxsize=1)(self._make_builder)
        self._message = PointCloud2()

    @property
    def inputs(self) -> Sequence[Input]:
        return (self._depth,)

    def wants_inputs(self) -> bool:
        return self._points.get_subscription_count() > 0

    def process(self, frame: Frame[Decode]) -> bool:
        if not self.wants_inputs():
            return False
        images, settings = frame.content(), self._node.settings
        builder = self._builder(images.camera, images.header.frame_id, settings)
        message = cloud_message(builder, images.depth, images.image, images.header, settings.voxel_size, self._message)
        if self._node.is_outdated(frame):
            return False
        self._points.publish(message)
        return True

    def restart(self) -> None:
        """Nothing is kept from one frame to the next."""

    def described(self, status: NodeStatus) -> NodeStatus:
        return replace(status, unpaired=self._depth.unpaired)

    def _make_builder(self, camera: Camera, camera_frame: str, settings: CloudSettings) -> PointCloudBuilder:
        limits = range_limits(camera, settings.minimum_range, settings.maximum_range)
        if self._camera_pose is not None:
            pose = self._camera_pose.of(camera_frame)
            limits &= height_limits(camera, pose, settings.minimum_height, settings.maximum_height)
        return PointCloudBuilder(camera, limits)


class PointCloudNode(PerceptionNode[Decode, CloudSettings]):
    """Subscribes to ``depth/image_rect``, ``depth/camera_info`` and ``image_rect``, paired by equal stamps, while
    somebody subscribes to its output; where these are of a depth_node in the same process, it needs no topics.

    Publishes ``depth/points``: PointCloud2 with x, y, z in metres and rgb (0x00RRGGBB as a float32), in the camera's
    optical frame; organised, with NaN where there is no point, unless ``voxel_size`` is set.
    """

    def __init__(self, shared: Shared | None = None, namespace: str | None = None) -> None:
        super().__init__(NAME, PARAMETERS, CloudSettings, shared, namespace)

    def configure(self) -> PointCloudPipeline:
        return PointCloudPipeline(self)


def cloud_message(
    builder: PointCloudBuilder,
    depth: FloatImage,
    image: npt.NDArray[np.uint8],
    header: Header,
    voxel_size: float,
    into: PointCloud2,
) -> PointCloud2:
    """The cloud of float32 depth ``[height, width]`` and its image, in one message.

    Args:
        voxel_size: see `CloudSettings`; 0 for an organised cloud, which is built where the message has its data.
        into: A message that has been published and may be written over.
    """
    if voxel_size > 0:
        points = voxel_grid(builder.build(depth, image), voxel_size)[None]
        write_data(into, points)
    else:
        points = builder.build(depth, image, data_of(into, (*depth.shape, len(FIELDS)), np.float32))
    into.header = header
    into.fields = FIELDS
    for name, value in cloud_fields(points, voxel_size > 0).items():
        setattr(into, name, value)
    return into


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run({NAME: PointCloudNode}, arguments)


if __name__ == "__main__":
    sys.exit(main())
