"""A drive as a rosbag2 recording (mcap): what a camera on a vehicle would have recorded, and the truth beside it.

Topics: ``/camera/image_raw/compressed`` (jpeg), ``/camera/camera_info``, ``/ground_truth/depth/compressed``
(16-bit png, millimetres, 0 where there is nothing within 65 m), ``/ground_truth/odom`` (``base_link`` in ``odom``,
which is where it starts), ``/tf_static`` (``base_link`` to ``camera_optical_frame``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from depth_perception.camera_info import distortion_model
from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse, vector_from_rotation
from depth_perception.message_fields import quaternion_fields, vector_fields
from depth_perception.progress import shown
from depth_perception.recordings.bag_writer import BagWriter, new_bag
from training.rendering.frame import Frame
from training.street.drive import DriveConfig, render_drive
from training.street.errors import StreetError

START = 1_700_000_000
"""Stamp of the first frame, seconds: a fixed one, so that equal drives give equal messages."""

CAMERA_FRAME, BASE_FRAME, ODOM_FRAME = "camera_optical_frame", "base_link", "odom"
VARIANCE = 1e-6
"""Of every part of the true pose and twist: the truth is known, but no covariance is ever zero."""


def write_bag(config: DriveConfig, path: str | Path, depth_every: int = 1, jpeg_quality: int = 85) -> None:
    """Renders a drive into the recording folder `path`, which is complete or absent. Progress goes to stderr.

    Args:
        depth_every: true depth comes with every k-th frame, from the first.
        jpeg_quality: 1 to 100.

    Raises: `RecordingError` if there is something at `path`; `StreetError` if the drive cannot be rendered.
    """
    path = Path(path)
    if depth_every < 1 or not 1 <= jpeg_quality <= 100:
        raise StreetError(
            f"depth every {depth_every} frames at jpeg quality {jpeg_quality} was asked for:"
            " expected at least 1, and 1 to 100"
        )
    with new_bag(path) as bag:
        _write(config, bag, path.name, depth_every, jpeg_quality)


def _write(config: DriveConfig, bag: BagWriter, name: str, depth_every: int, jpeg_quality: int) -> None:
    messages = _Messages(config, bag)

    def write(topic: str, message: Any, seconds: float) -> None:
        bag.write(topic, message, START * 10**9 + round(seconds * 1e9))

    write("/tf_static", messages.mount(), 0.0)
    frames = shown(render_drive(config), config.frames, name, "frames")
    for index, (frame, turning) in enumerate(_with_turning(frames, config)):
        write("/camera/camera_info", messages.camera_info(frame.stamp), frame.stamp)
        write("/camera/image_raw/compressed", messages.image(frame, jpeg_quality), frame.stamp)
        write("/ground_truth/odom", messages.odometry(frame, turning), frame.stamp)
        if index % depth_every == 0:
            write("/ground_truth/depth/compressed", messages.depth(frame), frame.stamp)


def _with_turning(frames: Iterator[Frame], config: DriveConfig) -> Iterator[tuple[Frame, npt.NDArray[np.float64]]]:
    """Every frame with the rate ``[3]`` of rotation of ``base_link`` in its own axes, rad/s, until the next frame."""
    base_from_camera = config.camera_in_base
    turning: npt.NDArray[np.float64] = np.zeros(3)
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            motion = base_from_camera @ inverse(held.pose) @ frame.pose @ inverse(base_from_camera)
            turning = vector_from_rotation(motion[:3, :3]) * config.rate
            yield held, turning
        held = frame
    if held is not None:
        yield held, turning


def depth_in_millimetres(depth: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Depth as a 16UC1 image: millimetres, 0 for what is further than those can say."""
    millimetres = np.rint(depth * 1000.0)
    return np.where(millimetres <= 65535.0, millimetres, 0.0).astype(np.uint16)


