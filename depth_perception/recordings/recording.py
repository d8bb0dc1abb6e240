"""A recorded drive: the images of one camera with its calibration, and what ground truth there is."""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.calibration_file import read_calibration_info
from depth_perception.camera_info import camera_from_info, doubts_about, is_called_rectified, takes_p
from depth_perception.compressed_formats import decode_compressed, decode_compressed_depth
from depth_perception.geometry.camera import Camera, GeometryError
from depth_perception.geometry.mount import check_mount
from depth_perception.geometry.pose import camera_mount, inverse
from depth_perception.pixel_formats import Depth, PixelFormatError, Rgb, SampleRange, decode_depth, decode_image
from depth_perception.recordings import matching
from depth_perception.recordings.bag import Bag
from depth_perception.recordings.depth_pixels import are_alike, on_pixels_of
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.lidar import depth_of_points, points_of
from depth_perception.recordings.moving_frames import MovingFrames
from depth_perception.recordings.pose_files import PosesOf, read_poses
from depth_perception.recordings.static_transforms import StaticTransforms
from depth_perception.recordings.storage import RecordedMessage
from depth_perception.recordings.timed_poses import LONGEST_GAP, TimedPoses
from depth_perception.recordings.topics import (
    CAMERA_INFO,
    COMPRESSED,
    POINTS,
    TF,
    TRANSFORM,
    Topics,
    camera_info_beside,
    choose_topics,
    unused_truth,
)
from depth_perception.recordings.true_poses import nanoseconds, true_poses

BODIES = ("base_link", "base_footprint")
"""What the frame of the vehicle is called in TF, in the order of preference."""


@dataclass(frozen=True)
class RecordedImage:
    """One image of the recording, decoded when it is asked for: one that is damaged costs only itself.

    Attributes:
        stamp: Nanoseconds, from the header.
        camera: That of the camera_info with its stamp, else of the latest before.
    """

    stamp: int
    camera: Camera
    _message: RecordedMessage = field(repr=False)
    _bag: Bag = field(repr=False)
    _samples: SampleRange = field(repr=False)

    @property
    def log_time(self) -> int:
        """Nanoseconds, when it was recorded."""
        return self._message.log_time

    def decode(self) -> Rgb:
        """RGB ``[height, width, 3]``.

        Raises: `PixelFormatError` if the image is damaged or has an encoding that cannot be read.
        """
        message = _fields(self._bag, self._message)
        if self._message.type_name == COMPRESSED:
            return decode_compressed(message.data, str(message.format), self._samples)
        return decode_image(**_image_fields(message), samples=self._samples)


@dataclass(frozen=True)
class TrueDepth:
    """What was measured of one image.

    Attributes:
        depth: Metres along the optical axis, ``[height, width]``, NaN where there is none.
        camera: Whose pixels they are.
    """

    depth: Depth
    camera: Camera


