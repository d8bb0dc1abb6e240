"""A recorded drive: rosbag2 with sqlite3 or mcap storage, raw or compressed images, read without a ROS install."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from depth_perception.camera_info import camera_from_info
from depth_perception.compressed_formats import decode_compressed, decode_compressed_depth
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.pose import camera_mount, inverse, pose_from, rotation_from_quaternion
from depth_perception.pixel_formats import Depth, Rgb, SampleRange, decode_depth, decode_image
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.timed_poses import TimedPoses
from depth_perception.recordings.topics import COMPRESSED, Topics, choose_topics

TF = "tf2_msgs/msg/TFMessage"


@dataclass(frozen=True)
class RecordedMessage:
    """One message as it lies in the recording; `data` is its CDR serialisation."""

    topic: str
    type_name: str
    log_time: int
    """Nanoseconds, when it was recorded."""
    data: bytes


@dataclass(frozen=True)
class RecordedImage:
    """One image of the recording, decoded when it is asked for: one that is damaged costs only itself."""

    stamp: int
    """Nanoseconds, from the header."""
    message: Any
    samples: SampleRange

    def decode(self) -> Rgb:
        """RGB ``[height, width, 3]``.

        Raises: `PixelFormatError` if the image is damaged or has an encoding that cannot be read.
        """
        message = self.message
        if hasattr(message, "format"):
            return decode_compressed(message.data, str(message.format), self.samples)
        return decode_image(
            message.encoding,
            message.width,
            message.height,
            message.step,
            message.data,
            message.is_bigendian,
            self.samples,
        )


class Recording:
    """An open recording of one camera, with what ground truth it has. Close it, or use it in a `with`.

    Convention:
        Stamps are integer nanoseconds and come from the headers. Images and depth are in the camera's raw pixels,
        odometry is of the body (its child frame) in its own fixed frame.

    Attributes:
        camera: Of the raw images.
        camera_frame: Frame id of the images.
        stamps: Stamps of the images in the order recorded.
        odometry: The true trajectory of the body, or None.
        body_frame: Child frame of the odometry; ``base_link`` where there is none.
        body_from_camera: Pose of the camera's optical frame in the body, ``[4, 4]``, as given or from the recorded
            static transforms; None if they do not connect the two.
        rectified_input: Whether the images are rectified already.
    """

    def __init__(
        self,
        path: str | Path,
        reader: AnyReader,
        topics: Topics,
        rectified_input: bool = False,
        camera_pose: Sequence[float] | None = None,
    ) -> None:
        """For `open` alone."""
        self.path = Path(path)
        self.topics = topics
        self.rectified_input = rectified_input
        self._reader = reader
        images = list(self._stamped(topics.image))
        if not images:
            raise RecordingError(f"{path}: {topics.image} holds no messages, expected the camera's images")
        self.stamps = [stamp for stamp, _ in images]
        if len(images) > 1 and len(set(self.stamps)) == 1:
            raise RecordingError(
                f"{path}: all {len(images)} images of {topics.image} have the same stamp {self.stamps[0]} ns:"
                " the camera driver must stamp its images"
            )
        self.camera_frame = str(self._first(topics.image).header.frame_id)
        self.camera = self._read_camera()
        self._depth_log_times = dict(self._stamped(topics.depth)) if topics.depth else {}
        self.odometry, self.body_frame = self._read_odometry()
        self.body_from_camera = self._read_extrinsics() if camera_pose is None else camera_mount(camera_pose)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        image_topic: str | None = None,
        camera_info_topic: str | None = None,
        depth_topic: str | None = None,
        odometry_topic: str | None = None,
        rectified_input: bool = False,
        camera_pose: Sequence[float] | None = None,
    ) -> Recording:
        """Opens a rosbag2 folder or one bare ``.mcap`` or ``.db3`` file; topics not named are chosen (`choose_topics`).

        Args:
            rectified_input, camera_pose: As `depth_perception.estimators.settings` says; a pose that is given counts,
                not the recorded one.

        Raises: `RecordingError` if it is missing, damaged, or does not say unambiguously which camera to use;
            `GeometryError` if the camera is not calibrated.
        """
        reader = open_reader(Path(path))
        try:
            topics = choose_topics(
                [(connection.topic, connection.msgtype, connection.msgcount) for connection in reader.connections],
                image=image_topic,
                camera_info=camera_info_topic,
                depth=depth_topic,
                odometry=odometry_topic,
            )
            return cls(path, reader, topics, rectified_input, camera_pose)
        except RecordingError as error:
            reader.close()
            text = str(error)
            raise RecordingError(text if text.startswith(str(path)) else f"{path}: {text}") from None
        except BaseException:
            reader.close()
            raise

    @property
    def duration(self) -> float:
        """Seconds from the first image to the last."""
        return (max(self.stamps) - min(self.stamps)) * 1e-9

    def images(self) -> Iterator[RecordedImage]:
        """All images in the order recorded."""
        samples = SampleRange()
        for connection, _, data in self._messages([self.topics.image]):
            message = self._deserialise(connection, data)
            yield RecordedImage(_nanoseconds(message.header.stamp), message, samples)

    def depth(self, stamp: int) -> Depth | None:
        """True depth of the image with this stamp: metres ``[height, width]``, NaN where unknown; None without any.

        Raises: `RecordingError` if its size is not the camera's; `PixelFormatError` if it cannot be decoded.
        """
        log_time = self._depth_log_times.get(stamp)
        if log_time is None or self.topics.depth is None:
            return None
        # one nanosecond early: the reader leaves out an mcap chunk that ends exactly at the start
        for connection, _, data in self._messages([self.topics.depth], log_time - 1, log_time + 1):
            message = self._deserialise(connection, data)
            if _nanoseconds(message.header.stamp) != stamp:
                continue
            if connection.msgtype == COMPRESSED:
                depth = decode_compressed_depth(message.data, str(message.format))
            else:
                depth = decode_depth(
                    message.encoding, message.width, message.height, message.step, message.data, message.is_bigendian
                )
            if depth.shape != (self.camera.height, self.camera.width):
                raise RecordingError(
                    f"{self.path}: {self.topics.depth} is {depth.shape[1]}x{depth.shape[0]}, expected"
                    f" {self.camera.width}x{self.camera.height} as the camera: it must lie on the image's pixels"
                )
            return depth
        return None

    def has_depth(self, stamp: int) -> bool:
        """Whether there is a true depth of the image with this stamp."""
        return stamp in self._depth_log_times

    def messages(self, topics: Iterable[str]) -> Iterator[RecordedMessage]:
        """The messages of some topics as they were recorded, in order of time."""
        for connection, log_time, data in self._messages(list(topics)):
            yield RecordedMessage(connection.topic, connection.msgtype, log_time, data)

    def message_types(self, topics: Iterable[str]) -> dict[str, str]:
        """The type of each of these topics, e.g. ``sensor_msgs/msg/Image``."""
        wanted = set(topics)
        return {item.topic: item.msgtype for item in self._reader.connections if item.topic in wanted}

    @property
    def static_transform_topics(self) -> list[str]:
        """Usually ``/tf_static``; empty if there is none."""
        return [item.topic for item in self._reader.connections if item.msgtype == TF and "tf_static" in item.topic]

    def close(self) -> None:
        if self._reader.isopen:
            self._reader.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _messages(
        self, topics: list[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[tuple[Connection, int, bytes]]:
        connections = [connection for connection in self._reader.connections if connection.topic in topics]
        if not connections:
            return
        messages = self._reader.messages(connections, start, stop)
        while True:
            try:
                item = next(messages, None)
            except Exception as error:  # a damaged file surfaces as whatever sqlite3, zstd or struct make of it
                raise _damaged(self.path, error) from error
            if item is None:
                return
            yield item

    def _deserialise(self, connection: Connection, data: bytes) -> Any:
        try:
            return self._reader.deserialize(data, connection.msgtype)
        except Exception as error:
            raise _damaged(self.path, error) from error

    def _stamped(self, topic: str) -> Iterator[tuple[int, int]]:
        """Stamp and log time of all messages of a topic whose first field is a header."""
        for _, log_time, data in self._messages([topic]):
            yield header_stamp(data), log_time

    def _first(self, topic: str) -> Any:
        for connection, _, data in self._messages([topic]):
            return self._deserialise(connection, data)
        raise RecordingError(f"{self.path}: {topic} holds no messages")

    def _read_camera(self) -> Camera:
        try:
            return camera_from_info(self._first(self.topics.camera_info), rectified=self.rectified_input)
        except GeometryError as error:
            raise GeometryError(f"{self.path}: {self.topics.camera_info}: {error}") from None

    def _read_odometry(self) -> tuple[TimedPoses | None, str]:
        if self.topics.odometry is None:
            return None, "base_link"
        poses: dict[int, npt.NDArray[np.float64]] = {}
        body = "base_link"
        for connection, _, data in self._messages([self.topics.odometry]):
            message = self._deserialise(connection, data)
            body = str(message.child_frame_id) or body
            position, orientation = message.pose.pose.position, message.pose.pose.orientation
            poses[_nanoseconds(message.header.stamp)] = _pose(position, orientation)
        if not poses:
            raise RecordingError(f"{self.path}: {self.topics.odometry} holds no messages")
        stamps = sorted(poses)
        return TimedPoses(np.array(stamps, np.int64), np.array([poses[stamp] for stamp in stamps])), body

    def _read_extrinsics(self) -> npt.NDArray[np.float64] | None:
        parents: dict[str, tuple[str, npt.NDArray[np.float64]]] = {}
        for connection, _, data in self._messages(self.static_transform_topics):
            for item in self._deserialise(connection, data).transforms:
                pose = _pose(item.transform.translation, item.transform.rotation)
                parents[str(item.child_frame_id).lstrip("/")] = (str(item.header.frame_id).lstrip("/"), pose)
        body, camera = _to_root(self.body_frame.lstrip("/"), parents), _to_root(self.camera_frame.lstrip("/"), parents)
        for frame, root_from_camera in camera.items():
            if frame in body:
                return inverse(body[frame]) @ root_from_camera
        return None


def header_stamp(data: bytes) -> int:
    """Nanoseconds of the stamp of a serialised message whose first field is a header (CDR: 4 bytes, then the stamp)."""
    seconds, nanoseconds = struct.unpack_from(_stamp_format(data), data, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def with_header_stamp(data: bytes, stamp: int) -> bytes:
    """The same serialised message with another stamp (nanoseconds)."""
    changed = bytearray(data)
    struct.pack_into(_stamp_format(data), changed, 4, *divmod(stamp, 1_000_000_000))
    return bytes(changed)


def _stamp_format(data: bytes) -> str:
    return "<iI" if data[1] & 1 else ">iI"


def _to_root(frame: str, parents: dict[str, tuple[str, npt.NDArray[np.float64]]]) -> dict[str, npt.NDArray[np.float64]]:
    """The frame and all its ancestors, nearest first, each with the pose of the frame in it."""
    poses = {frame: np.eye(4)}
    pose = np.eye(4)
    while frame in parents:
        frame, step = parents[frame]
        if frame in poses:
            break
        pose = step @ pose
        poses[frame] = pose
    return poses


def _pose(position: Any, orientation: Any) -> npt.NDArray[np.float64]:
    rotation = rotation_from_quaternion([orientation.x, orientation.y, orientation.z, orientation.w])
    return pose_from(rotation, [position.x, position.y, position.z])


def _nanoseconds(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def open_reader(path: Path) -> AnyReader:
    """The recording's connections and messages as they are; `Recording` is what to read a drive with.

    Raises: `RecordingError` if it is missing or damaged.
    """
    if not path.exists():
        raise RecordingError(f"{path}: there is no such recording, expected a rosbag2 folder")
    if path.suffix == ".bag":
        raise RecordingError(f"{path}: is a ROS 1 bag: convert it with rosbags-convert --src {path} --dst FOLDER")
    if path.is_dir() and not (path / "metadata.yaml").exists():
        storages = sorted(item.name for item in path.iterdir() if item.suffix in (".mcap", ".db3"))
        if not storages:
            raise RecordingError(
                f"{path}: is not a rosbag2 folder: it has neither metadata.yaml nor .mcap or .db3 files"
            )
        raise RecordingError(
            f"{path}: has {', '.join(storages)} but no metadata.yaml: the recording was not closed,"
            f" repair it with ros2 bag reindex {path}, or give the file itself"
        )
    try:
        reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        reader.open()
    except Exception as error:  # as in `_messages`
        raise _damaged(path, error) from error
    return reader


def _damaged(path: Path, error: Exception) -> RecordingError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return RecordingError(
        f"{path}: cannot be read as a recording ({reason}): it is damaged or cut short, copy it again or repair it"
        f" with ros2 bag reindex {path}"
    )
