"""Images of the nodes are those of cv_bridge, and encodings that this package lacks go through it, where ROS has it."""

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from depth_perception.nodes.images import depth_from_message, image_from_message, message_from_image

cv_bridge = pytest.importorskip("cv_bridge")

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def test_cv_bridge_reads_what_the_nodes_publish():
    bridge = cv_bridge.CvBridge()
    message = message_from_image(PICTURE, "rgb8", Header())
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message, "passthrough"), PICTURE)
    depth = np.array([[1.5, np.nan, np.inf]], np.float32)
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(message_from_image(depth, "32FC1", Header())), depth)


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8"])
def test_the_nodes_read_what_cv_bridge_publishes(encoding):
    channels = {"rgb8": (0, 1, 2), "bgr8": (2, 1, 0), "rgba8": (0, 1, 2, 0), "bgra8": (2, 1, 0, 0)}[encoding]
    pixels = np.ascontiguousarray(PICTURE[..., channels])
    message = cv_bridge.CvBridge().cv2_to_imgmsg(pixels, encoding)
    np.testing.assert_array_equal(image_from_message(message), PICTURE)


def test_the_nodes_read_its_depth():
    message = cv_bridge.CvBridge().cv2_to_imgmsg(np.array([[1500, 0]], np.uint16), "16UC1")
    np.testing.assert_array_equal(depth_from_message(message), np.array([[1.5, np.nan]], np.float32))


def test_an_encoding_that_only_cv_bridge_knows_is_read():
    message = Image(width=8, height=6, encoding="8UC4", step=32, data=np.full(192, 7, np.uint8).tobytes())
    assert image_from_message(message).shape == (6, 8, 3)
