"""A camera of the test: publishes images with their camera_info on a `Graph`."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as Stamp
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from depth_perception.geometry.camera import Camera
from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.images import message_from_image
from helpers.graph import DEADLINE, Graph, Listener

FRAME = "front_camera_optical_frame"
CAMERA = Camera(128, 64, 80.0, 80.0, 63.5, 31.5)
"""As small as the models of `test/ros`, so that what the network sees is the image itself."""
STEP = 100_000_000
"""Nanoseconds from one image to the next."""


class TestCamera:
    """Publishes on ``image`` (or ``image/compressed``) and ``camera_info``.

    Every image is a tenth of a second later than the last, every camera of a graph a thousand seconds.
    """

    __test__ = False

    def __init__(
        self,
        graph: Graph,
        camera: Camera,
        *,
        compressed: bool = False,
        reliable: bool = True,
        topic: str = "image",
    ) -> None:
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        profile = QoSProfile(depth=10, reliability=policy)
        message = CompressedImage if compressed else Image
        self.graph = graph
        self.camera = camera
        graph.epoch += 1_000
        self.now = graph.epoch * 1_000_000_000
        self.images = graph.node.create_publisher(message, f"{topic}/compressed" if compressed else topic, profile)
        self.infos = graph.node.create_publisher(CameraInfo, topic.replace("image", "camera_info"), profile)

    def __enter__(self) -> TestCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.graph.node.destroy_publisher(self.images)
        self.graph.node.destroy_publisher(self.infos)

    def wait_for_listeners(self, count: int = 1) -> None:
        """Until so many nodes listen to both topics, which ought to be theirs alone: any other is counted as well."""
        publishers = (self.images, self.infos)
        self.graph.until(
            lambda: all(publisher.get_subscription_count() >= count for publisher in publishers), "nodes that listen"
        )

    def header(self) -> Header:
        """Of the next image."""
        self.now += STEP
        return Header(stamp=Stamp(sec=self.now // 10**9, nanosec=self.now % 10**9), frame_id=FRAME)

    def send(self, message: Any = None, *, info: CameraInfo | None = None) -> Stamp:
        """Publishes an image (one of its own if None: grey, with an edge that is never the same to the bit) and its
        camera_info under the next stamp, which it returns.
        """
        header = self.header()
        info = info or message_from_camera(self.camera, header)
        info.header = header
        if message is None:
            grey = np.full((self.camera.height, self.camera.width, 3), 128, np.uint8)
            grey[:, : self.camera.width // 8] = 32 + self.now // STEP % 32
            message = message_from_image(grey, "rgb8", header)
        message.header = header
        self.infos.publish(info)
        self.images.publish(message)
        return header.stamp

    def send_until_answered(self, message: Any, *listeners: Listener, info: CameraInfo | None = None) -> list[Any]:
        """Sends the image under ever new stamps until one of them has come back to all listeners; their messages.

        For listeners that are new: the node may not know of them yet, and what nobody wants it does not publish.
        """
        stamps: list[Stamp] = []

        def answered() -> Stamp | None:
            return next((stamp for stamp in stamps if all(listener.has(stamp) for listener in listeners)), None)

        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            stamps.append(self.send(message, info=info))
            with contextlib.suppress(AssertionError):
                stamp = self.graph.until(answered, "answers", 2.0)
                return [listener.of(stamp) for listener in listeners]
        raise AssertionError("no image was answered on all topics")


def encoded(rgb: npt.NDArray[np.uint8], encoding: str) -> Image | CompressedImage:
    """The message a camera of that encoding sends of an RGB picture, made without the package's own decoders."""
    header = Header()
    if encoding in ("jpeg", "png"):
        options = [cv2.IMWRITE_JPEG_QUALITY, 95] if encoding == "jpeg" else []
        done, data = cv2.imencode(f".{encoding}", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
        assert done
        return CompressedImage(format=encoding, data=data.tobytes())
    red, green, blue = (rgb[..., channel] for channel in range(3))
    height, width = rgb.shape[:2]
    opaque = np.full((height, width), 255, np.uint8)
    if encoding == "rgb8":
        pixels = rgb
    elif encoding == "bgr8":
        pixels = np.stack([blue, green, red], axis=-1)
    elif encoding == "rgba8":
        pixels = np.stack([red, green, blue, opaque], axis=-1)
    elif encoding == "bgra8":
        pixels = np.stack([blue, green, red, opaque], axis=-1)
    elif encoding == "mono8":
        pixels = np.rint(luma(rgb)).astype(np.uint8)
    elif encoding == "mono16":
        pixels = np.rint(luma(rgb) * 257).astype(np.uint16)
    elif encoding == "bayer_rggb8":
        pixels = green.copy()
        pixels[::2, ::2] = red[::2, ::2]
        pixels[1::2, 1::2] = blue[1::2, 1::2]
    elif encoding in ("yuv422", "yuv422_yuy2"):
        # ITU-R BT.601 with video levels, colour of every second column
        y = np.rint(16 + luma(rgb) * 219 / 255)
        u = np.rint(128 + (blue - luma(rgb)) * (0.5 / 0.886) * 224 / 255)
        v = np.rint(128 + (red - luma(rgb)) * (0.5 / 0.701) * 224 / 255)
        packed = np.empty((height, width, 2))
        brightness, colour = (1, 0) if encoding == "yuv422" else (0, 1)
        packed[..., brightness] = y
        packed[:, ::2, colour], packed[:, 1::2, colour] = u[:, ::2], v[:, ::2]
        pixels = packed.astype(np.uint8)
    else:
        raise ValueError(encoding)
    return message_from_image(np.ascontiguousarray(pixels), encoding, header)


def luma(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """ITU-R BT.601."""
    return rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
