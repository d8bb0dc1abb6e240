"""Which topics are chosen, and when that is refused."""

from __future__ import annotations

import pytest

from depth_perception.model_outputs import OUTPUTS
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.storage import StoredTopic
from depth_perception.recordings.topics import Topics, choose_topics, unused_truth

IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
INFO, ODOMETRY = "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Odometry"
CAMERA = [("/camera/image_raw", IMAGE, 3), ("/camera/camera_info", INFO, 3)]


def choose(there, **options):
    return choose_topics([StoredTopic(*topic) for topic in there], **options)


def test_raw_before_compressed_and_the_calibration_beside_it():
    there = [
        ("/left/image_raw", IMAGE, 5),
        ("/left/image_raw/compressed", COMPRESSED, 5),
        ("/left/camera_info", INFO, 5),
        ("/left/depth/camera_info", INFO, 5),
        ("/left/depth/image_rect", IMAGE, 5),
    ]
    assert choose(there) == Topics("/left/image_raw", "/left/camera_info")


@pytest.mark.parametrize("image", ["/depthai/rgb/image_raw", "/depth_camera/color/image_raw/compressed"])
def test_a_camera_may_be_called_depth_as_a_whole(image):
    space = image.split("/image")[0]
    kind = COMPRESSED if "compressed" in image else IMAGE
    there = [(image, kind, 3), (f"{space}/camera_info", INFO, 3), ("/depthai/stereo/depth", IMAGE, 3)]
    assert choose(there).image == image


def test_images_that_are_passed_over_are_named_with_the_option():
    there = [("/depth_camera/image_raw", IMAGE, 3), ("/depth_camera/camera_info", INFO, 3)]
    with pytest.raises(RecordingError, match=r"/depth_camera/image_raw are depth, or results: .* with --image-topic"):
        choose(there)
    assert choose(there, image="/depth_camera/image_raw").image == "/depth_camera/image_raw"


def test_a_topic_without_messages_is_not_there():
    there = [("/a/image_raw", IMAGE, 0), ("/b/image_raw", IMAGE, 3), ("/b/camera_info", INFO, 3)]
    assert choose(there).image == "/b/image_raw"


def test_the_only_camera_info_is_taken_wherever_it_is():
    assert choose([("/a/image", IMAGE, 3), ("/other/info", INFO, 3)]).camera_info == "/other/info"


def test_only_what_is_called_ground_truth_is_taken_for_it():
    estimates = [("/odom", ODOMETRY, 3), ("/depth/image_rect", IMAGE, 3)]
    chosen = choose(CAMERA + estimates)
    assert (chosen.depth, chosen.odometry) == (None, None)
    truth = [("/ground_truth/odom", ODOMETRY, 3), ("/ground_truth/depth/compressed", COMPRESSED, 3)]
    chosen = choose(CAMERA + estimates + truth)
    assert (chosen.depth, chosen.odometry) == ("/ground_truth/depth/compressed", "/ground_truth/odom")
    chosen = choose(CAMERA + estimates, odometry="/odom", depth="/depth/image_rect")
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
        (
            [("/Camera/Image_Raw", IMAGE, 1)],
            {},
            r"on /Camera/camera_info: .*\. It holds /Camera/Image_Raw \(sensor_msgs/msg/Image, 1\)",
        ),
        (
            [("/camera/image_raw/ffmpeg", "ffmpeg_image_transport_msgs/msg/FFMPEGPacket", 9)],
            {},
            "FFMPEGPacket, 9.*Video is not decoded: republish it",
        ),
        ([("/camera", "foxglove.CompressedImage (protobuf)", 9)], {}, r"protobuf.*Its messages are not ROS 2's"),
        ([("/left/image", IMAGE, 1)], {"image": "/odom"}, r"on /odom \(--image-topic\)"),
        ([("/odom", ODOMETRY, 1)], {"image": "/odom"}, "no messages of type sensor_msgs/msg/Image or"),
    ],
)
def test_no_choice_or_too_many_are_refused(there, options, message):
    with pytest.raises(RecordingError, match=message):
        choose(there, **options)


LEFT = [("/left/image_raw", IMAGE, 3), ("/right/camera_info", INFO, 3)]


def test_the_calibration_of_another_camera_is_not_taken():
    frames = {"/left/image_raw": "left_optical", "/right/camera_info": "right_optical"}
    with pytest.raises(
        RecordingError, match=r"/right/camera_info, is of frame 'right_optical', the images .* 'left_opt"
    ):
        choose(LEFT, frame_of=frames.__getitem__)
    assert choose(LEFT, frame_of=frames.__getitem__, camera_info="/right/camera_info").camera_info
    frames["/right/camera_info"] = "left_optical"
    assert choose(LEFT, frame_of=frames.__getitem__).camera_info == "/right/camera_info"


def test_of_several_calibrations_the_one_in_the_frame_of_the_images_is_taken():
    there = [*LEFT, ("/calibration/left", INFO, 1)]
    frames = {"/left/image_raw": "left", "/right/camera_info": "right", "/calibration/left": "left"}
    assert choose(there, frame_of=frames.__getitem__).camera_info == "/calibration/left"


def test_what_this_package_published_is_no_camera_and_no_truth():
    own = [
        ("/depth/scale", "geometry_msgs/msg/Vector3Stamped", 3),
        *((f"/{output.topic}", IMAGE, 3) for output in OUTPUTS.values() if output.topic),
        ("/depth/relative", IMAGE, 3),
        ("/depth/color", IMAGE, 3),
        ("/depth/camera_info", INFO, 3),
        ("/image_rect", IMAGE, 3),
        ("/rgb/image_rect_color", IMAGE, 3),
        ("/rgb/camera_info", INFO, 3),
        ("/semantics/color", IMAGE, 3),
        ("/odom", ODOMETRY, 3),
    ]
    chosen = choose(CAMERA + own)
    assert chosen == Topics("/camera/image_raw", "/camera/camera_info")
    assert unused_truth([StoredTopic(*topic) for topic in CAMERA + own], chosen) == ()
    elsewhere = [("/camera/image_raw", IMAGE, 3), ("/calibration", INFO, 1)]
    assert choose(elsewhere + own).camera_info == "/calibration"


def test_advice_spells_options_as_whoever_reads_it_does():
    two = [("/left/image_raw", IMAGE, 3), ("/right/image_raw", IMAGE, 3)]
    for options, advice in (
        ({}, "name one with --image-topic$"),
        ({"option": "{}:=".format}, "name one with image:=$"),
    ):
        with pytest.raises(RecordingError, match=advice):
            choose(two, **options)


def test_truth_that_nobody_named_is_offered():
    there = [
        *CAMERA,
        ("/novatel/odom", ODOMETRY, 9),
        ("/vicon", "geometry_msgs/msg/PoseStamped", 9),
        ("/camera/depth/image_raw", IMAGE, 2),
        ("/camera/depth/empty", IMAGE, 0),
    ]
    offers = unused_truth([StoredTopic(*topic) for topic in there], choose(there))
    assert [offer.rpartition(": ")[2] for offer in offers] == [
        "--odometry-topic /novatel/odom", "--odometry-topic /vicon", "--depth-topic /camera/depth/image_raw"
    ]  # fmt: skip
    named = choose(there, odometry="/vicon", depth="/camera/depth/image_raw")
    assert unused_truth([StoredTopic(*topic) for topic in there], named) == ()
