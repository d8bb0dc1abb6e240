"""point_cloud_node: depth and its image in, a coloured point cloud out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info
from depth_perception.estimators.settings import CloudSettings
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import (
    DepthLimits,
    PointCloudBuilder,
    height_limits,
    range_limits,
    voxel_grid,
)
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_input import INPUT_RELIABILITY
from depth_perception.nodes.images import depth_from_message, image_from_message, write_data
from depth_perception.nodes.main import run
from depth_perception.nodes.pairing import Pairing
from depth_perception.nodes.perception_node import Frame, PerceptionNode
from depth_perception.nodes.subscription import FollowingSubscription, Source

NAME = "point_cloud_node"

PARAMETERS = (
    INPUT_RELIABILITY,
    *CloudSettings.table(),
    *transforms.PARAMETERS,
)

FIELDS = [
    PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
    for index, name in enumerate(("x", "y", "z", "rgb"))
]
POINT_STEP = 16


@dataclass(frozen=True)
class DepthFrame:
    """Messages of one stamp."""

    depth: Image
    info: CameraInfo
    image: Image


class PointCloudNode(PerceptionNode[DepthFrame, CloudSettings]):
    """Subscribes to ``depth/image_rect``, ``depth/camera_info`` and ``image_rect``, paired by equal stamps, while
    somebody subscribes to its output.

    Publishes ``depth/points``: PointCloud2 with x, y, z in metres and rgb (0x00RRGGBB as a float32), in the camera's
    optical frame; organised, with NaN where there is no point, unless ``voxel_size`` is set.
    """

    def __init__(self) -> None:
        super().__init__(NAME, PARAMETERS, CloudSettings)
        self._camera_pose: transforms.CameraPose | None = None
        self._pairing: Pairing | None = None
        self._builder: PointCloudBuilder | None = None
        self._builder_of: object = None
        self._message = PointCloud2()

    def configure(self) -> None:
        if self.settings.limits_height:
            self._camera_pose = transforms.CameraPose(self, self.value("base_frame"), self.value("camera_pose"))
        self._points = self.output(PointCloud2, "depth/points")

    def inputs(self) -> list[FollowingSubscription]:
        pairing = Pairing(3, self._on_pair)
        self._pairing = pairing
        topics = (("depth/image_rect", Image), ("depth/camera_info", CameraInfo), ("image_rect", Image))
        return [
            FollowingSubscription(
                self,
                (Source(self.resolve_topic_name(topic), message),),
                partial(pairing.add, index),
                self.value("input_reliability"),
            )
            for index, (topic, message) in enumerate(topics)
        ]

    def wants_inputs(self) -> bool:
        return self._points.get_subscription_count() > 0

    def process(self, frame: Frame[DepthFrame]) -> bool:
        if not self.wants_inputs():
            return False
        messages = frame.content
        camera = camera_from_info(messages.info, rectified=True)
        settings = self.settings
        builder = self._builder_for(camera, messages.depth.header.frame_id, settings)
        points = builder.build(depth_from_message(messages.depth), image_from_message(messages.image))
        is_thinned = settings.voxel_size > 0
        if is_thinned:
            points = voxel_grid(points, settings.voxel_size)[None]
        self._points.publish(cloud_message(points, messages.depth.header, is_thinned, self._message))
        return True

    def restart(self) -> None:
        """Nothing is kept from one frame to the next."""

    def release(self) -> None:
        if self._camera_pose is not None:
            self._camera_pose.close()
        self._camera_pose = self._pairing = self._builder = None

    def details(self) -> dict[str, str]:
        return {} if self._pairing is None else {"unpaired": str(self._pairing.unpaired)}

    def _on_pair(self, messages: list[Any]) -> None:
        depth_frame = DepthFrame(*messages)
        self.take(depth_frame, depth_frame.depth.header.stamp)

    def _builder_for(self, camera: Camera, camera_frame: str, settings: CloudSettings) -> PointCloudBuilder:
        if self._builder is None or (camera, settings) != self._builder_of:
            self._builder = PointCloudBuilder(camera, self._limits(camera, camera_frame, settings))
            self._builder_of = (camera, settings)
        return self._builder

    def _limits(self, camera: Camera, camera_frame: str, settings: CloudSettings) -> DepthLimits:
        limits = range_limits(camera, settings.minimum_range, settings.maximum_range)
        if self._camera_pose is None:
            return limits
        pose = self._camera_pose.of(camera_frame)
        return limits & height_limits(camera, pose, settings.minimum_height, settings.maximum_height)


def cloud_message(points: npt.NDArray, header: Header, dense: bool, into: PointCloud2) -> PointCloud2:
    """The message of float32 points ``[height, width, 4]``: x, y, z, rgb.

    Args:
        into: A message that has been published and may be written over.
    """
    into.header = header
    into.height, into.width = points.shape[:2]
    into.fields = FIELDS
    into.is_bigendian = sys.byteorder == "big"
    into.point_step = POINT_STEP
    into.row_step = POINT_STEP * into.width
    into.is_dense = dense
    write_data(into, points)
    return into


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run(NAME, PointCloudNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
