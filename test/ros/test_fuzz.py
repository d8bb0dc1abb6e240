"""Messages at random: whatever comes, the nodes live, say little, and answer the next sound image.

At night ten thousand of each kind: ``HYPOTHESIS_PROFILE=nightly``.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Vector3, Vector3Stamped
from helpers.camera import CAMERA, FRAME, TestCamera, encoded
from helpers.graph import Graph, Process
from hypothesis import given, settings
from hypothesis import strategies as st
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, RegionOfInterest
from std_msgs.msg import Header

from depth_perception.nodes.camera_info import message_from_camera
from depth_perception.nodes.images import message_from_image


def without_null(text: str) -> str:
    return text.encode("utf-8", "ignore").decode().replace("\0", "")


PICTURE = np.full((CAMERA.height, CAMERA.width, 3), 128, np.uint8)
FILES = [bytes(encoded(PICTURE, kind).data) for kind in ("jpeg", "png")]
NUMBERS = st.floats() | st.sampled_from([0.0, 1.0, CAMERA.fx, CAMERA.cx, 1e9, 1e-300, 1e300])
SIZES = st.integers(0, 40) | st.sampled_from([CAMERA.width, CAMERA.height, 2**16, 2**32 - 1])
WORDS = st.text(max_size=20) | st.just("x" * 5_000)
HEADERS = st.builds(
    Header,
    stamp=st.builds(Time, sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 2**32 - 1)),
    frame_id=st.just(FRAME) | WORDS.map(without_null),
)
EXAMPLES = max(500, settings().max_examples)
MODELS = ["plumb_bob", "rational_polynomial", "equidistant", "fisheye", "radtan", ""]
ENCODINGS = ["rgb8", "bgr8", "mono8", "mono16", "bayer_rggb8", "yuv422", "nv12", "32FC1", "16UC1", "64FC2", "8UC4", ""]


def in_array(data: bytes) -> array[int]:
    """What the messages need no time to check."""
    return array("B", data)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut, or with other bytes in places."""
    data = bytearray(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    for place in draw(st.lists(st.integers(0, max(0, len(data) - 1)), max_size=5)):
        if data:
            data[place] = draw(st.integers(0, 255))
    return bytes(data)


@st.composite
def infos(draw: st.DrawFn) -> CameraInfo:
    """A calibration with odd numbers in places."""
    info = message_from_camera(CAMERA, draw(HEADERS))
    for matrix in (info.k, info.p):
        for place, number in draw(st.lists(st.tuples(st.integers(0, 8), NUMBERS), max_size=2)):
            matrix[place] = number
    info.d = draw(st.lists(NUMBERS, max_size=14))
    info.distortion_model = draw(st.sampled_from(MODELS) | WORDS.map(without_null))
    info.width, info.height = draw(st.just((CAMERA.width, CAMERA.height)) | st.tuples(SIZES, SIZES))
    info.binning_x, info.binning_y = draw(st.just((0, 0)) | st.tuples(SIZES, SIZES))
    x, y, height, width = draw(st.just((0, 0, 0, 0)) | st.tuples(SIZES, SIZES, SIZES, SIZES))
    info.roi = RegionOfInterest(x_offset=x, y_offset=y, height=height, width=width)
    return info


IMAGES = st.builds(
    Image,
    header=HEADERS,
    height=SIZES,
    width=SIZES,
    encoding=st.sampled_from(ENCODINGS) | WORDS.map(without_null),
    is_bigendian=st.integers(0, 255),
    step=SIZES,
    data=(st.binary(max_size=2000) | st.sampled_from([64 * 128, 64 * 128 * 3, 64 * 128 * 4]).map(bytes)).map(in_array),
)
COMPRESSED = st.builds(
    CompressedImage,
    header=HEADERS,
    format=st.sampled_from(["jpeg", "png", "rgb8; jpeg compressed bgr8", "16UC1; compressedDepth rvl", "h264", ""])
    | WORDS.map(without_null),
    data=(st.binary(max_size=100) | st.sampled_from(FILES).flatmap(damaged)).map(in_array),
)
SCALES = st.builds(Vector3Stamped, header=HEADERS, vector=st.builds(Vector3, x=NUMBERS, y=NUMBERS, z=NUMBERS))
KINDS = {
    "image": (Image, IMAGES),
    "image/compressed": (CompressedImage, COMPRESSED),
    "camera_info": (CameraInfo, infos()),
    "depth/scale": (Vector3Stamped, SCALES),
    "random/depth": (Image, IMAGES),
    "random/image": (Image, IMAGES),
    "random/camera_info": (CameraInfo, infos()),
}
DEPTH = {"depth/image_rect": "random/depth", "image_rect": "random/image", "depth/camera_info": "random/camera_info"}


@pytest.fixture(scope="module")
def nodes(graph: Graph, models: Path) -> Iterator[list[Process]]:
    """Each of its own process; raw images go to one pair of nodes, compressed ones to another."""
    pose = {"camera_pose": "[0.0, 0.0, 1.5, 0.0, 0.0, 0.0]"}
    with ExitStack() as stack:
        started = [stack.enter_context(graph.node_process("point_cloud_node", remap=DEPTH))]
        for transport in ("raw", "compressed"):
            for kind, model in (("depth", "depth.onnx"), ("odometry", "pose.onnx")):
                parameters: dict[str, Any] = {"model": models / model, "image_transport": transport}
                name = f"{kind}_of_{transport}"
                if kind == "odometry":
                    parameters |= pose
                remap = DEPTH if kind == "odometry" else {}
                node = graph.node_process(f"{kind}_node", name=name, remap=remap, **parameters)
                started.append(stack.enter_context(node))
        yield started


def test_whatever_comes_the_nodes_live_and_answer_what_is_sound(graph: Graph, nodes: list[Process]) -> None:
    with ExitStack() as stack:
        depth = stack.enter_context(graph.listen(Image, "depth/image_rect"))
        odom = stack.enter_context(graph.listen(Odometry, "odom"))
        points = stack.enter_context(graph.listen(PointCloud2, "depth/points"))
        publishers = {topic: graph.node.create_publisher(kind, topic, 10) for topic, (kind, _) in KINDS.items()}
        stack.callback(lambda: [graph.node.destroy_publisher(publisher) for publisher in publishers.values()])
        for publisher in publishers.values():
            graph.until(publisher.get_subscription_count, f"a node that listens to {publisher.topic_name}")
        sent = 0

        @settings(max_examples=EXAMPLES)
        @given(st.fixed_dictionaries({topic: messages for topic, (_, messages) in KINDS.items()}), st.booleans())
        def send(messages: dict[str, Any], together: bool) -> None:
            nonlocal sent
            sent += 1
            stamp = Time(sec=graph.epoch, nanosec=sent)
            for topic, message in messages.items():
                if together:
                    message.header.stamp = stamp
                publishers[topic].publish(message)
            graph.spin(0.005)
            assert all(node.alive for node in nodes)

        send()
        camera = stack.enter_context(TestCamera(graph, CAMERA))
        camera.wait_for_listeners()
        camera.send_until_answered(None, depth)
        camera.send_until_answered(None, odom)
        count = len(points)

        def cloud() -> bool:
            header = camera.header()
            metres = np.full((CAMERA.height, CAMERA.width), 5.0, np.float32)
            publishers["random/camera_info"].publish(message_from_camera(CAMERA, header))
            publishers["random/image"].publish(message_from_image(PICTURE, "rgb8", header))
            publishers["random/depth"].publish(message_from_image(metres, "32FC1", header))
            return len(points) > count

        graph.until(cloud, "a cloud")
    for node in nodes:
        output = node.output
        assert 'File "' not in output  # a bug that was caught
        assert len(output) < 200_000
        foreign = [line for line in output.splitlines() if not re.match(r"\[(INFO|WARN|ERROR|FATAL)\] \[\d", line)]
        assert not foreign
        assert node.stop() == 0
