"""A recording of what was estimated, beside what it was estimated from: as if the nodes had run and been recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.camera_info import distortion_model
from depth_perception.estimators.depth import DepthResult
from depth_perception.estimators.odometry import Motion
from depth_perception.estimators.trajectory import Trajectory
from depth_perception.evaluation.errors import EvaluationError
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.point_cloud import PointCloudBuilder
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, Array
from depth_perception.message_fields import (
    FLOAT32,
    POINT_FIELDS,
    camera_info_fields,
    cloud_fields,
    image_fields,
    quaternion_fields,
    vector_fields,
)
from depth_perception.model_outputs import DEPTH
from depth_perception.recordings.bag_writer import BagWriter, new_bag
from depth_perception.recordings.recording import RecordedImage, Recording
from depth_perception.recordings.topics import OWN, camera_info_beside

_TAKEN = {f"/{name}" for name in (*OWN, "depth/scale", "depth/camera_info", "tf")}
ODOM = "odom"
"""Frame of the odometry, as of odometry_node."""


class OutputBag:
    """An open recording of outputs; see `output_bag`. Topics, frames and stamps are those of the nodes."""

    def __init__(self, bag: BagWriter, recording: Recording) -> None:
        self._bag = bag
        self._recording = recording
        self._frame = recording.camera_frame or "camera_optical_frame"
        topics, mount = recording.topics, recording.body_from_camera
        inputs = {topics.image, topics.camera_info, topics.depth, topics.odometry} - {None, "", *_TAKEN}
        recorded = recording.transforms.between(recording.body_frame, recording.camera_frame)
        if mount is not None and recorded is not None and np.allclose(mount, recorded):
            inputs |= set(recording.static_transform_topics)
        else:  # the pose that was given counts, and the camera has one parent
            start = next(iter(recording.messages([topics.image]))).log_time
            mounted = self._transform(
                0, recording.body_frame, self._frame, BODY_FROM_OPTICAL if mount is None else mount
            )
            bag.write("/tf_static", mounted, start)
        self._inputs = recording.messages(str(topic) for topic in inputs)
        self._waiting = next(self._inputs, None)
        self._cloud: PointCloudBuilder | None = None
        self._view: Any = None

    def add(self, image: RecordedImage, result: DepthResult, motion: Motion | None, trajectory: Trajectory) -> None:
        """What came of an image: its depth and, unless None, the motion up to it, which the trajectory has."""
        self._copy_until(image.log_time)
        if not self._recording.topics.camera_info:  # its calibration comes from elsewhere
            info = self._camera_info(image.stamp, image.camera)
            self._bag.write(camera_info_beside(self._recording.topics.image), info, image.log_time)
        self._add_depth(image, result)
        if motion is not None:
            self._add_motion(image, motion, trajectory)

    def finish(self) -> None:
        """The rest of the inputs."""
        self._copy_until(None)

    def _copy_until(self, log_time: int | None) -> None:
        while self._waiting is not None and (log_time is None or self._waiting.log_time <= log_time):
            self._bag.copy(self._waiting)
            self._waiting = next(self._inputs, None)

    def _add_depth(self, image: RecordedImage, result: DepthResult) -> None:
        bag, header = self._bag, self._bag.header(image.stamp, self._frame)

        def write(topic: str, kind: str, **fields: Any) -> None:
            bag.write(topic, bag.new(kind, header=header, **fields), image.log_time)

        def write_image(topic: str, pixels: npt.NDArray, encoding: str) -> None:
            write(topic, "sensor_msgs/msg/Image", **image_fields(pixels, encoding), data=_bytes(pixels))

        bag.write("/depth/camera_info", self._camera_info(image.stamp, result.camera), image.log_time)
        write_image("/image_rect", result.image, "rgb8")
        vector = bag.new("geometry_msgs/msg/Vector3", **vector_fields(result.scale.vector))
        write("/depth/scale", "geometry_msgs/msg/Vector3Stamped", vector=vector)
        write_image(f"/{DEPTH.topic}" if result.metric else "/depth/relative", result.depth, DEPTH.encoding)
        if result.metric:
            points = self._points(result)
            fields = [
                bag.new("sensor_msgs/msg/PointField", name=name, offset=4 * index, datatype=FLOAT32, count=1)
                for index, name in enumerate(POINT_FIELDS)
            ]
            kind = "sensor_msgs/msg/PointCloud2"
            write("/depth/points", kind, fields=fields, **cloud_fields(points, False), data=_bytes(points))

    def _camera_info(self, stamp: int, camera: Camera) -> Any:
        bag = self._bag
        window = {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False}
        fields = camera_info_fields(camera) | {
            "distortion_model": distortion_model(camera),
            "d": np.array(camera.distortion or np.zeros(5)),
            "binning_x": 0,
            "binning_y": 0,
            "roi": bag.new("sensor_msgs/msg/RegionOfInterest", **window),
        }
        return bag.new("sensor_msgs/msg/CameraInfo", header=bag.header(stamp, self._frame), **fields)

    def _points(self, result: DepthResult) -> npt.NDArray[np.float32]:
        if self._cloud is None or self._view != result.camera:
            self._cloud, self._view = PointCloudBuilder(result.camera), result.camera
        return self._cloud.build(result.depth, result.image)

    def _add_motion(self, image: RecordedImage, motion: Motion, trajectory: Trajectory) -> None:
        bag, body, pose = self._bag, self._recording.body_frame, trajectory.pose
        bag.write("/tf", self._transform(image.stamp, ODOM, body, pose), image.log_time)
        place = bag.new(
            "geometry_msgs/msg/Pose",
            position=bag.new("geometry_msgs/msg/Point", **vector_fields(pose[:3, 3])),
            orientation=bag.new("geometry_msgs/msg/Quaternion", **quaternion_fields(pose)),
        )
        velocities = motion.linear_velocity, motion.angular_velocity
        linear, angular = (bag.new("geometry_msgs/msg/Vector3", **vector_fields(value)) for value in velocities)
        twist = bag.new("geometry_msgs/msg/Twist", linear=linear, angular=angular)
        message = bag.new(
            "nav_msgs/msg/Odometry",
            header=bag.header(image.stamp, ODOM),
            child_frame_id=body,
            pose=bag.new(
                "geometry_msgs/msg/PoseWithCovariance", pose=place, covariance=trajectory.covariance.reshape(-1)
            ),
            twist=bag.new(
                "geometry_msgs/msg/TwistWithCovariance",
                twist=twist,
                covariance=np.ascontiguousarray(motion.velocity_covariance).reshape(-1),
            ),
        )
        bag.write("/odom", message, image.log_time)

    def _transform(self, stamp: int, frame: str, child: str, pose: Array) -> Any:
        bag = self._bag
        transform = bag.new(
            "geometry_msgs/msg/Transform",
            translation=bag.new("geometry_msgs/msg/Vector3", **vector_fields(pose[:3, 3])),
            rotation=bag.new("geometry_msgs/msg/Quaternion", **quaternion_fields(pose)),
        )
        stamped = bag.new(
            "geometry_msgs/msg/TransformStamped",
            header=bag.header(stamp, frame),
            child_frame_id=child,
            transform=transform,
        )
        return bag.new("tf2_msgs/msg/TFMessage", transforms=[stamped])


@contextmanager
def output_bag(path: Path, recording: Recording) -> Iterator[OutputBag]:
    """A recording at `path` (a folder that must not be there yet) of what is estimated of another one, with the
    camera's topics, what they were judged by and where the camera is; complete at the end of the `with`.

    Raises: `EvaluationError` if the camera's images have the name of an output; as `new_bag`.
    """
    if recording.topics.image in _TAKEN:
        raise EvaluationError(
            f"{recording.path}: {recording.topics.image} is what the rectified images are recorded as too: rename it"
        )
    with new_bag(path, compressed=True) as bag:
        output = OutputBag(bag, recording)
        yield output
        output.finish()


def _bytes(values: npt.NDArray) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
