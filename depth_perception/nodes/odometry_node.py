"""odometry_node: a camera topic in, where the vehicle went out."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence

from geometry_msgs.msg import PoseStamped, Twist, Vector3, Vector3Stamped
from nav_msgs.msg import Odometry, Path
from rclpy.time import Time
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from depth_perception.engines.engine import Engine
from depth_perception.estimators.odometry import Motion, VisualOdometry
from depth_perception.estimators.scale import ScaleEstimate, known_scale
from depth_perception.estimators.settings import OdometrySettings
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.estimators.view import EstimatorError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import Array
from depth_perception.nodes import transforms
from depth_perception.nodes.camera_input import PARAMETERS as CAMERA_PARAMETERS
from depth_perception.nodes.camera_input import AnyImage, CameraInput
from depth_perception.nodes.images import image_from_message
from depth_perception.nodes.main import run
from depth_perception.nodes.models import engine_details, engine_summary, model_parameters, open_model
from depth_perception.nodes.parameters import NodeError
from depth_perception.nodes.perception_node import Frame, PerceptionNode
from depth_perception.nodes.subscription import FollowingSubscription, Source
from depth_perception.resources import POSE_MODEL
from depth_perception.settings import Setting

NAME = "odometry_node"

PATH_PERIOD = 500_000_000
"""Nanoseconds between two paths: a long one is costly to send."""

PARAMETERS = (
    *model_parameters(POSE_MODEL),
    *CAMERA_PARAMETERS,
    *transforms.PARAMETERS,
    Setting("odom_frame", "odom", "Frame the odometry is given in: base_frame's place at the first image"),
    Setting("publish_tf", False, "Publish the transform odom_frame -> base_frame; leave it to whoever fuses odometry"),
    *OdometrySettings.table(),
    Setting("path_length", 1000, "Latest poses in the topic path", minimum=1, maximum=100_000),
)


class OdometryNode(PerceptionNode[AnyImage, OdometrySettings]):
    """Subscribes to ``image``, ``camera_info`` and, with scale_source depth, ``depth/scale``.

    Publishes ``odom`` (nav_msgs/Odometry of base_frame in odom_frame, from the second image on), ``path``, and TF if
    asked for. The service ``~/reset`` starts anew at the origin; so does time that goes back.
    """

    def __init__(self) -> None:
        super().__init__(NAME, PARAMETERS, OdometrySettings)
        self._engine: Engine | None = None
        self._odometry: VisualOdometry | None = None
        self._odometry_of: Camera | None = None
        self._camera_pose: transforms.CameraPose | None = None
        self._transform_output: transforms.TransformOutput | None = None
        self._trajectory = Trajectory()
        self._path: deque[PoseStamped] = deque()
        self._path_sent: int | None = None
        self.create_service(Trigger, "~/reset", self._on_reset)

    def configure(self) -> None:
        self._camera_pose = transforms.CameraPose(self, self.value("base_frame"), self.value("camera_pose"))
        self._engine = self.time_engine(open_model(self.value, "pose"))
        model = self._engine.model
        self._scale = known_scale(self.settings, model)
        if self.value("publish_tf"):
            try:
                self._transform_output = transforms.TransformOutput(self)
            except NodeError as error:
                self.get_logger().error(str(error))
        self._odom_output = self.output(Odometry, "odom")
        self._path_output = self.output(Path, "path")
        self._path = deque(maxlen=self.value("path_length"))
        self.get_logger().info(engine_summary(self._engine))
        if not model.metric and self.settings.scale_source == "model":
            self.get_logger().warning(
                f"{model.name} does not know metres: the covariance of positions says so; set scale_source for metres"
            )

    def inputs(self) -> list[FollowingSubscription]:
        self._camera = CameraInput(self, lambda message: self.take(message, message.header.stamp))
        inputs = [self._camera.image, self._camera.info]
        if self.settings.scale_source == "depth":
            source = Source(self.resolve_topic_name("depth/scale"), Vector3Stamped)
            inputs.append(FollowingSubscription(self, (source,), self._on_scale, self.value("input_reliability")))
        self.ask_for_restart()
        return inputs

    def process(self, frame: Frame[AnyImage]) -> bool:
        header, image = frame.content.header, image_from_message(frame.content, self._camera.samples)
        height, width = image.shape[:2]
        odometry = self._odometry_for(self._camera.camera(header, width, height), header.frame_id)
        odometry.scale = self._scale
        motion = odometry.update(image, Time.from_msg(frame.stamp).nanoseconds)
        if motion is not None:
            self._trajectory.add(motion)
            self._publish(motion, Header(stamp=frame.stamp, frame_id=self.value("odom_frame")))
        return True

    def restart(self) -> None:
        self._odometry = None
        if self._camera_pose is not None:
            self._camera_pose.forget()
        self._trajectory.reset()
        self._path.clear()
        self._path_sent = None

    def release(self) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._camera_pose is not None:
            self._camera_pose.close()
        self._engine = self._odometry = self._camera_pose = self._transform_output = None

    def details(self) -> dict[str, str]:
        if self._engine is None:
            return {}
        return {
            **engine_details(self._engine),
            "scale": f"{self._scale.value:.4g}",
            "scale sigma": f"{self._scale.sigma:.2g}",
            "scale source": self._scale.source,
            "path length (m)": f"{self._trajectory.length:.1f}",
        }

    def _odometry_for(self, camera: Camera, camera_frame: str) -> VisualOdometry:
        assert self._engine is not None
        assert self._camera_pose is not None
        if self._odometry is None or camera != self._odometry_of:
            self._odometry = VisualOdometry(
                self._engine,
                camera,
                self._camera_pose.of(camera_frame),
                self.settings,
            )
            self._odometry_of = camera
        return self._odometry

    def _publish(self, motion: Motion, header: Header) -> None:
        pose, base_frame = self._trajectory.pose, self.value("base_frame")
        message = Odometry(header=header, child_frame_id=base_frame)
        message.pose.pose = transforms.pose_message(pose)
        message.pose.covariance = self._trajectory.covariance.reshape(-1)
        message.twist.twist = Twist(linear=_vector(motion.linear_velocity), angular=_vector(motion.angular_velocity))
        message.twist.covariance = motion.velocity_covariance.reshape(-1)
        self._odom_output.publish(message)
        if self._transform_output is not None:
            self._transform_output.publish(pose, header, base_frame)
        self._path.append(PoseStamped(header=header, pose=message.pose.pose))
        due = self._path_sent is None or motion.stamp - self._path_sent >= PATH_PERIOD
        if due and self._path_output.get_subscription_count() > 0:
            self._path_output.publish(Path(header=header, poses=list(self._path)))
            self._path_sent = motion.stamp

    def _on_scale(self, message: Vector3Stamped) -> None:
        try:
            self._scale = ScaleEstimate(message.vector.x, message.vector.y, "depth")
        except EstimatorError as error:
            self.report(f"depth/scale: {error}")

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.ask_for_restart()
        response.success = True
        response.message = "odometry starts anew at the origin with the next image"
        return response


def _vector(values: Array) -> Vector3:
    x, y, z = values.tolist()
    return Vector3(x=x, y=y, z=z)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node as a process."""
    return run(NAME, OdometryNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