class _Messages:
    """Builds the messages of a recording."""

    def __init__(self, config: DriveConfig, bag: BagWriter) -> None:
        self._new = bag.new
        self._config = config
        self._origin: npt.NDArray[np.float64] | None = None

    def camera_info(self, stamp: float) -> Any:
        camera = self._config.camera
        return self._new(
            "sensor_msgs/msg/CameraInfo",
            header=self._header(stamp, CAMERA_FRAME),
            height=camera.height,
            width=camera.width,
            distortion_model=distortion_model(camera),
            d=_coefficients(camera),
            k=camera.matrix.reshape(-1),
            r=np.eye(3).reshape(-1),
            p=np.c_[camera.matrix, np.zeros(3)].reshape(-1),
            binning_x=0,
            binning_y=0,
            roi=self._new(
                "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
            ),
        )

    def image(self, frame: Frame, quality: int) -> Any:
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return self._compressed(frame.stamp, "bgr8; jpeg compressed bgr8", data)

    def depth(self, frame: Frame) -> Any:
        data = cv2.imencode(".png", depth_in_millimetres(frame.depth), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
        return self._compressed(frame.stamp, "16UC1; png", data)

    def odometry(self, frame: Frame, turning: npt.NDArray[np.float64]) -> Any:
        base = frame.pose @ inverse(self._config.camera_in_base)
        if self._origin is None:
            self._origin = inverse(base)
        pose = self._origin @ base
        covariance = (np.eye(6) * VARIANCE).reshape(-1)
        twist = self._new(
            "geometry_msgs/msg/Twist", linear=self._vector([frame.speed, 0.0, 0.0]), angular=self._vector(turning)
        )
        return self._new(
            "nav_msgs/msg/Odometry",
            header=self._header(frame.stamp, ODOM_FRAME),
            child_frame_id=BASE_FRAME,
            pose=self._new(
                "geometry_msgs/msg/PoseWithCovariance",
                pose=self._new(
                    "geometry_msgs/msg/Pose",
                    position=self._new("geometry_msgs/msg/Point", **vector_fields(pose[:3, 3])),
                    orientation=self._quaternion(pose),
                ),
                covariance=covariance,
            ),
            twist=self._new("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=covariance.copy()),
        )

    def mount(self) -> Any:
        mount = self._config.camera_in_base
        transform = self._new(
            "geometry_msgs/msg/Transform", translation=self._vector(mount[:3, 3]), rotation=self._quaternion(mount)
        )
        stamped = self._new(
            "geometry_msgs/msg/TransformStamped",
            header=self._header(0.0, BASE_FRAME),
            child_frame_id=CAMERA_FRAME,
            transform=transform,
        )
        return self._new("tf2_msgs/msg/TFMessage", transforms=[stamped])

    def _compressed(self, stamp: float, form: str, data: npt.NDArray[np.uint8]) -> Any:
        header = self._header(stamp, CAMERA_FRAME)
        return self._new("sensor_msgs/msg/CompressedImage", header=header, format=form, data=data.reshape(-1))

    def _header(self, stamp: float, frame: str) -> Any:
        seconds, nanoseconds = divmod(round(stamp * 1e9), 10**9)
        time = self._new("builtin_interfaces/msg/Time", sec=START + seconds, nanosec=nanoseconds)
        return self._new("std_msgs/msg/Header", stamp=time, frame_id=frame)

    def _vector(self, values: npt.ArrayLike) -> Any:
        return self._new("geometry_msgs/msg/Vector3", **vector_fields(values))

    def _quaternion(self, pose: npt.NDArray[np.float64]) -> Any:
        return self._new("geometry_msgs/msg/Quaternion", **quaternion_fields(pose))


def _coefficients(camera: Camera) -> npt.NDArray[np.float64]:
    """The distortion as camera_info has it: at least five coefficients of a perspective lens."""
    least = 4 if camera.projection == "equidistant" else 5
    return np.array(camera.distortion + (0.0,) * (least - len(camera.distortion)))
