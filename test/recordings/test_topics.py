"""Which topics are chosen, and when that is refused."""

from __future__ import annotations

import pytest

from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.topics import Topics, choose_topics

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
INFO, ODOMETRY = "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Odometry"


def test_raw_before_compressed_and_the_calibration_beside_it():
    there = [
        ("/left/image_raw", IMAGE, 5),
        ("/left/image_raw/compressed", COMPRESSED, 5),
        ("/left/camera_info", INFO, 5),
        ("/left/depth/camera_info", INFO, 5),
        ("/left/depth/image_rect", IMAGE, 5),
    ]
    assert choose_topics(there) == Topics("/left/image_raw", "/left/camera_info")


def test_a_topic_without_messages_is_not_there():
    there = [("/a/image_raw", IMAGE, 0), ("/b/image_raw", IMAGE, 3), ("/b/camera_info", INFO, 3)]
    assert choose_topics(there).image == "/b/image_raw"


def test_the_only_camera_info_is_taken_wherever_it_is():
    assert choose_topics([("/a/image", IMAGE, 3), ("/other/info", INFO, 3)]).camera_info == "/other/info"


def test_only_what_is_called_ground_truth_is_taken_for_it():
    camera = [("/camera/image_raw", IMAGE, 3), ("/camera/camera_info", INFO, 3)]
    estimates = [("/odom", ODOMETRY, 3), ("/depth/image_rect", IMAGE, 3)]
    chosen = choose_topics(camera + estimates)
    assert (chosen.depth, chosen.odometry) == (None, None)
    truth = [("/ground_truth/odom", ODOMETRY, 3), ("/ground_truth/depth/compressed", COMPRESSED, 3)]
    chosen = choose_topics(camera + estimates + truth)
    assert (chosen.depth, chosen.odometry) == ("/ground_truth/depth/compressed", "/ground_truth/odom")
    chosen = choose_topics(camera + estimates, odometry="/odom", depth="/depth/image_rect")
    assert (chosen.depth, chosen.odometry) == ("/depth/image_rect", "/odom")


@pytest.mark.parametrize(
    ("there", "options", "message"),
    [
        ([], {}, "no camera images.*it holds no topics"),
        ([("/odom", ODOMETRY, 4)], {}, r"no camera images.*it holds /odom \(nav_msgs/msg/Odometry, 4\)"),
        (
            [("/left/image", IMAGE, 1), ("/right/image", IMAGE, 1)],
            {},
            r"more than one camera topic \(/left/image, /right/image\): name one with --image-topic",
        ),
        ([("/left/image", IMAGE, 1)], {}, "no sensor_msgs/msg/CameraInfo, expected.* on /left/camera_info"),
        (
            [("/x/image", IMAGE, 1), ("/l/camera_info", INFO, 1), ("/r/camera_info", INFO, 1)],
            {},
            "more than one camera_info .*--camera-info-topic",
        ),
        ([("/left/image", IMAGE, 1)], {"image": "/odom"}, r"on /odom \(--image-topic\)"),
        ([("/odom", ODOMETRY, 1)], {"image": "/odom"}, "no messages of type sensor_msgs/msg/Image or"),
    ],
)
def test_no_choice_or_too_many_are_refused(there, options, message):
    with pytest.raises(RecordingError, match=message):
        choose_topics(there, **options)
