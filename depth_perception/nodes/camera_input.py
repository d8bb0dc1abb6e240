"""The camera a node listens to: its images, raw or compressed, and the camera_info that goes with them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as Stamp
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from depth_perception.camera_info import camera_from_info, doubts_about, size_mismatch, takes_p
from depth_perception.estimators.settings import RECTIFIED_INPUT
from depth_perception.geometry.camera import Camera
from depth_perception.nodes.images import image_from_message
from depth_perception.nodes.log import LimitedLog
from depth_perception.nodes.parameters import NodeError, value
from depth_perception.nodes.qos import RELIABILITIES
from depth_perception.nodes.shared import Shared
from depth_perception.nodes.subscription import FollowingSubscription, Source
from depth_perception.pixel_formats import SampleRange
from depth_perception.settings import Setting

AnyImage: TypeAlias = Image | CompressedImage

INPUT_RELIABILITY = Setting(
    "input_reliability",
    "auto",
    "Reliability of the inputs; auto follows the publishers, because large best-effort messages get lost",
    choices=RELIABILITIES,
)

PARAMETERS = (
    Setting(
        "image_transport",
        "auto",
        "raw (topic image), compressed (topic image/compressed, or image itself), or auto: whichever is published",
        choices=("auto", "raw", "compressed"),
    ),
    INPUT_RELIABILITY,
    RECTIFIED_INPUT,
)

PATIENCE = 0.2
"""Seconds that an image waits for a camera_info that fits, which drivers and players may send a little later."""
KEPT = 10
"""Latest camera_infos, and stamps of images."""
IN_STEP = 3
"""Images in a row that had a camera_info of their own, from which on the next one waits for its."""


class CameraInput:
    """Subscribes to ``image`` and ``camera_info``, for all the nodes of a process that listen to this camera."""

    def __init__(self, node: Node, shared: Shared) -> None:
        """
        Args:
            node: The one whose topics and parameters count, and which subscribes.
        """
        image, info = node.resolve_topic_name("image"), node.resolve_topic_name("camera_info")
        raw = (Source(image, Image),)
        compressed = (Source(f"{image}/compressed", CompressedImage), Source(image, CompressedImage))
        sources = {"raw": raw, "compressed": compressed, "auto": raw + compressed}[value(node, "image_transport")]
        reliability = value(node, "input_reliability")
        self._rectified_input: str = value(node, "rectified_input")
        self._samples = SampleRange()
        self._made = shared.made
        self._log = LimitedLog(node.get_logger())
        self._listeners: dict[CameraListener, Callable[[AnyImage], None]] = {}
        self._infos: deque[CameraInfo] = deque(maxlen=KEPT)
        self._asked: deque[Stamp] = deque(maxlen=KEPT)
        self._latest: Camera | None = None
        self._doubted: Camera | None = None
        self._arrival = threading.Condition()
        self._info_topic = info
        self.images = FollowingSubscription(node, sources, self._on_image, reliability)
        self._info = FollowingSubscription(node, (Source(info, CameraInfo),), self._on_info, reliability)

    def follow(self, listener: CameraListener, on_image: Callable[[AnyImage], None]) -> None:
        """Listens, for this listener too."""
        self._listeners[listener] = on_image
        self.images.follow()
        self._info.follow()

    def close(self, listener: CameraListener) -> None:
        """Stops listening if this was the last listener."""
        self._listeners.pop(listener, None)
        if not self._listeners:
            self.images.close()
            self._info.close()
            with self._arrival:
                self._infos.clear()
                self._asked.clear()

    def pixels(self, message: AnyImage) -> npt.NDArray[np.uint8]:
        """RGB ``[height, width, 3]`` of an image; not to be written to, others look at it too.

        Raises: `PixelFormatError` if it cannot be decoded.
        """
        return self._made.of(message, "pixels", lambda: image_from_message(message, self._samples))

    def camera(self, header: Header, width: int, height: int) -> Camera:
        """The camera of an image of this header and size: of the camera_info with its stamp, else of the latest; of
        those in its frame, if there are any.

        Not to be called on the thread that spins the node: it may wait a little for one that fits.

        Raises: `NodeError` if none fits, `GeometryError` if the camera_info describes no camera.
        """
        with self._arrival:
            before = [stamp for stamp in self._asked if stamp != header.stamp]
            if header.stamp not in self._asked:
                self._asked.append(header.stamp)
            if len(before) >= IN_STEP and all(map(self._stamped, before[-IN_STEP:])):
                # Each image has its own, so this one's is on its way, and a lens may zoom.
                self._arrival.wait_for(lambda: self._stamped(header.stamp), PATIENCE)
            camera = self._arrival.wait_for(lambda: self._fitting(header, width, height), PATIENCE)
            if camera is not None:
                return camera
            if not self._infos:
                raise NodeError(f"no camera_info came on {self._info_topic} yet: an image needs its calibration")
            latest = self._infos[-1]
        raise NodeError(size_mismatch(latest, width, height))

    def _on_image(self, message: AnyImage) -> None:
        for on_image in list(self._listeners.values()):
            on_image(message)

    def _on_info(self, message: CameraInfo) -> None:
        with self._arrival:
            self._infos.append(message)
            self._arrival.notify_all()  # each node of the process may wait for it

    def _stamped(self, stamp: Stamp) -> bool:
        return any(info.header.stamp == stamp for info in self._infos)

    def _info_for(self, header: Header) -> CameraInfo:
        """Of those that are there."""
        newest_first = list(reversed(self._infos))
        frame = header.frame_id.lstrip("/")
        mine = [info for info in newest_first if info.header.frame_id.lstrip("/") == frame]
        if not mine and frame and newest_first[0].header.frame_id:
            self._log.warning(
                "frame",
                f"{self._info_topic} is of frame '{newest_first[0].header.frame_id}', images of '{header.frame_id}':"
                " make sure that it is the calibration of their camera",
            )
        candidates = mine or newest_first
        return next((info for info in candidates if info.header.stamp == header.stamp), candidates[0])

    def _fitting(self, header: Header, width: int, height: int) -> Camera | None:
        if not self._infos:
            return None
        info = self._info_for(header)
        rectified, said = takes_p(info, self._rectified_input, self.images.topic)
        camera = camera_from_info(info, rectified=rectified)
        if self._latest is not None and camera.is_like(self._latest):
            camera = self._latest  # which everything is made for
        self._latest = camera
        if camera != self._doubted:
            remarks = filter(None, (said, *doubts_about(info, rectified=rectified)))
            if all([self._log.warning(number, f"{self._info_topic}: {text}") for number, text in enumerate(remarks)]):
                self._doubted = camera
        return camera if (camera.width, camera.height) == (width, height) else None


class CameraListener:
    """One node's ear for a camera that others of its process may listen to as well."""

    def __init__(self, node: Node, shared: Shared, on_image: Callable[[AnyImage], None]) -> None:
        """
        Args:
            on_image: Called with every image as it arrives, not decoded, on the thread that spins.
        """
        topics = [node.resolve_topic_name(topic) for topic in ("image", "camera_info")]
        key = (*topics, *(value(node, parameter.name) for parameter in PARAMETERS))
        self.camera: CameraInput = shared.cameras.setdefault(key, CameraInput(node, shared))
        self._on_image = on_image

    @property
    def topic(self) -> str:
        return self.camera.images.topic

    @property
    def lost(self) -> int:
        return self.camera.images.lost

    def follow(self) -> None:
        self.camera.follow(self, self._on_image)

    def close(self) -> None:
        self.camera.close(self)
