"""Which topics of a recording are the camera, its calibration and the ground truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from depth_perception.camera_info import without_transport
from depth_perception.model_outputs import OUTPUTS
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.storage import StoredTopic

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
ODOMETRY = "nav_msgs/msg/Odometry"

POINTS = "sensor_msgs/msg/PointCloud2"
TF = "tf2_msgs/msg/TFMessage"
TRANSFORM = "geometry_msgs/msg/TransformStamped"

IMAGES = (IMAGE, COMPRESSED)
DEPTHS = (*IMAGES, POINTS)
"""Types of messages that true depth may come in."""
POSES = (
    ODOMETRY,
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/PoseWithCovarianceStamped",
    TRANSFORM,
    "nav_msgs/msg/Path",
    TF,
)
"""Types of messages that a true trajectory may come in."""
SPEEDS = (ODOMETRY, "geometry_msgs/msg/TwistStamped")
"""Types of messages that a measured speed may come in."""
VIDEO = ("ffmpeg_image_transport_msgs/msg/FFMPEGPacket", "foxglove_msgs/msg/CompressedVideo")
"""Types of messages that hold pieces of a video, which nothing here decodes."""

TRUE_DEPTH = ("/ground_truth/depth", "/ground_truth/depth/compressed", "/ground_truth/depth/compressedDepth")
TRUE_ODOMETRY = ("/ground_truth/odom",)

OWN = (
    "image_rect",
    "rgb/image_rect_color",
    "depth/relative",
    "depth/color",
    "semantics/color",
    "odom",
    "depth/points",
    "path",
    *(output.topic for output in OUTPUTS.values() if output.topic),
)
"""What the nodes of this package publish beside ``depth/scale``: an estimate, neither a camera nor the truth."""


@dataclass(frozen=True)
class Topics:
    """Topic names; None for ground truth that is not there, and for a measured speed that is not named; no name for a
    calibration that comes from elsewhere."""

    image: str
    camera_info: str
    depth: str | None = None
    odometry: str | None = None
    speed: str | None = None


def command_option(topic: str) -> str:
    """The option of a command that names a topic."""
    return f"--{topic.replace('_', '-')}-topic"


def choose_topics(
    there: Sequence[StoredTopic],
    *,
    image: str | None = None,
    camera_info: str | None = None,
    depth: str | None = None,
    odometry: str | None = None,
    speed: str | None = None,
    frame_of: Callable[[str], str] = lambda topic: "",
    option: Callable[[str], str] = command_option,
) -> Topics:
    """Topics of a recording; those that are given must be there with the right type, the others are chosen.

    The image is the only camera topic there is (raw before compressed), the calibration is the ``camera_info`` beside
    it, or the only one in its frame. Ground truth is only what is called so: `TRUE_DEPTH`, `TRUE_ODOMETRY`; an estimate
    that somebody recorded is never taken for it.

    Args:
        there: What the recording holds.
        camera_info: Empty if the calibration comes from elsewhere.
        frame_of: The frame of a topic's first message; empty if it does not say.
        option: How whoever is told to name one of the topics does so.

    Raises: `RecordingError` if a choice is impossible or ambiguous; it lists what there is.
    """
    image = _given(there, image, IMAGES, option("image")) or _choose_image(there, option("image"))
    if camera_info != "":
        naming = option("camera_info")
        camera_info = _given(there, camera_info, (CAMERA_INFO,), naming) or _choose_camera_info(
            there, image, frame_of, naming
        )
    depth = _given(there, depth, DEPTHS, option("depth")) or _first_of(there, TRUE_DEPTH)
    odometry = _given(there, odometry, POSES, option("odometry")) or _first_of(there, TRUE_ODOMETRY)
    speed = _given(there, speed, SPEEDS, option("speed"))
    return Topics(image, camera_info, depth, odometry, speed)


def camera_info_beside(image: str) -> str:
    """The topic that the calibration of a camera has by convention, however its images are transported."""
    return f"{without_transport(image).rpartition('/')[0]}/camera_info"


def unused_truth(there: Sequence[StoredTopic], topics: Topics) -> tuple[str, ...]:
    """What might be ground truth and was not named, a sentence each that says how to name it."""
    candidates = [topic for topic in there if topic.count and topic.name not in _own(there)]
    said = []
    if topics.odometry is None:
        said += [_offer(topic, command_option("odometry")) for topic in candidates if _may_be_poses(topic)]
    if topics.depth is None:
        said += [
            _offer(topic, command_option("depth"))
            for topic in candidates
            if topic.type_name == POINTS
            or (topic.type_name in IMAGES and topic.name != topics.image and _is_called_depth(topic.name))
        ]
    return tuple(said)


def describe(there: Sequence[StoredTopic]) -> str:
    """What a recording holds, in one line."""
    if not there:
        return "it holds no topics"
    return "it holds " + ", ".join(f"{topic.name} ({topic.type_name}, {topic.count})" for topic in there)


def _offer(topic: StoredTopic, option: str) -> str:
    return f"{topic.type_name} on {topic.name} is not taken for the truth unless it is named: {option} {topic.name}"


def _is_called_depth(name: str) -> bool:
    """By the end of it: what comes before may be the name of a whole camera, such as ``/depthai/rgb/image_raw``."""
    return "depth" in "/".join(name.removesuffix("/compressed").split("/")[-2:]).lower()


def _may_be_poses(topic: StoredTopic) -> bool:
    return topic.type_name in POSES and "tf_static" not in topic.name


def _own(there: Sequence[StoredTopic]) -> set[str]:
    """Topics that this package's nodes published while it was recorded."""
    names = {topic.name for topic in there}
    spaces = {name.removesuffix("depth/scale") for name in names if name.endswith("/depth/scale")}
    return {f"{space}{name}" for space in spaces for name in OWN}