class Recording:
    """An open recording of one camera, with what ground truth it has. Close it, or use it in a `with`.

    Convention:
        Stamps are integer nanoseconds and come from the headers. Images and depth are in the camera's raw pixels,
        odometry is of the body (its child frame) in its own fixed frame.

    Attributes:
        camera: Of the first image; see `RecordedImage.camera` for those that zoom.
        camera_frame: Frame id of the images.
        stamps: Stamps of the images in the order recorded.
        odometry: The true trajectory of the body, or None.
        body_frame: Child frame of the odometry; ``base_link`` where there is none.
        body_from_camera: Pose of the camera's optical frame in the body, ``[4, 4]``, as given or from the recorded
            static transforms; None if they do not connect the two.
        rectified_input: As it was given.
        depth_doubt: What tells that true depth is not of the image's camera; empty if nothing does.
        poses_of: Whose poses those of a file were taken to be; None if there is none.
    """

    def __init__(
        self,
        bag: Bag,
        topics: Topics,
        rectified_input: str = "auto",
        camera_pose: Sequence[float] | None = None,
        calibration: str | Path | None = None,
        poses: str | Path | None = None,
        poses_of: PosesOf = "body",
    ) -> None:
        """For `open` alone."""
        self.path = bag.path
        self.topics = topics = topics if poses is None else replace(topics, odometry=None)
        self._bag = bag
        self._remarks: list[str] = []
        self._truth_found: list[str] = []
        self.stamps = [stamp for stamp, _ in self._stamped(topics.image)]
        if not self.stamps:
            raise RecordingError(f"{self.path}: {topics.image} holds no messages, expected the camera's images")
        if len(self.stamps) > 1 and len(set(self.stamps)) == 1:
            raise RecordingError(
                f"{self.path}: all {len(self.stamps)} images of {topics.image} have the same stamp {self.stamps[0]} ns:"
                " the camera driver must stamp its images"
            )
        self.camera_frame = bag.frame_of(topics.image)
        self.rectified_input = rectified_input
        self._projected: dict[Camera, Camera] = {}
        self.poses_of: PosesOf | None = None if poses is None else poses_of
        self._cameras = self._read_cameras() if calibration is None else {0: self._read_calibration(calibration)}
        self._camera_stamps = sorted(self._cameras)
        self.camera = self.camera_at(self.stamps[0])
        if len(self.cameras) > 1:
            focal_lengths = sorted(camera.fx for camera in self.cameras)
            self._remark(
                f"{topics.camera_info} describes {len(focal_lengths)} cameras, with focal lengths from"
                f" {focal_lengths[0]:.4g} to {focal_lengths[-1]:.4g} px: each image is taken with its own"
            )
        self._depth_of, self._depth_log_times = self._match_depth()
        self.transforms = StaticTransforms(bag.readable(self.static_transform_topics))
        self.odometry, self.body_frame = self._read_odometry()
        self._mount_refused = ""
        self.body_from_camera = self._read_mount() if camera_pose is None else camera_mount(camera_pose)
        if self.body_from_camera is not None:
            for doubt in check_mount(self.body_from_camera, self.camera_frame, stated=camera_pose is not None):
                self._remark(doubt)
        self._depth_camera = self._read_depth_camera()
        self.depth_doubt = self._doubt_depth()
        if self.depth_doubt:
            self._remark(self.depth_doubt)
        if poses is not None:
            self.odometry = self._read_pose_file(poses, poses_of)
        if topics.depth is not None and self.message_types([topics.depth])[topics.depth] == POINTS:
            self._camera_from_lidar = self._mount_of_lidar(topics.depth, camera_pose)
        self._remarks += unused_truth(bag.topics, topics if poses is None else replace(topics, odometry=str(poses)))

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        image_topic: str | None = None,
        camera_info_topic: str | None = None,
        depth_topic: str | None = None,
        odometry_topic: str | None = None,
        speed_topic: str | None = None,
        rectified_input: str = "auto",
        camera_pose: Sequence[float] | None = None,
        calibration: str | Path | None = None,
        poses: str | Path | None = None,
        poses_of: PosesOf = "body",
    ) -> Recording:
        """Opens a rosbag2 folder or one bare ``.mcap`` or ``.db3`` file; topics not named are chosen (`choose_topics`).

        Args:
            rectified_input, camera_pose: As `depth_perception.estimators.settings` says; a pose that is given counts,
                not the recorded one.
            calibration: A file of camera_calibration, that counts in place of camera_info.
            poses: A file of the true trajectory, that counts in place of a topic: see `pose_files`.
            poses_of: Whose it is.

        Raises: `RecordingError` if it is missing, damaged, or does not say unambiguously which camera to use;
            `GeometryError` if the camera is not calibrated.
        """
        bag = Bag(path)
        try:
            topics = choose_topics(
                bag.topics,
                image=image_topic,
                camera_info=camera_info_topic if calibration is None else "",
                depth=depth_topic,
                odometry=odometry_topic,
                speed=speed_topic,
                frame_of=bag.frame_of,
            )
            return cls(bag, topics, rectified_input, camera_pose, calibration, poses, poses_of)
        except RecordingError as error:
            bag.close()
            text = str(error)
            raise RecordingError(text if text.startswith(str(path)) else f"{path}: {text}") from None
        except BaseException:
            bag.close()
            raise

    @property
    def duration(self) -> float:
        """Seconds from the first image to the last."""
        return (max(self.stamps) - min(self.stamps)) * 1e-9

    @property
    def truth_found(self) -> tuple[str, ...]:
        """How much of the truth belongs to the images, a sentence for each kind there is."""
        return tuple(self._truth_found)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is not as it should be, or had to be guessed, a sentence each."""
        return (*self._bag.remarks, *self._remarks)

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """All cameras that its images have, which is one unless it zooms, in the order of time."""
        return tuple(dict.fromkeys(self.camera_at(stamp) for stamp in self.stamps))

    def camera_at(self, stamp: int) -> Camera:
        """The camera of the image with this stamp: of the camera_info that has it too, else of the latest before, else
        of the first.
        """
        place = max(0, bisect_right(self._camera_stamps, stamp) - 1)
        return self._cameras[self._camera_stamps[place]]

    def images(self) -> Iterator[RecordedImage]:
        """All images in the order recorded."""
        samples = SampleRange()
        for stamp, message in self._stamped(self.topics.image):
            yield RecordedImage(stamp, self.camera_at(stamp), message, self._bag, samples)

    def depth(self, stamp: int) -> TrueDepth | None:
        """True depth of the image with this stamp; None without any.

        Raises: `RecordingError` if its pixels are not those of the camera; `PixelFormatError` if it cannot be decoded.
        """
        its_stamp = self._depth_of.get(stamp)
        if its_stamp is None or self.topics.depth is None:
            return None
        log_time = self._depth_log_times[its_stamp]
        for found, message in self._stamped(self.topics.depth, log_time, log_time + 1):
            if found != its_stamp:
                continue
            content = _fields(self._bag, message)
            if message.type_name == POINTS:
                camera, to_camera = self.camera_at(stamp).rectified(), self._camera_from_lidar
                points = points_of(content) @ to_camera[:3, :3].T + to_camera[:3, 3]
                return TrueDepth(depth_of_points(points, camera), camera)
            if message.type_name == COMPRESSED:
                depth = decode_compressed_depth(content.data, str(content.format))
            else:
                depth = decode_depth(**_image_fields(content))
            return self._on_image(depth, self.camera_at(stamp))
        return None

    def has_depth(self, stamp: int) -> bool:
        """Whether there is a true depth of the image with this stamp."""
        return stamp in self._depth_of

    def messages(self, topics: Iterable[str]) -> Iterator[RecordedMessage]:
        """The messages of some topics as they were recorded, in order of time."""
        return self._bag.messages(topics)

    def speeds(self) -> Iterator[tuple[int, float]]:
        """Measured speeds, in the order of their recording: stamps in nanoseconds, and m/s; none if none is named."""
        if self.topics.speed is not None:
            for message in self._bag.readable([self.topics.speed]):
                twist = message.twist
                linear = getattr(twist, "twist", twist).linear
                yield nanoseconds(message.header.stamp), math.hypot(linear.x, linear.y, linear.z)

    def message_types(self, topics: Iterable[str]) -> dict[str, str]:
        """The type of each of these topics, e.g. ``sensor_msgs/msg/Image``."""
        wanted = set(topics)
        return {topic.name: topic.type_name for topic in self._bag.topics if topic.name in wanted}

    @property
    def static_transform_topics(self) -> list[str]:
        """Usually ``/tf_static``; empty if there is none."""
        return [topic.name for topic in self._bag.topics if topic.type_name == TF and "tf_static" in topic.name]

    def close(self) -> None:
        self._bag.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stamped(
        self, topic: str, start: int | None = None, stop: int | None = None
    ) -> Iterator[tuple[int, RecordedMessage]]:
        """The messages of a topic whose first field is a header, each with its stamp; none that are cut short."""
        short = 0
        for message in self._bag.messages([topic], start, stop):
            try:
                stamp = header_stamp(message.data)
            except RecordingError:
                short += 1
                continue
            yield stamp, message
        if short:
            self._remark(f"{short} messages on {topic} are too short to be any, and left out")

    def _read_cameras(self) -> dict[int, Camera]:
        """By stamp. Those that are not calibrated, as some drivers begin, are passed over as long as others are."""
        topic = self.topics.camera_info
        cameras: dict[int, Camera] = {}
        known: dict[tuple[object, ...], Camera | GeometryError] = {}
        unusable: Counter[str] = Counter()
        for stamp, message in self._stamped(topic):
            try:
                info = self._bag.deserialise(message)
            except RecordingError as error:
                unusable[str(error)] += 1
                continue
            key = _key(info)
            if key not in known:
                known[key] = self._read_camera(info, topic)
            camera = known[key]
            if isinstance(camera, GeometryError):
                unusable[str(camera)] += 1
            else:
                cameras[stamp] = camera
        if not cameras:
            reasons = "; ".join(unusable) or "it holds no messages"
            raise GeometryError(f"{self.path}: {topic}: {reasons}")
        self._remarks += [f"{count} camera_info on {topic} are passed over: {text}" for text, count in unusable.items()]
        info_frame = self._bag.frame_of(topic)
        if info_frame and self.camera_frame and info_frame != self.camera_frame:
            self._remarks.append(
                f"{topic} is of frame '{info_frame}', the images on {self.topics.image} are of '{self.camera_frame}':"
                " make sure that it is their camera"
            )
        return cameras

    def _read_calibration(self, path: str | Path) -> Camera:
        camera = self._read_camera(read_calibration_info(path), str(path))
        if isinstance(camera, GeometryError):
            raise GeometryError(f"{path}: {camera}")
        return camera

    def _read_camera(self, info: Any, where: str) -> Camera | GeometryError:
        rectified, said = takes_p(info, self.rectified_input, self.topics.image)
        try:
            camera = camera_from_info(info, rectified=rectified)
            doubts = doubts_about(info, rectified=rectified)
        except GeometryError as error:
            return error
        if any(info.p):
            with suppress(GeometryError):  # of a P that nothing is taken from
                self._projected[camera] = camera_from_info(info, rectified=True)
        if said:
            self._remark(said)
        for doubt in doubts:
            self._remark(f"{where}: {doubt}")
        return camera

    def _remark(self, text: str) -> None:
        """Once."""
        if text not in self._remarks:
            self._remarks.append(text)

    def _read_mount(self) -> npt.NDArray[np.float64] | None:
        pose = self.transforms.between(self.body_frame, self.camera_frame)
        if pose is None:
            return None
        try:
            check_mount(pose, self.camera_frame)
        except GeometryError as error:
            below = self.transforms.children(self.camera_frame)
            hint = f" (below it are {', '.join(below)})" if below else ""
            self._mount_refused = f"the recorded mount of the camera is not used: {error}{hint}"
            self._remark(self._mount_refused)
            return None
        return pose

    def _match_depth(self) -> tuple[dict[int, int], dict[int, int]]:
        """For each image that has one the stamp of its true depth, and of each of those the log time."""
        topic = self.topics.depth
        if topic is None:
            return {}, {}
        log_times = {stamp: message.log_time for stamp, message in self._stamped(topic)}
        apart = matching.tolerance(self.stamps)
        found = matching.nearest(self.stamps, list(log_times), apart)
        off = max((abs(image - truth) for image, truth in found.items()), default=0)
        said = f"true depth: {len(found)} of {len(self.stamps)} images have one of the {len(log_times)} on {topic}"
        if off:
            said += f", up to {off * 1e-6:.3g} ms off in time"
        self._truth_found.append(said)
        if not found and log_times:
            self._remark(
                f"no true depth on {topic} is within {apart * 1e-6:.3g} ms of an image:"
                f" {self._times_of(log_times, 'stamped between the images')}"
            )
        return found, log_times

    def _read_depth_camera(self) -> Camera | None:
        """That of the camera_info beside true depth, where it is not beside the images; None if nothing says it."""
        topic = self.topics.depth
        beside = "" if topic is None else camera_info_beside(topic)
        of_images = beside in (self.topics.camera_info, camera_info_beside(self.topics.image))
        is_there = self.message_types([beside]).get(beside) == CAMERA_INFO and not of_images
        for message in self._bag.messages([beside] if is_there and len(self.cameras) == 1 else []):
            with suppress(RecordingError, GeometryError):
                info = self._bag.deserialise(message)
                return camera_from_info(info, rectified=takes_p(info, "auto", str(topic))[0])
        return None

    def _doubt_depth(self) -> str:
        topic = self.topics.depth
        if topic is None or self.message_types([topic])[topic] == POINTS:
            return ""
        frame, own = self._bag.frame_of(topic), self._depth_camera
        if frame and self.camera_frame and frame.lstrip("/") != self.camera_frame.lstrip("/"):
            return (
                f"true depth on {topic} is of frame '{frame}', the images are of '{self.camera_frame}': it is another"
                " camera's unless it was aligned to the images (align_depth of a RealSense): record that, or leave it"
                " out"
            )
        if own is not None and not are_alike(own, self.camera):
            self._remark(f"true depth on {topic} has a camera of its own, at the same place: moved to the images'")
        elif own is not None and own.is_distorted and not self.camera.is_distorted:
            self._remark(f"true depth on {topic} is distorted by its camera_info, which the images are not: rectified")
        elif self.camera.is_distorted and (is_called_rectified(topic) or (own and not own.is_distorted)):
            self._remark(f"true depth on {topic} is taken to be rectified already, which the images are not")
        return ""

    def _on_image(self, depth: Depth, camera: Camera) -> TrueDepth:
        """True depth of an image of this camera.

        Depth of another size shows the same as its camera if its sides have the same proportion.

        Raises: `RecordingError` if its pixels are none of the image's.
        """
        own, (height, width) = self._pixels_of_depth(camera), depth.shape
        if abs(width * own.height - height * own.width) > max(own.width, own.height):
            raise RecordingError(
                f"{self.path}: {self.topics.depth} is {width}x{height}, expected {own.width}x{own.height} as its"
                " camera, or of that proportion: it must lie on the image's pixels"
            )
        source = own.resized(width, height)
        if own == camera:
            return TrueDepth(depth, source)
        target = camera.resized(width, round(width * camera.height / camera.width)).rectified()
        return TrueDepth(depth if source == target else on_pixels_of(target, depth, source), target)

    def _pixels_of_depth(self, camera: Camera) -> Camera:
        """The camera whose pixels true depth of an image has: the image's, or one at the same place."""
        own, topic = self._depth_camera, str(self.topics.depth)
        if own is None:
            is_rectified = camera.is_distorted and is_called_rectified(topic)
            return self._projected.get(camera, camera.rectified()) if is_rectified else camera
        if are_alike(own, camera):
            return own if camera.is_distorted != own.is_distorted else camera
        if self.depth_doubt:
            raise RecordingError(
                f"{self.path}: {topic} has a camera_info of its own, with a focal length of {own.fx:.4g} px for"
                f" {own.width} px, the images' is {camera.fx:.4g} px for {camera.width} px: it must lie on the image's"
                " pixels"
            )
        return own

    def _read_odometry(self) -> tuple[TimedPoses | None, str]:
        topic = self.topics.odometry
        if topic is None:
            return None, "base_link"
        if self.message_types([topic])[topic] in (TF, TRANSFORM):
            poses, body, unusable = self._read_transforms(topic)
        else:
            poses, body, unusable = true_poses(self._bag.readable([topic]))
        if unusable:
            self._remarks.append(f"{unusable} poses on {topic} are left out: they hold NaN or no rotation")
        if not len(poses):
            raise RecordingError(f"{self.path}: {topic} holds no pose that can be used")
        self._count_poses(poses, f"on {topic}")
        return poses, body or "base_link"

    def _read_pose_file(self, path: str | Path, poses_of: PosesOf) -> TimedPoses:
        poses, unusable = read_poses(path, self.stamps, self.body_from_camera, poses_of)
        if unusable:
            self._remark(f"{unusable} lines of {path} are left out: they hold no pose")
        self._count_poses(poses, f"in {path}")
        return poses

    def _count_poses(self, poses: TimedPoses, where: str) -> None:
        count = int(np.count_nonzero(poses.at(np.array(self.stamps, np.int64))[1]))
        self._truth_found.append(
            f"true poses: {count} of {len(self.stamps)} images lie between those of the {len(poses)} {where}"
        )
        if not count:
            met = "one alone"
            if len(poses) > 1:
                gap = float(np.median(np.diff(poses.stamps))) * 1e-9
                met = f"{gap:.3g} s apart, and between two that are more than {LONGEST_GAP:g} s apart nothing is known"
            self._remark(f"no image lies between the true poses {where}: {self._times_of(poses.stamps.tolist(), met)}")

    def _read_transforms(self, topic: str) -> tuple[TimedPoses, str, int]:
        """As `true_poses`, of the body among the frames that a topic moves."""
        frames = MovingFrames(self._bag.readable([topic]))
        named = [body for body in BODIES if body in frames.children]
        if not named and len(frames.children) != 1:
            raise RecordingError(
                f"{self.path}: {topic} moves the frames {', '.join(sorted(frames.children)) or 'of nothing'}, expected"
                f" one of {' or '.join(BODIES)}, or no more than one"
            )
        (body, *_) = named or frames.children
        poses, way = frames.trajectory(body, self.transforms)
        if len(way) > 2:
            between = ", ".join(way[1:-1])
            self._remark(f"true poses on {topic} are those of '{body}' in '{way[-1]}', by way of {between}")
        return poses, body, frames.unusable.get(body, 0)

    def _mount_of_lidar(self, topic: str, camera_pose: Sequence[float] | None) -> npt.NDArray[np.float64]:
        """`T_camera_lidar`: through the body where the camera's pose in it is given and the LiDAR's recorded."""
        frame = self._bag.frame_of(topic)
        in_body = self.transforms.between(self.body_frame, frame)
        if camera_pose is not None and in_body is not None:
            return inverse(camera_mount(camera_pose)) @ in_body
        pose = self.transforms.between(self.camera_frame, frame)
        if pose is None:
            base = self.camera_frame if camera_pose is None else self.body_frame
            raise RecordingError(
                f"{self.path}: /tf_static does not say where '{frame}', of {topic}, is in '{base}': record it along, or"
                " leave the LiDAR out"
            )
        if self._mount_refused:
            raise RecordingError(f"{self.path}: {topic} cannot be seen from the camera: {self._mount_refused}")
        return pose

    def _times_of(self, truths: Iterable[int], met: str) -> str:
        """What to say of truth that does not meet the images; of what meets their time as a whole, `met`."""
        first, last, begin, end = min(truths := list(truths)), max(truths), min(self.stamps), max(self.stamps)
        if last == 0:
            return "their stamps are not set"
        if first <= end and last >= begin:
            return f"they are {met}"
        return (
            f"they are from {matching.seconds(first)} to {matching.seconds(last)}, the images from"
            f" {matching.seconds(begin)} to {matching.seconds(end)}: of another clock?"
        )


