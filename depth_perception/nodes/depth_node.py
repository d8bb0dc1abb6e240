"""depth_node: a camera topic in, metric depth out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from geometry_msgs.msg import Vector3, Vector3Stamped
from rclpy.lifecycle import LifecyclePublisher
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from depth_perception.engines.engine import Engine
from depth_perception.estimators.depth import DepthEstimator, DepthResult
from depth_perception.estimators.scale import (
    ConstantScale,
    GroundPlaneScale,
    ScaleEstimate,
    ScaleSource,
    model_scale,
)
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
from depth_perception.nodes.parameters import NodeError, Parameter
from depth_perception.nodes.perception_node import Frame, PerceptionNode
from depth_perception.nodes.semantics import SemanticsOutput
from depth_perception.nodes.subscription import FollowingSubscription
from depth_perception.resources import DEPTH_MODEL

NAME = "depth_node"

PARAMETERS = (
    *model_parameters(DEPTH_MODEL),
    *CAMERA_PARAMETERS,
    Parameter("minimum_range", 0.0, "Metres; depth below it is -inf", minimum=0.0, maximum=1000.0, live=True),
    Parameter("maximum_range", 200.0, "Metres; depth beyond it is +inf", minimum=0.1, maximum=10000.0, live=True),
    Parameter(
        "scale_source",
        "model",
        "What makes metres of the model's depth: model (it knows), constant (scale), ground_plane (the height of the"
        " camera above base_frame, measured against the road in the image)",
        choices=("model", "constant", "ground_plane"),
    ),
    Parameter(
        "scale", 1.0, "Metres in one unit of the model, for scale_source constant", minimum=1e-4, maximum=1e4, live=True
    ),
    Parameter("scale_sigma", 0.05, "Relative standard deviation of scale", minimum=0.0, maximum=1.0, live=True),
    *transforms.PARAMETERS,
)


class DepthNode(PerceptionNode[AnyImage]):
    """Subscribes to ``image`` and ``camera_info``.

    Publishes ``depth/image_rect`` (32FC1, metres along the optical axis; NaN invalid, +inf beyond the range, -inf
    closer than it), ``depth/camera_info``, ``image_rect`` (rgb8, the view the depth belongs to), ``depth/scale`` (x:
    metres in one unit of the model, y: its relative standard deviation) and ``depth/color`` (rgb8, to look at). Depth
    of unknown scale goes to ``depth/relative`` instead. A model that answers more adds the topics of `model_outputs`,
    and of `SemanticsOutput`. Stamp and frame are those of the image. What nobody subscribes to is not computed.
    """

    def __init__(self) -> None:
        super().__init__(NAME, PARAMETERS)
        self._engine: Engine | None = None
        self._estimator: DepthEstimator | None = None
        self._estimator_of: object = None
        self._camera_pose: transforms.CameraPose | None = None
        self._scale: ScaleEstimate | None = None
        self._extras: dict[str, ImageOutput | SemanticsOutput] = {}

    def check_parameters(self, values: dict[str, Any]) -> str | None:
        if values["minimum_range"] >= values["maximum_range"]:
            return (
                f"minimum_range is {values['minimum_range']} and maximum_range {values['maximum_range']},"
                " expected the minimum below the maximum"
            )
        return None

    def configure(self) -> None:
        self._engine = self.time_engine(open_model(self.value, "depth"))
        if self.value("scale_source") == "ground_plane":
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
        if not model.metric and self.value("scale_source") == "model":
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
        settings = (camera, *map(self.value, ("minimum_range", "maximum_range", "scale", "scale_sigma")))
        if self._estimator is None or settings != self._estimator_of:
            self._estimator = DepthEstimator(
                self._engine,
                camera,
                minimum_range=self.value("minimum_range"),
                maximum_range=self.value("maximum_range"),
                scale=self._scale_source(camera_frame),
            )
            self._estimator_of = settings
        return self._estimator

    def _scale_source(self, camera_frame: str) -> ScaleSource | None:
        assert self._engine is not None
        source = self.value("scale_source")
        if source == "constant":
            return ConstantScale(ScaleEstimate(self.value("scale"), self.value("scale_sigma"), "constant"))
        if source == "ground_plane":
            assert self._camera_pose is not None
            pose = self._camera_pose.of(camera_frame)
            height = float(pose[2, 3])
            if height <= 0:
                raise NodeError(
                    f"the camera is {height:.2f} m above {self.value('base_frame')}, expected a positive height:"
                    " scale_source ground_plane needs a base frame on the ground"
                )
            return GroundPlaneScale(height, -pose[2, :3], model_scale(self._engine.model))
        return None


def _is_wanted(publisher: LifecyclePublisher) -> bool:
    return publisher.get_subscription_count() > 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run(NAME, DepthNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
