"""A recording, examined: it may be so ill that it cannot be opened as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from depth_perception.calibration_file import read_calibration_info
from depth_perception.compressed_formats import decode_compressed
from depth_perception.doctor import camera_checks, motion_checks, time_checks, truth_checks
from depth_perception.doctor.finding import Check, Finding, examined
from depth_perception.doctor.footage import Footage
from depth_perception.errors import DepthPerceptionError
from depth_perception.geometry.camera import GeometryError
from depth_perception.geometry.pose import camera_mount
from depth_perception.pixel_formats import Rgb, SampleRange, decode_image
from depth_perception.recordings.bag import Bag
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.recording import TF, Recording, header_stamp
from depth_perception.recordings.static_transforms import StaticTransforms
from depth_perception.recordings.storage import RecordedMessage
from depth_perception.recordings.topics import COMPRESSED, Topics, choose_topics

IMAGE_CHECKS = (
    motion_checks.images,
    motion_checks.repeated,
    motion_checks.static,
    motion_checks.fast,
    motion_checks.upside_down,
    motion_checks.exposure,
)
"""Of images that follow one another, wherever they are from."""
CAMERA_CHECKS = (
    camera_checks.calibration,
    camera_checks.image_size,
    camera_checks.rectification,
    camera_checks.mount,
    camera_checks.extrinsics,
    time_checks.frame_rate,
    time_checks.dropped,
    time_checks.stamps,
    time_checks.clock,
    *IMAGE_CHECKS,
)
"""Of any camera, recorded or live."""
_PLACES, _EACH = 8, 3
"""Places of a recording that are looked at, and successive images at each."""


@dataclass(frozen=True)
class Opened:
    """What became of opening a recording.

    Attributes:
        trouble: Why it cannot be used at all; empty if it can.
        remarks: What is damaged or odd about its files.
    """

    trouble: str
    remarks: tuple[str, ...]


def recording(opened: Opened) -> Iterator[Finding]:
    """Files that are missing or damaged, topics that are missing or ambiguous."""
    if opened.trouble:
        yield Finding("error", opened.trouble, "record images and camera_info of one camera, and copy the whole folder")
    for remark in opened.remarks:
        yield Finding("warning", remark, "close the recorder properly, copy the whole folder again")


def examine_recording(path: str, options: Mapping[str, Any]) -> list[Check]:
    """All checks of a recording, as far as it can be opened.

    Args:
        options: Of `Recording.open`.

    Raises: `GeometryError` for a calibration that is none.
    """
    try:
        bag = Bag(path)
    except RecordingError as error:
        return examined(Opened(str(error), ()), (recording,))
    with bag:
        kinds = ("image", "camera_info", "depth", "odometry", "speed")
        named: dict[str, Any] = {kind: options.get(f"{kind}_topic") for kind in kinds}
        if options.get("calibration") is not None:
            named["camera_info"] = ""
        try:
            topics = choose_topics(bag.topics, **named, frame_of=bag.frame_of)
            footage = _footage(bag, topics, options)
        except RecordingError as error:
            return examined(Opened(f"{path}: {error}", bag.remarks), (recording,))
        checks = examined(footage, CAMERA_CHECKS)
        opened = examined(Opened("", bag.remarks), (recording,))
    try:
        with Recording.open(path, **options) as whole:
            truth = examined(whole, (truth_checks.truth_fits, truth_checks.truth_unit))
    except (RecordingError, GeometryError) as error:
        if not any(finding.severity == "error" for check in checks for finding in check.findings):
            opened = examined(Opened(str(error), ()), (recording,))
        truth = []
    return [*opened, *checks, *truth]


def _footage(bag: Bag, topics: Topics, options: Mapping[str, Any]) -> Footage:
    taken = []
    for message in bag.messages([topics.image]):
        try:
            taken.append((header_stamp(message.data), message.log_time))
        except RecordingError:
            continue
    if not taken:
        raise RecordingError(f"{topics.image} holds no messages, expected the camera's images")
    frame = bag.frame_of(topics.image)
    body = "base_link"
    if topics.odometry is not None:
        poses = list(bag.readable([topics.odometry]))
        body = str(getattr(poses[0] if poses else None, "child_frame_id", "")) or body
    pose, calibration = options.get("camera_pose"), options.get("calibration")
    rectified_input = options.get("rectified_input") or "auto"
    static = [topic.name for topic in bag.topics if topic.type_name == TF and "tf_static" in topic.name]
    transforms = StaticTransforms(bag.readable(static))
    runs, undecodable = _runs(bag, topics.image, [arrival for _, arrival in taken])
    return Footage(
        image_topic=topics.image,
        info_topic=topics.camera_info or str(calibration),
        frame=frame,
        stamps=[stamp for stamp, _ in taken],
        arrivals=[arrival for _, arrival in taken],
        infos=_different(bag, topics.camera_info) if calibration is None else [read_calibration_info(calibration)],
        runs=runs,
        undecodable=undecodable,
        body_frame=body,
        mount=transforms.between(body, frame) if pose is None else camera_mount(pose),
        rectified_input=rectified_input,
    )


def _different(bag: Bag, topic: str) -> list[Any]:
    """The different camera_info of a topic: those whose bytes differ behind the stamp."""
    seen: dict[bytes, RecordedMessage] = {}
    for message in bag.messages([topic]):
        seen.setdefault(message.data[12:], message)
    found = []
    for message in seen.values():
        try:
            found.append(bag.deserialise(message))
        except RecordingError:
            continue
    return found


def _runs(bag: Bag, topic: str, arrivals: list[int]) -> tuple[list[list[Rgb]], list[str]]:
    samples = SampleRange()
    reasons: dict[str, None] = {}
    runs = []
    last = max(0, len(arrivals) - _EACH)
    for place in sorted({round(float(place)) for place in np.linspace(0, last, _PLACES)}):
        chosen = sorted(arrivals)[place : place + _EACH]
        run: list[Rgb] = []
        for message in bag.messages([topic], chosen[0], chosen[-1] + 1):
            try:
                run.append(decoded(bag.deserialise(message), message.type_name, samples))
            except DepthPerceptionError as error:
                reasons[str(error)] = None
        runs.append(run[:_EACH])
    return runs, list(reasons)


def decoded(message: Any, type_name: str, samples: SampleRange) -> Rgb:
    """
    Raises: `PixelFormatError` if it cannot be.
    """
    if type_name == COMPRESSED:
        return decode_compressed(message.data, str(message.format), samples)
    names = ("encoding", "width", "height", "step", "data", "is_bigendian")
    return decode_image(**{name: getattr(message, name) for name in names}, samples=samples)
