from __future__ import annotations

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from depth_perception.nodes.depth_color import colored
from depth_perception.nodes.images import depth_from_message, image_from_message, message_from_image, write_data
from depth_perception.pixel_formats import PixelFormatError


def test_an_image_survives_the_wire() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    message = message_from_image(picture, "rgb8", Header(frame_id="front"))
    arrived = deserialize_message(serialize_message(message), Image)
    assert arrived.header.frame_id == "front"
    np.testing.assert_array_equal(image_from_message(arrived), picture)


@pytest.mark.parametrize("view", [np.s_[:, ::2], np.s_[::-1], np.s_[1:, 1:-1]])
def test_an_array_that_is_a_view_is_sent_as_what_it_shows(view: tuple[slice, ...]) -> None:
    depth = np.arange(1, 49, dtype=np.float32).reshape(6, 8)[view]
    message = message_from_image(depth, "32FC1", Header())
    assert message.step == 4 * message.width
    np.testing.assert_array_equal(depth_from_message(message), depth)


def test_nan_and_infinity_stay_what_they_are() -> None:
    depth = np.array([[np.nan, np.inf, -np.inf, 3.5]], np.float32)
    np.testing.assert_array_equal(depth_from_message(message_from_image(depth, "32FC1", Header())), depth)


def test_a_message_may_be_written_over() -> None:
    message = Image()
    write_data(message, np.arange(3, dtype=np.uint16))
    assert message.data.tobytes() == b"\x00\x00\x01\x00\x02\x00"
    memory = message.data
    write_data(message, np.full(3, 7, np.uint16))
    assert message.data is memory
    assert message.data.tobytes() == b"\x07\x00" * 3
    again = message_from_image(np.ones((1, 2), np.float32), "32FC1", Header(), into=message)
    assert again is message
    np.testing.assert_array_equal(depth_from_message(again), [[1.0, 1.0]])


def test_what_cannot_be_decoded_is_said() -> None:
    with pytest.raises(PixelFormatError, match="complete picture"):
        image_from_message(CompressedImage(format="jpeg", data=b"no picture"))
    with pytest.raises(PixelFormatError, match="rgb8"):
        depth_from_message(message_from_image(np.zeros((2, 2, 3), np.uint8), "rgb8", Header()))


def test_near_is_red_far_is_blue_and_nothing_is_black() -> None:
    near, far, sky, nothing = colored(np.array([[1.0, 100.0, np.inf, np.nan]], np.float32))[0].astype(int)
    assert near[0] > near[2]
    assert far[2] > far[0]
    np.testing.assert_array_equal(sky, far)
    np.testing.assert_array_equal(nothing, 0)


def test_colours_are_of_1_to_100_m() -> None:
    depths = np.array([[0.5, 1.0, 1.2, 85.0, 100.0, 150.0]], np.float32)
    closest, nearest, near, far, farthest, beyond = (tuple(pixel) for pixel in colored(depths)[0])
    assert closest == nearest != near
    assert far != farthest == beyond
