"""Which topics of a recording are the camera, its calibration and the ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from depth_perception.recordings.errors import RecordingError

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
ODOMETRY = "nav_msgs/msg/Odometry"

TRUE_DEPTH = ("/ground_truth/depth", "/ground_truth/depth/compressed")
TRUE_ODOMETRY = ("/ground_truth/odom",)


@dataclass(frozen=True)
class Topics:
    """Topic names; None for ground truth that is not there."""

    image: str
    camera_info: str
    depth: str | None = None
    odometry: str | None = None


def choose_topics(
    there: Sequence[tuple[str, str, int]],
    *,
    image: str | None = None,
    camera_info: str | None = None,
    depth: str | None = None,
    odometry: str | None = None,
) -> Topics:
    """Topics of a recording; those that are given must be there with the right type, the others are chosen.

    The image is the only camera topic there is (raw before compressed), the calibration is the ``camera_info`` beside
    it or the only one there is. Ground truth is only what is called so: `TRUE_DEPTH`, `TRUE_ODOMETRY`; an estimate
    that somebody recorded is never taken for it.

    Args:
        there: Name, type and number of messages of every topic.

    Raises: `RecordingError` if a choice is impossible or ambiguous; it lists what there is.
    """
    image = _given(there, image, (IMAGE, COMPRESSED), "--image-topic") or _choose_image(there)
    camera_info = _given(there, camera_info, (CAMERA_INFO,), "--camera-info-topic") or _choose_camera_info(there, image)
    depth = _given(there, depth, (IMAGE, COMPRESSED), "--depth-topic") or _first_of(there, TRUE_DEPTH)
    odometry = _given(there, odometry, (ODOMETRY,), "--odometry-topic") or _first_of(there, TRUE_ODOMETRY)
    return Topics(image, camera_info, depth, odometry)


def describe(there: Sequence[tuple[str, str, int]]) -> str:
    """What a recording holds, in one line."""
    if not there:
        return "it holds no topics"
    return "it holds " + ", ".join(f"{name} ({kind}, {count})" for name, kind, count in there)


def _given(there: Sequence[tuple[str, str, int]], name: str | None, kinds: tuple[str, ...], option: str) -> str | None:
    if name is None:
        return None
    for topic, kind, count in there:
        if topic == name and kind in kinds and count:
            return name
    raise RecordingError(f"no messages of type {' or '.join(kinds)} on {name} ({option}): {describe(there)}")


def _choose_image(there: Sequence[tuple[str, str, int]]) -> str:
    cameras: dict[str, list[str]] = {}
    for topic, kind, count in there:
        is_depth = "depth" in topic.lower() or topic.startswith("/ground_truth/")
        if kind in (IMAGE, COMPRESSED) and count and not is_depth:
            cameras.setdefault(topic.removesuffix("/compressed"), []).append(topic)
    if not cameras:
        raise RecordingError(f"no camera images, expected {IMAGE} or {COMPRESSED}: {describe(there)}")
    if len(cameras) > 1:
        names = ", ".join(sorted(topic for topics in cameras.values() for topic in topics))
        raise RecordingError(f"more than one camera topic ({names}): name one with --image-topic")
    (topics,) = cameras.values()
    return min(topics, key=len)


def _choose_camera_info(there: Sequence[tuple[str, str, int]], image: str) -> str:
    infos = [topic for topic, kind, count in there if kind == CAMERA_INFO and count]
    beside = image.removesuffix("/compressed").rpartition("/")[0] + "/camera_info"
    if beside in infos:
        return beside
    if len(infos) == 1:
        return infos[0]
    if not infos:
        raise RecordingError(
            f"no {CAMERA_INFO}, expected the calibration of {image} on {beside}: depth needs it, record it along."
            f" {describe(there).capitalize()}"
        )
    raise RecordingError(f"more than one camera_info ({', '.join(infos)}): name one with --camera-info-topic")


def _first_of(there: Sequence[tuple[str, str, int]], names: Sequence[str]) -> str | None:
    counts = {topic: count for topic, _, count in there}
    return next((name for name in names if counts.get(name)), None)
