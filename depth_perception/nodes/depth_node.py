"""depth_node: a camera topic in, metric depth out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache

from geometry_msgs.msg import Vector3Stamped
from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.scale import ScaleEstimate, check_scale_source
from depth_perception.estimators.settings import DepthSettings
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.model_outputs import DEPTH, extras_of
from depth_perception.node_status import NodeStatus
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.camera_input import PARAMETERS as CAMERA_PARAMETERS
from depth_perception.nodes.camera_input import AnyImage, CameraListener
from depth_perception.nodes.depth_color import colored
from depth_perception.nodes.depth_input import (
    ODOMETRY_SCALE,
    DepthImages,
    resolved_topics,
    scale_from_message,
    scale_message,
)
from depth_perception.nodes.main import run
from depth_perception.nodes.models import model_parameters, open_model, with_engine, with_scale
from depth_perception.nodes.perception_node import PerceptionNode
from depth_perception.nodes.pipeline import Frame, Input, Pipeline, nanoseconds
from depth_perception.nodes.semantics import SemanticsOutput
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.subscription import FollowingSubscription, Source
from depth_perception.resources import DEPTH_MODEL

NAME = "depth_node"
IMAGES = ("image_rect", "rgb/image_rect_color")
INFOS = ("depth/camera_info", "rgb/camera_info")
"""The view and its pinhole, of depth and as RGB-D cameras and what is made for them name the picture's: a camera_info
beside it."""

PARAMETERS = (
    *model_parameters(DEPTH_MODEL),
    *CAMERA_PARAMETERS,
    *DepthSettings.table(),
    *transforms.PARAMETERS,
)


class DepthPipeline(Pipeline[AnyImage]):
    """Image to depth, as messages."""

    def __init__(self, node: DepthNode) -> None:
        self._node = node
        self._engine = node.own_engine(open_model(node.value, "depth"))
        self._camera_pose = None
        if node.settings.scale_source == "ground_plane":
            self._camera_pose = transforms.CameraPose(node)
        model = self._engine.model
        check_scale_source(node.settings, model)
        self._depth = node.image_output(DEPTH.topic, DEPTH.encoding)
        self._relative = node.image_output("depth/relative", DEPTH.encoding)
        self._infos = [node.output(CameraInfo, topic) for topic in INFOS]
        self._images = [node.image_output(topic, "rgb8") for topic in IMAGES]
        self._scale_output = node.output(Vector3Stamped, "depth/scale")
        self._color = node.image_output("depth/color", "rgb8")
        self._extras = {
            output.name: SemanticsOutput(node, model.classes)
            if output.name == "semantics"
            else node.image_output(output.topic, output.encoding)
            for output in extras_of(model)
        }
        self._listener = CameraListener(node, node.shared, lambda message: node.take(message, message.header.stamp))
        self._others: list[Input] = []
        self._measured: ScaleEstimate | None = None
        if node.settings.scale_source == "odometry":
            source = Source(node.resolve_topic_name(ODOMETRY_SCALE), Vector3Stamped)
            self._others.append(FollowingSubscription(node, (source,), self._on_scale, node.value("input_reliability")))
        self._estimator = lru_cache(maxsize=1)(self._make_estimator)
        self._scale: ScaleEstimate | None = None
        if not model.metric and node.settings.scale_source == "model":
            node.get_logger().warning(
                f"{model.name} does not know metres: its depth goes to depth/relative; set scale_source for metres"
            )

    @property
    def inputs(self) -> Sequence[Input]:
        return (self._listener, *self._others)

    def process(self, frame: Frame[AnyImage]) -> bool:
        extras = {name for name, output in self._extras.items() if output.is_wanted}
        wants_depth = any(output.is_wanted for output in (self._depth, self._relative, self._color))
        wants_depth |= bool(extras or self._node.listeners) or _is_wanted(self._scale_output)
        images = [output for output in self._images if output.is_wanted]
        infos = [output for output in self._infos if _is_wanted(output)]
        if not (wants_depth or images or infos):
            return False
        header, image = frame.content.header, self._listener.camera.pixels(frame.content)
        height, width = image.shape[:2]
        estimator = self._estimator(self._listener.camera.camera(header, width, height), header.frame_id)
        if wants_depth:
            estimator.change(self._node.settings)
            estimator.measured = self._measured
            result = estimator.estimate(image, nanoseconds(frame.stamp), extras=extras)
            if self._node.is_outdated(frame):
                return False
            self._publish_depth(result, header)
            view = result.image
        else:
            view = estimator.view.image(image)
        for info in infos:
            info.publish(message_from_camera(estimator.view.camera, header))
        for output in images:
            output.publish(view, header)
        return True

    def restart(self) -> None:
        self._estimator.cache_clear()
        self._measured = None
        if self._camera_pose is not None:
            self._camera_pose.forget()

    def described(self, status: NodeStatus) -> NodeStatus:
        return with_scale(with_engine(status, self._engine), self._scale)

    def _publish_depth(self, result: DepthResult, header: Header) -> None:
        self._scale = result.scale
        output = self._depth if result.metric else self._relative
        if output.is_wanted:
            output.publish(result.depth, header)
        if _is_wanted(self._scale_output):
            self._scale_output.publish(scale_message(result.scale, header))
        if self._color.is_wanted:
            self._color.publish(colored(result.depth), header)
        if result.metric:
            for listener in list(self._node.listeners):
                listener(DepthImages(header, result.camera, result.depth, result.image, result.scale))
        for name, values in result.extras.items():
            self._extras[name].publish(values, header)

    def _on_scale(self, message: Vector3Stamped) -> None:
        try:
            measured = scale_from_message(message)
            self._measured = measured if measured.known else None  # it was taken back
        except EstimatorError as error:
            self._node.log.exception(error, f"{ODOMETRY_SCALE}: ")

    def _make_estimator(self, camera: Camera, camera_frame: str) -> DepthEstimator:
        pose = None if self._camera_pose is None else self._camera_pose.of(camera_frame)
        return DepthEstimator(
            self._engine, camera, self._node.settings, body_from_camera=pose, made=self._node.shared.made
        )


class DepthNode(PerceptionNode[AnyImage, DepthSettings]):
    """Subscribes to ``image`` and ``camera_info``; with scale_source odometry to ``odom/scale``.

    Publishes ``depth/image_rect`` (32FC1, metres along the optical axis; NaN invalid, +inf beyond the range, -inf
    closer than it), ``depth/camera_info``, ``image_rect`` (rgb8, the view the depth belongs to), the same two as
    ``rgb/camera_info`` and ``rgb/image_rect_color``, ``depth/scale`` (x: metres in one unit of the model, y: its
    relative standard deviation, z: 1 if odometry measured it, else 0) and ``depth/color`` (rgb8, to look at). Depth of
    unknown scale goes to ``depth/relative`` instead. A model that answers more adds the topics of `model_outputs`, and
    of `SemanticsOutput`. Stamp and frame are those of the image. What nobody subscribes to is not computed.

    Attributes:
        listeners: In this process, to what it publishes.
    """

    def __init__(self, shared: Shared | None = None, namespace: str | None = None) -> None:
        super().__init__(NAME, PARAMETERS, DepthSettings, shared, namespace)
        self.listeners = self.shared.depth.setdefault(resolved_topics(self), [])

    def configure(self) -> DepthPipeline:
        return DepthPipeline(self)


def _is_wanted(publisher: LifecyclePublisher) -> bool:
    return publisher.get_subscription_count() > 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run({NAME: DepthNode}, arguments)


if __name__ == "__main__":
    sys.exit(main())
