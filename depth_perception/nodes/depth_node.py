"""depth_node: a camera topic in, metric depth out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from geometry_msgs.msg import Vector3, Vector3Stamped
from rclpy.lifecycle import LifecyclePublisher
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from depth_perception.engines.engine import Engine
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.estimators.settings import DepthSettings
from depth_perception.geometry.camera import Camera
from depth_perception.model_outputs import DEPTH, extras_of
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.camera_input import PARAMETERS as CAMERA_PARAMETERS
from depth_perception.nodes.camera_input import AnyImage, CameraInput
from depth_perception.nodes.depth_color import colored
from depth_perception.nodes.images import ImageOutput, image_from_message
from depth_perception.nodes.main import run
from depth_perception.nodes.models import engine_details, engine_summary, model_parameters, open_model
from depth_perception.nodes.perception_node import Frame, PerceptionNode
from depth_perception.nodes.semantics import SemanticsOutput
from depth_perception.nodes.subscription import FollowingSubscription
from depth_perception.resources import DEPTH_MODEL

NAME = "depth_node"

PARAMETERS = (
    *model_parameters(DEPTH_MODEL),
    *CAMERA_PARAMETERS,
    *DepthSettings.table(),
    *transforms.PARAMETERS,
)


class DepthNode(PerceptionNode[AnyImage, DepthSettings]):
    """Subscribes to ``image`` and ``camera_info``.

    Publishes ``depth/image_rect`` (32FC1, metres along the optical axis; NaN invalid, +inf beyond the range, -inf
    closer than it), ``depth/camera_info``, ``image_rect`` (rgb8, the view the depth belongs to), ``depth/scale`` (x:
    metres in one unit of the model, y: its relative standard deviation) and ``depth/color`` (rgb8, to look at). Depth
    of unknown scale goes to ``depth/relative`` instead. A model that answers more adds the topics of `model_outputs`,
    and of `SemanticsOutput`. Stamp and frame are those of the image. What nobody subscribes to is not computed.
    """

    def __init__(self) -> None:
        super().__init__(NAME, PARAMETERS, DepthSettings)
        self._engine: Engine | None = None
        self._estimator: DepthEstimator | None = None
        self._camera_pose: transforms.CameraPose | None = None
        self._scale: ScaleEstimate | None = None
        self._extras: dict[str, ImageOutput | SemanticsOutput] = {}

    def configure(self) -> None:
        self._engine = self.time_engine(open_model(self.value, "depth"))
        if self.settings.scale_source == "ground_plane":
            self._camera_pose = transforms.CameraPose(self, self.value("base_frame"), self.value("camera_pose"))
        model = self._engine.model
        self._depth = self._image_output(DEPTH.topic, DEPTH.encoding)
        self._relative = self._image_output("depth/relative", DEPTH.encoding)
        self._info = self.output(CameraInfo, "depth/camera_info")
        self._image = self._image_output("image_rect", "rgb8")
        self._scale_output = self.output(Vector3Stamped, "depth/scale")
        self._color = self._image_output("depth/color", "rgb8")
        self._extras = {
            output.name: SemanticsOutput(self, model.classes)
            if output.name == "semantics"
            else self._image_output(output.topic, output.encoding)
            for output in extras_of(model)
        }
        self.get_logger().info(engine_summary(self._engine))
        if not model.metric and self.settings.scale_source == "model":
            self.get_logger().warning(
                f"{model.name} does not know metres: its depth goes to depth/relative; set scale_source for metres"
            )

    def inputs(self) -> list[FollowingSubscription]:
        self._camera = CameraInput(self, lambda message: self.take(message, message.header.stamp))
        return [self._camera.image, self._camera.info]

    def process(self, frame: Frame[AnyImage]) -> bool:
        extras = {name for name, output in self._extras.items() if output.is_wanted}
        wants_depth = any(output.is_wanted for output in (self._depth, self._relative, self._color))
        wants_depth |= bool(extras) or _is_wanted(self._scale_output)
        if not (wants_depth or self._image.is_wanted or _is_wanted(self._info)):
            return False
        header, image = frame.content.header, image_from_message(frame.content, self._camera.samples)
        height, width = image.shape[:2]
        estimator = self._estimator_for(self._camera.camera(header, width, height), header.frame_id)
        if wants_depth:
            result = estimator.estimate(image, Time.from_msg(frame.stamp).nanoseconds, extras=extras)
            self._publish_depth(result, header)
            view = result.image
        else:
            view = estimator.view.image(image)
        if _is_wanted(self._info):
            self._info.publish(message_from_camera(estimator.view.camera, header))
        if self._image.is_wanted:
            self._image.publish(view, header)
        return True

    def restart(self) -> None:
        self._estimator = None
        if self._camera_pose is not None:
            self._camera_pose.forget()

    def release(self) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._camera_pose is not None:
            self._camera_pose.close()
        self._engine = self._estimator = self._camera_pose = self._scale = None

    def details(self) -> dict[str, str]:
        if self._engine is None:
            return {}
        details = engine_details(self._engine)
        if self._scale is not None:
            details["scale"] = f"{self._scale.value:.4g}"
            details["scale sigma"] = f"{self._scale.sigma:.2g}"
            details["scale source"] = self._scale.source
        return details

    def _image_output(self, topic: str, encoding: str) -> ImageOutput:
        return ImageOutput(self.output(Image, topic), encoding)

    def _publish_depth(self, result: DepthResult, header: Header) -> None:
        self._scale = result.scale
        output = self._depth if result.metric else self._relative
        if output.is_wanted:
            output.publish(result.depth, header)
        if _is_wanted(self._scale_output):
            scale = Vector3(x=float(result.scale.value), y=float(result.scale.sigma))
            self._scale_output.publish(Vector3Stamped(header=header, vector=scale))
        if self._color.is_wanted:
            self._color.publish(colored(result.depth), header)
        for name, values in result.extras.items():
            self._extras[name].publish(values, header)

    def _estimator_for(self, camera: Camera, camera_frame: str) -> DepthEstimator:
        assert self._engine is not None
        settings = self.settings
        if self._estimator is None or camera != self._estimator.view.source:
            pose = None if self._camera_pose is None else self._camera_pose.of(camera_frame)
            self._estimator = DepthEstimator(self._engine, camera, settings, body_from_camera=pose)
        self._estimator.change(settings)
        return self._estimator


def _is_wanted(publisher: LifecyclePublisher) -> bool:
    return publisher.get_subscription_count() > 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run(NAME, DepthNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