def header_stamp(data: bytes) -> int:
    """Nanoseconds of the stamp of a serialised message whose first field is a header (CDR: 4 bytes, then the stamp).

    Raises: `RecordingError` if it is too short to have one.
    """
    if len(data) < 12:
        raise RecordingError(f"a message of {len(data)} bytes has no header: it is cut short")
    seconds, nanoseconds = struct.unpack_from(_stamp_format(data), data, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def with_header_stamp(data: bytes, stamp: int) -> bytes:
    """The same serialised message with another stamp (nanoseconds)."""
    changed = bytearray(data)
    struct.pack_into(_stamp_format(data), changed, 4, *divmod(stamp, 1_000_000_000))
    return bytes(changed)


def _stamp_format(data: bytes) -> str:
    return "<iI" if data[1] & 1 else ">iI"


def _fields(bag: Bag, message: RecordedMessage) -> Any:
    try:
        return bag.deserialise(message)
    except RecordingError as error:
        raise PixelFormatError(str(error)) from None


def _image_fields(message: Any) -> dict[str, Any]:
    names = ("encoding", "width", "height", "step", "data", "is_bigendian")
    return {name: getattr(message, name) for name in names}


def _key(info: Any) -> tuple[object, ...]:
    """All of a camera_info that its camera depends on."""
    roi = info.roi
    window = (roi.x_offset, roi.y_offset, roi.width, roi.height, info.binning_x, info.binning_y)
    numbers = (tuple(info.k), tuple(info.p), tuple(info.d))
    return (info.width, info.height, info.distortion_model, *numbers, *window)