def _given(there: Sequence[StoredTopic], name: str | None, kinds: tuple[str, ...], option: str) -> str | None:
    if name is None:
        return None
    for topic in there:
        if topic.name == name and topic.type_name in kinds and topic.count:
            return name
    raise RecordingError(f"no messages of type {' or '.join(kinds)} on {name} ({option}): {describe(there)}")


def _choose_image(there: Sequence[StoredTopic], option: str) -> str:
    cameras: dict[str, list[str]] = {}
    own = _own(there)
    for topic in there:
        is_depth = _is_called_depth(topic.name) or topic.name.startswith("/ground_truth/") or topic.name in own
        if topic.type_name in IMAGES and topic.count and not is_depth:
            cameras.setdefault(topic.name.removesuffix("/compressed"), []).append(topic.name)
    if not cameras:
        hint = ""
        passed_over = [topic.name for topic in there if topic.type_name in IMAGES and topic.count]
        if passed_over:
            names = ", ".join(passed_over)
            hint = f". By their names {names} are depth, or results: name a camera's with {option}"
        elif any(topic.type_name in VIDEO and topic.count for topic in there):
            hint = ". Video is not decoded: republish it as raw or compressed images (jpeg, png) and record those"
        elif there and all(topic.type_name.endswith(")") for topic in there):
            hint = ". Its messages are not ROS 2's (cdr): convert it, or record the topics of ROS 2"
        raise RecordingError(f"no camera images, expected {IMAGE} or {COMPRESSED}: {describe(there)}{hint}")
    if len(cameras) > 1:
        names = ", ".join(sorted(topic for topics in cameras.values() for topic in topics))
        raise RecordingError(f"more than one camera topic ({names}): name one with {option}")
    (topics,) = cameras.values()
    return min(topics, key=len)


def _choose_camera_info(there: Sequence[StoredTopic], image: str, frame_of: Callable[[str], str], option: str) -> str:
    beside_own = ("depth/image_rect", "rgb/image_rect_color")
    own = {f"{name.rpartition('/')[0]}/camera_info" for name in _own(there) if name.endswith(beside_own)}
    infos = [topic.name for topic in there if topic.type_name == CAMERA_INFO and topic.count and topic.name not in own]
    beside = camera_info_beside(image)
    if beside in infos:
        return beside
    if not infos:
        what = describe(there)
        raise RecordingError(
            f"no {CAMERA_INFO}, expected the calibration of {image} on {beside}: depth needs it, record it along, or"
            f" give a file of camera_calibration (--calibration). {what[0].upper()}{what[1:]}"
        )
    frames = {topic: frame_of(topic) for topic in infos}
    frame = frame_of(image)
    same = [topic for topic, its in frames.items() if frame and its == frame]
    if len(same) == 1:
        return same[0]
    if len(infos) > 1:
        names = ", ".join(infos)
        raise RecordingError(f"more than one camera_info ({names}): name one with {option}")
    (info,) = infos
    if frame and frames[info] and frames[info] != frame:
        raise RecordingError(
            f"the only camera_info, {info}, is of frame '{frames[info]}', the images on {image} are of '{frame}': it is"
            f" another camera's. Record {beside} along, or name it all the same with {option}"
        )
    return info


def _first_of(there: Sequence[StoredTopic], names: Sequence[str]) -> str | None:
    counts = {topic.name: topic.count for topic in there}
    return next((name for name in names if counts.get(name)), None)
