"""Small recordings whose every figure is known: a camera that drives straight ahead, half a metre a frame.

Its images are smooth grey pictures and its true depth is what `helpers.models.luma_depth` answers to them: with
`write_depth_model` and `write_pose_model` of the same camera, depth and odometry are right to the encoding loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import yaml
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from depth_perception.recordings.bag import Bag
from depth_perception.recordings.storage import RecordedMessage
from helpers.models import luma_depth

START = 1_700_000_000_000_000_000
STEP = 0.5
CAMERA_HEIGHT = 1.5
OPTICAL_FRAME = "camera_optical_frame"


def picture(index: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Frame `index`: grey, brighter (so farther) towards the top, with a few soft waves that move."""
    rows = np.linspace(0.8, 0.1, height)[:, None]
    waves = 0.1 * np.sin(np.linspace(0, 6, width) + 0.3 * index)[None]
    grey = np.clip(255 * (rows + waves), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def road(height_in_units: float, width: int, height: int, focal_length: float) -> npt.NDArray[np.uint8]:
    """A flat road so many units below a level camera, and nothing above the horizon, as `luma_depth` reads it."""
    below = np.maximum(np.arange(height) - (height - 1) / 2, 1e-3)
    units = np.minimum(height_in_units * focal_length / below, 50.0)
    grey = np.rint((units - 1.0) / 49.0 * 255).astype(np.uint8)
    return np.broadcast_to(grey[:, None, None], (height, width, 3)).copy()


def write_recording(
    path: Path,
    *,
    frames: int = 8,
    rate: float = 10.0,
    width: int = 64,
    height: int = 32,
    focal_length: float = 40.0,
    storage: Literal["mcap", "sqlite3"] = "mcap",
    encoding: str = "jpeg",
    image_topic: str | None = None,
    camera_info_topic: str = "/camera/camera_info",
    depth: Literal["png", "16UC1", "32FC1"] | None = "png",
    depth_every: int = 1,
    odometry: bool = True,
    camera_info: bool = True,
    static_transform: bool = True,
    start: int = START,
    image_of: Callable[[int], npt.NDArray[np.uint8]] | None = None,
    metres_per_unit: float = 1.0,
    rectified_focal_length: float | None = None,
    change: Callable[[str, int, Any], Any] = lambda topic, index, message: message,
) -> list[int]:
    """Writes a rosbag2 folder and returns the stamps of its images.

    Args:
        encoding: ``jpeg`` or ``png`` for a CompressedImage, ``rgb8`` or ``mono8`` for an Image.
        image_of: the image of each index; `picture` if None.
        metres_per_unit: of true depth, to `luma_depth`.
        rectified_focal_length: that of the camera_info's P, if it is another one than K's.
        change: what becomes of each message, by its topic and the number of its frame; None is not written.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    types = store.types
    compressed = encoding in ("jpeg", "png")
    topic = image_topic or "/camera/image_raw" + ("/compressed" if compressed else "")
    stamps = [start + round(index * 1e9 / rate) for index in range(frames)]

    def header(stamp: int, frame: str) -> Any:
        time = types["builtin_interfaces/msg/Time"](*divmod(stamp, 1_000_000_000))
        return types["std_msgs/msg/Header"](time, frame)

    def vector(x: float, y: float, z: float) -> Any:
        return types["geometry_msgs/msg/Vector3"](x, y, z)

    def compressed_image(stamp: int, pixels: npt.NDArray, kind: str, form: str) -> Any:
        data = cv2.imencode(f".{kind}", pixels, [cv2.IMWRITE_JPEG_QUALITY, 98])[1]
        return types["sensor_msgs/msg/CompressedImage"](header(stamp, OPTICAL_FRAME), form, data.ravel())

    def raw_image(stamp: int, pixels: npt.NDArray, kind: str) -> Any:
        data = np.frombuffer(pixels.tobytes(), np.uint8)
        step = data.size // height
        return types["sensor_msgs/msg/Image"](header(stamp, OPTICAL_FRAME), height, width, kind, 0, step, data)

    def odometry_at(stamp: int, x: float) -> Any:
        point = types["geometry_msgs/msg/Point"](x, 0.0, 0.0)
        pose = types["geometry_msgs/msg/Pose"](point, types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0))
        twist = types["geometry_msgs/msg/Twist"](vector(STEP * rate, 0.0, 0.0), vector(0.0, 0.0, 0.0))
        return types["nav_msgs/msg/Odometry"](
            header(stamp, "odom"),
            "base_link",
            types["geometry_msgs/msg/PoseWithCovariance"](pose, np.zeros(36)),
            types["geometry_msgs/msg/TwistWithCovariance"](twist, np.zeros(36)),
        )

    def transforms(stamp: int) -> Any:
        # optical axes in the body's: x right = -y, y down = -z, z forward = x
        rotation = types["geometry_msgs/msg/Quaternion"](-0.5, 0.5, -0.5, 0.5)
        transform = types["geometry_msgs/msg/Transform"](vector(1.0, 0.0, CAMERA_HEIGHT), rotation)
        stamped = types["geometry_msgs/msg/TransformStamped"](header(stamp, "base_link"), OPTICAL_FRAME, transform)
        return types["tf2_msgs/msg/TFMessage"]([stamped])

    def info(stamp: int) -> Any:
        cx, cy = (width - 1) / 2, (height - 1) / 2
        k = np.array([focal_length, 0, cx, 0, focal_length, cy, 0, 0, 1.0])
        f = rectified_focal_length or focal_length
        p = np.array([f, 0, cx, 0, 0, f, cy, 0, 0, 0, 1.0, 0])
        region = types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
        return types["sensor_msgs/msg/CameraInfo"](
            header(stamp, OPTICAL_FRAME), height, width, "plumb_bob", np.zeros(5), k, np.eye(3).ravel(), p, 0, 0, region
        )

    plugin = StoragePlugin.MCAP if storage == "mcap" else StoragePlugin.SQLITE3
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connections: dict[str, Any] = {}

        def write(name: str, message: Any, stamp: int) -> None:
            message = change(name, stamps.index(stamp), message)
            if message is None:
                return
            kind = message.__msgtype__
            if name not in connections:
                connections[name] = writer.add_connection(name, kind, typestore=store)
            writer.write(connections[name], stamp, bytes(store.serialize_cdr(message, kind)))

        for index, stamp in enumerate(stamps):
            image = picture(index, width, height) if image_of is None else image_of(index)
            if static_transform and index == 0:
                write("/tf_static", transforms(stamp), stamp)
            if camera_info:
                write(camera_info_topic, info(stamp), stamp)
            if compressed:
                write(topic, compressed_image(stamp, image[..., ::-1], encoding, encoding), stamp)
            else:
                write(topic, raw_image(stamp, image[..., 0] if encoding == "mono8" else image, encoding), stamp)
            if odometry:
                write("/ground_truth/odom", odometry_at(stamp, STEP * index), stamp)
            if depth and index % depth_every == 0:
                truth = luma_depth(image) * np.float32(metres_per_unit)
                millimetres = np.round(truth * 1000).astype(np.uint16)
                if depth == "png":
                    message = compressed_image(stamp, millimetres, "png", "16UC1; png")
                    write("/ground_truth/depth/compressed", message, stamp)
                else:
                    pixels = truth if depth == "32FC1" else millimetres
                    write("/ground_truth/depth", raw_image(stamp, pixels, depth), stamp)
    return stamps


def write_calibration(
    path: Path, focal_length: float = 40.0, width: int = 64, distortion: tuple[float, ...] = (0.0,) * 5
) -> str:
    """Of the camera of `write_recording`, as camera_calibration's cameracalibrator writes it."""
    matrix = [focal_length, 0.0, (width - 1) / 2, 0.0, focal_length, 15.5, 0.0, 0.0, 1.0]
    values = {
        "image_width": width,
        "image_height": 32,
        "camera_name": "narrow",
        "camera_matrix": {"rows": 3, "cols": 3, "data": matrix},
        "distortion_model": "plumb_bob" if len(distortion) <= 5 else "rational_polynomial",
        "distortion_coefficients": {"rows": 1, "cols": len(distortion), "data": list(distortion)},
    }
    path.write_text(yaml.safe_dump(values))
    return str(path)


def later(message: Any, nanoseconds: int) -> Any:
    """The message with another stamp in its header."""
    time = message.header.stamp
    stamp = time.sec * 1_000_000_000 + time.nanosec + nanoseconds
    time = replace(time, sec=stamp // 1_000_000_000, nanosec=stamp % 1_000_000_000)
    return replace(message, header=replace(message.header, stamp=time))


def messages_of(path: Path) -> list[RecordedMessage]:
    """All messages of a recording in order of time."""
    with Bag(path) as bag:
        return list(bag.messages(topic.name for topic in bag.topics))


def write_mcap(
    path: Path,
    messages: Iterable[RecordedMessage],
    *,
    profile: str = "ros2",
    channels: int = 1,
    serialisation: str = "cdr",
    **options: Any,
) -> None:
    """Writes messages in the order given, as any writer may that is not rosbag2.

    Args:
        channels: of each topic, taken in turn.
        options: of `mcap.writer.Writer`.
    """
    with path.open("wb") as file:
        writer = McapWriter(file, **options)
        writer.start(profile, library="a test")
        numbers: dict[tuple[str, int], int] = {}
        for index, message in enumerate(messages):
            key = (message.topic, index % channels)
            if key not in numbers:
                schema = writer.register_schema(message.type_name, "ros2msg", b"# a definition")
                numbers[key] = writer.register_channel(message.topic, serialisation, schema)
            writer.add_message(numbers[key], message.log_time, message.data, message.log_time)
        writer.finish()
