"""Recordings of every storage and encoding read back as they were written; others are refused in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.models import luma_depth
from helpers.recordings import CAMERA_HEIGHT, STEP, later, messages_of, picture, write_mcap, write_recording
from rosbags.typesys import Stores, get_typestore

from depth_perception.errors import DepthPerceptionError
from depth_perception.geometry.camera import GeometryError
from depth_perception.pixel_formats import PixelFormatError
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.recording import Recording, header_stamp, with_header_stamp


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize(
    ("encoding", "depth", "loss"), [("jpeg", "png", 4), ("png", "16UC1", 0), ("rgb8", "32FC1", 0), ("mono8", None, 0)]
)
def test_reads_back_what_was_written(tmp_path, storage, encoding, depth, loss):
    stamps = write_recording(tmp_path / "bag", storage=storage, encoding=encoding, depth=depth, frames=5)
    with Recording.open(tmp_path / "bag") as recording:
        images = list(recording.images())
        assert [image.stamp for image in images] == stamps == recording.stamps
        assert recording.duration == pytest.approx(0.4)
        assert recording.camera_frame == "camera_optical_frame"
        assert (recording.camera.width, recording.camera.height, recording.camera.fx) == (64, 32, 40.0)
        for index, image in enumerate(images):
            expected = picture(index, 64, 32)
            assert np.abs(image.decode().astype(int) - expected).max() <= loss
            true_depth = recording.depth(image.stamp)
            if depth is None:
                assert true_depth is None
            else:
                assert true_depth is not None
                np.testing.assert_allclose(true_depth.depth, luma_depth(expected), atol=6e-4)
                assert true_depth.camera == image.camera == recording.camera
        assert sum(map(recording.has_depth, stamps)) == (0 if depth is None else 5)


def test_odometry_and_extrinsics(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=6)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == stamps
        np.testing.assert_allclose(recording.odometry.poses[:, 0, 3], STEP * np.arange(6))
        assert recording.body_from_camera is not None
        # a point 10 m ahead of the camera, 1 m to its right and 0.5 m below its axis
        point = recording.body_from_camera @ [1.0, 0.5, 10.0, 1.0]
        np.testing.assert_allclose(point[:3], [11.0, -1.0, CAMERA_HEIGHT - 0.5], atol=1e-12)


def test_without_ground_truth(tmp_path):
    write_recording(tmp_path / "bag", depth=None, odometry=False, static_transform=False)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.odometry is None
        assert recording.body_from_camera is None
        assert recording.depth(recording.stamps[0]) is None


def test_depth_of_some_frames_only(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=7, depth_every=3)
    with Recording.open(tmp_path / "bag") as recording:
        assert [recording.depth(stamp) is not None for stamp in stamps] == [index % 3 == 0 for index in range(7)]
        assert sum(map(recording.has_depth, stamps)) == 3


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bare_storage_file_is_a_recording_too(tmp_path, storage):
    stamps = write_recording(tmp_path / "bag", storage=storage)
    (file,) = [item for item in (tmp_path / "bag").iterdir() if item.suffix in (".mcap", ".db3")]
    with Recording.open(file) as recording:
        assert recording.stamps == stamps


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_of_a_file_cut_short_what_lies_before_the_cut_is_read(tmp_path, storage):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/camera/image_raw":
            return message
        return replace(message, data=np.random.default_rng(index).integers(0, 256, len(message.data), np.uint8))

    size = {"width": 128, "height": 96}
    stamps = write_recording(tmp_path / "bag", storage=storage, frames=40, encoding="rgb8", change=change, **size)
    (file,) = [item for item in (tmp_path / "bag").iterdir() if item.suffix in (".mcap", ".db3")]
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
    with Recording.open(tmp_path / "bag") as recording:
        images = list(recording.images())
        assert 8 < len(images) < 40
        assert [image.stamp for image in images] == stamps[: len(images)]
        assert images[-1].decode().shape == (96, 128, 3)
        assert "cut short" in " ".join(recording.remarks)


def test_a_damaged_image_costs_only_itself(tmp_path):
    write_recording(tmp_path / "bag", frames=3, encoding="rgb8")
    (file,) = (tmp_path / "bag").glob("*.mcap")
    good = file.read_bytes()
    second = good.index(b"rgb8", good.index(b"rgb8\x00") + 1)
    second = good.index(b"rgb8\x00", second + 1)
    file.write_bytes(good[:second] + b"rgbX" + good[second + 4 :])
    with Recording.open(file) as recording:
        decoded = []
        for image in recording.images():
            try:
                decoded.append(image.decode().shape)
            except PixelFormatError as error:
                assert "'rgbX'" in str(error)  # noqa: PT017
        assert decoded == [(32, 64, 3)] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"camera_info": False}, "no sensor_msgs/msg/CameraInfo.*on /camera/camera_info.*It holds /tf_static"),
        ({"image_topic": "/camera/depth/image_raw/compressed"}, "no camera images, expected.*it holds"),
    ],
)
def test_a_missing_topic_is_named_with_what_there_is(tmp_path, options, message):
    write_recording(tmp_path / "bag", **options)
    with pytest.raises(RecordingError, match=message):
        Recording.open(tmp_path / "bag")


@pytest.mark.parametrize(("width", "height"), [(128, 64), (32, 16), (65, 32)])
def test_depth_of_another_size_is_of_the_same_view(tmp_path, width, height):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/depth":
            return message
        data = np.full((height, width), 7.0, np.float32).tobytes()
        return replace(message, width=width, height=height, step=4 * width, data=np.frombuffer(data, np.uint8))

    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", change=change)
    with Recording.open(tmp_path / "bag") as recording:
        depth = recording.depth(stamps[0])
        assert depth is not None
        assert depth.camera == recording.camera.resized(width, height)
        assert (depth.depth == 7.0).all()


def test_depth_of_another_view_is_refused(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        is_depth = topic == "/ground_truth/depth"
        return replace(message, width=32, height=64, step=128) if is_depth else message

    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", change=change)
    with Recording.open(tmp_path / "bag") as recording, pytest.raises(RecordingError, match="is 32x64, expected 64x32"):
        recording.depth(stamps[0])


def with_depth_info(focal_length: float, frame: str = "camera_optical_frame") -> Any:
    """Depth and camera_info of a depth camera, which comes with the images' camera_info."""

    def change(topic: str, index: int, message: Any) -> Any:
        if topic == "/ground_truth/camera_info":
            message = with_focal(message, focal_length)
        if topic not in ("/ground_truth/camera_info", "/ground_truth/depth"):
            return message
        return replace(message, header=replace(message.header, frame_id=frame))

    return change


def add_depth_info(path: Path, out: Path, change: Any) -> None:
    """A copy of a recording that has a camera_info beside its true depth."""
    store = get_typestore(Stores.ROS2_JAZZY)
    messages = []
    for message in messages_of(path):
        messages.append(message)
        if message.topic == "/camera/camera_info":
            fields = change("/ground_truth/camera_info", 0, store.deserialize_cdr(message.data, message.type_name))
            data = bytes(store.serialize_cdr(fields, message.type_name))
            messages.append(message._replace(topic="/ground_truth/camera_info", data=data))
    write_mcap(out, messages)


def test_depth_of_another_camera_is_doubted_and_refused_once_its_calibration_says_so(tmp_path):
    change = with_depth_info(30.0, "camera_depth_optical_frame")
    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", change=change)
    said = "on /ground_truth/depth is of frame 'camera_depth_optical_frame', the images are of 'camera_optical_frame'"
    with Recording.open(tmp_path / "bag") as recording:
        assert said in recording.depth_doubt
        assert recording.depth_doubt in recording.remarks
        assert recording.depth(stamps[0]) is not None
    add_depth_info(tmp_path / "bag", tmp_path / "a.mcap", change)
    with (
        Recording.open(tmp_path / "a.mcap") as recording,
        pytest.raises(RecordingError, match="its own, with a focal length of 30 px for 64 px, the images' is 40 px"),
    ):
        recording.depth(stamps[0])


def test_depth_of_another_focal_length_at_the_same_place_is_moved_to_the_images(tmp_path):
    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1")
    add_depth_info(tmp_path / "bag", tmp_path / "a.mcap", with_depth_info(80.0))
    with Recording.open(tmp_path / "bag") as recording:
        as_it_is = recording.depth(stamps[0])
    with Recording.open(tmp_path / "a.mcap") as recording:
        moved = recording.depth(stamps[0])
        assert "has a camera of its own, at the same place" in str(recording.remarks)
    assert as_it_is is not None
    assert moved is not None
    seen = np.zeros((32, 64), bool)
    seen[8:24, 16:48] = True
    assert (np.isfinite(moved.depth) == seen).all()
    # Half as far from the centre, and the nearest of four.
    assert moved.depth[10, 40] == pytest.approx(as_it_is.depth[4:6, 48:50].min())


@pytest.mark.parametrize(
    ("focal_length", "said"), [(50.0, "a camera of its own, at the same place: moved"), (40.0, "are not: rectified")]
)
def test_depth_through_a_lens_of_its_own_is_rectified_as_it_is_said(tmp_path, focal_length, said):
    k1 = -0.2

    def change(topic: str, index: int, message: Any) -> Any:
        message = with_depth_info(focal_length)(topic, index, message)
        return (
            replace(message, d=np.array([k1, 0.0, 0.0, 0.0, 0.0])) if topic.endswith("truth/camera_info") else message
        )

    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1")
    add_depth_info(tmp_path / "bag", tmp_path / "a.mcap", change)
    with Recording.open(tmp_path / "a.mcap") as recording:
        truth = recording.depth(stamps[0])
        assert said in str(recording.remarks)
        assert truth is not None
        assert truth.camera == recording.camera
    across, down = np.meshgrid((np.arange(64) - 31.5) / 40.0, (np.arange(32) - 15.5) / 40.0)
    bent = focal_length * (1.0 + k1 * (across**2 + down**2))
    columns, rows = across * bent + 31.5, down * bent + 15.5
    inside = (abs(columns - 31.5) < 31.9) & (abs(rows - 15.5) < 15.9)
    outside = (abs(columns - 31.5) > 32.1) | (abs(rows - 15.5) > 16.1)
    depth = luma_depth(picture(0, 64, 32))
    nearest = depth[np.rint(rows[inside]).astype(int), np.rint(columns[inside]).astype(int)]
    assert np.isnan(truth.depth[outside]).all()
    assert (truth.depth[inside] == nearest).mean() > 0.99
    assert inside.sum() > 1000


def test_depth_of_a_camera_of_other_proportions_at_the_same_place_is_moved_as_it_is_said(tmp_path):
    def square(topic: str, index: int, message: Any) -> Any:
        if topic == "/ground_truth/camera_info":
            message = with_focal(message, 60.0)
            return replace(message, width=48, height=48, k=np.array([60.0, 0, 23.5, 0, 60.0, 23.5, 0, 0, 1.0]))
        if topic != "/ground_truth/depth":
            return message
        data = np.full((48, 48), 7.0, np.float32).tobytes()
        return replace(message, width=48, height=48, step=4 * 48, data=np.frombuffer(data, np.uint8))

    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", change=square)
    add_depth_info(tmp_path / "bag", tmp_path / "a.mcap", square)
    with Recording.open(tmp_path / "a.mcap") as recording:
        truth = recording.depth(stamps[0])
        assert "has a camera of its own, at the same place: moved to the images'" in str(recording.remarks)
        assert truth is not None
        assert truth.camera == recording.camera.resized(48, 24)
    seen = np.zeros((24, 48), bool)
    seen[:, 12:36] = True  # 0.4 to either side of the axis, at 30 px
    assert (np.isfinite(truth.depth) == seen).all()


def test_a_camera_info_that_a_calibration_replaces_is_no_camera_of_depth_beside_it(tmp_path):
    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", focal_length=20.0)
    messages = messages_of(tmp_path / "bag")
    renamed = [item._replace(topic=item.topic.replace("/ground_truth/depth", "/camera/depth")) for item in messages]
    write_mcap(tmp_path / "a.mcap", renamed)
    write_calibration(tmp_path / "c.yaml")
    with Recording.open(tmp_path / "a.mcap", depth_topic="/camera/depth", calibration=tmp_path / "c.yaml") as recording:
        truth = recording.depth(stamps[0])
        assert truth is not None
        assert truth.camera == recording.camera


@pytest.mark.parametrize("topic", ["/ground_truth/depth/image_rect", "/ground_truth/depth/image"])
def test_depth_that_is_rectified_by_its_name_is_compared_with_the_images_when_they_are(tmp_path, topic):
    def change(name: str, index: int, message: Any) -> Any:
        if name != "/camera/camera_info":
            return message
        p = message.p.copy()
        p[[0, 5]] = 38.0
        return replace(message, p=p, d=np.array([-0.2, 0.02, 0.0, 0.0, 0.0]))

    stamps = write_recording(tmp_path / "bag", encoding="rgb8", depth="32FC1", change=change)
    renamed = [
        message._replace(topic=topic) if message.topic == "/ground_truth/depth" else message
        for message in messages_of(tmp_path / "bag")
    ]
    write_mcap(tmp_path / "a.mcap", renamed)
    with Recording.open(tmp_path / "a.mcap", depth_topic=topic) as recording:
        truth = recording.depth(stamps[0])
        assert truth is not None
        is_rectified = topic.endswith("rect")
        assert truth.camera == (recording.camera.rectified() if is_rectified else recording.camera)
        assert ("is taken to be rectified already, which the images are not" in str(recording.remarks)) is is_rectified


@pytest.mark.parametrize("late", [1_000_000, -1_000_000, 15_000_000])
def test_truth_that_is_a_little_off_is_that_of_the_nearest_image(tmp_path, late):
    def change(topic: str, index: int, message: Any) -> Any:
        return later(message, late) if "depth" in topic else message

    stamps = write_recording(tmp_path / "bag", frames=7, depth_every=3, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert [recording.has_depth(stamp) for stamp in stamps] == [index % 3 == 0 for index in range(7)]
        depth = recording.depth(stamps[3])
        assert depth is not None
        np.testing.assert_allclose(depth.depth, luma_depth(picture(3, 64, 32)), atol=6e-4)
        assert f"up to {abs(late) / 1e6:g} ms off in time" in recording.truth_found[0]


def test_truth_of_another_clock_is_named(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        return later(message, 40_000_000_000) if "ground_truth" in topic else message

    stamps = write_recording(tmp_path / "bag", frames=5, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert not any(map(recording.has_depth, stamps))
        depth, poses = recording.remarks
        assert "true depth: 0 of 5 images" in recording.truth_found[0]
        assert "true poses: 0 of 5 images" in recording.truth_found[1]
    assert "no true depth on /ground_truth/depth/compressed is within 20 ms of an image" in depth
    assert "from 1700000040.000000 s to 1700000040.400000 s, the images from 1700000000.000000 s" in depth
    assert "no image lies between the true poses on /ground_truth/odom" in poses
    assert "of another clock?" in depth
    assert "of another clock?" in poses


@pytest.mark.parametrize(
    ("kept", "late", "said"),
    [
        (
            lambda index: index % 6 == 1,
            50,
            "they are 0.6 s apart, and between two that are more than 0.25 s apart nothing",
        ),
        (lambda index: True, None, "their stamps are not set"),
    ],
    ids=["far apart", "not stamped"],
)
def test_truth_that_meets_no_image_by_its_own_clock_is_not_called_of_another(tmp_path, kept, late, said):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom":
            return message
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        return later(message, -stamp if late is None else late * 10**6) if kept(index) else None

    write_recording(tmp_path / "bag", frames=14, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        (remark,) = (text for text in recording.remarks if "no image lies between the true poses" in text)
        assert said in remark
        assert "clock" not in remark


def test_poses_that_are_none_are_left_out_and_counted(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom" or index not in (2, 4):
            return message
        pose = message.pose.pose
        bad = replace(pose, position=replace(pose.position, y=np.nan))
        bad = bad if index == 2 else replace(pose, orientation=replace(pose.orientation, w=0.0))
        return replace(message, pose=replace(message.pose, pose=bad))

    stamps = write_recording(tmp_path / "bag", frames=6, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == [stamps[index] for index in (0, 1, 3, 5)]
        assert "2 poses on /ground_truth/odom are left out" in str(recording.remarks)


def test_how_many_truths_matched_is_always_said(tmp_path):
    write_recording(tmp_path / "bag", frames=6, depth_every=2)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.remarks == ()
        assert recording.truth_found == (
            "true depth: 3 of 6 images have one of the 3 on /ground_truth/depth/compressed",
            "true poses: 6 of 6 images lie between those of the 6 on /ground_truth/odom",
        )


def with_focal(message: Any, focal_length: float, **changes: Any) -> Any:
    k = message.k.copy()
    k[[0, 4]] = focal_length
    return replace(message, k=k, **changes)


def test_every_image_has_the_camera_of_its_stamp(tmp_path):
    """A lens that zooms; camera_info comes with every second image."""

    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/camera/camera_info":
            return message
        return with_focal(message, 40.0 + 5 * (index // 4)) if index % 2 == 0 else None

    write_recording(tmp_path / "bag", frames=8, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert [image.camera.fx for image in recording.images()] == [40.0] * 4 + [45.0] * 4
        assert [camera.fx for camera in recording.cameras] == [40.0, 45.0]
        assert "describes 2 cameras, with focal lengths from 40 to 45 px" in recording.remarks[0]


def test_a_camera_that_begins_without_calibration(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        is_empty = topic == "/camera/camera_info" and index < 2
        return replace(message, k=np.zeros(9), p=np.zeros(12), d=np.zeros(0)) if is_empty else message

    write_recording(tmp_path / "bag", frames=4, change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert {image.camera.fx for image in recording.images()} == {40.0}
        assert "2 camera_info on /camera/camera_info are passed over: camera_info has an all-zero K" in str(
            recording.remarks
        )


def test_a_camera_without_any_calibration_is_refused(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        return replace(message, k=np.eye(3).ravel()) if topic == "/camera/camera_info" else message

    write_recording(tmp_path / "bag", change=change)
    with pytest.raises(GeometryError, match="/camera/camera_info: a focal length of 1 px for 64 px opens"):
        Recording.open(tmp_path / "bag")


def test_what_is_doubtful_about_the_calibration_is_said(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        return with_focal(message, 10.0) if topic == "/camera/camera_info" else message

    write_recording(tmp_path / "bag", change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert "/camera/camera_info: a focal length of 10 px for 64 px opens 145" in str(recording.remarks)


@pytest.mark.parametrize("told", ["auto", "always", "never"])
@pytest.mark.parametrize("topic", ["/camera/image_rect_color", "/camera/image_raw"])
def test_rectified_images_are_those_of_p_if_they_are_told_or_called_so(tmp_path, topic, told):
    def change(name: str, index: int, message: Any) -> Any:
        if name != "/camera/camera_info":
            return message
        p = message.p.copy()
        p[[0, 5]] = 36.0
        return replace(message, p=p, d=np.array([-0.2, 0.02, 0.0, 0.0, 0.0]))

    write_recording(tmp_path / "bag", encoding="rgb8", image_topic=topic, change=change)
    with Recording.open(tmp_path / "bag", rectified_input=told) as recording:
        is_rectified = "rect" in topic if told == "auto" else told == "always"
        assert recording.camera.fx == (36.0 if is_rectified else 40.0)
        assert recording.camera.is_distorted is not is_rectified
        guessed = f"{topic} is taken to be rectified already, as its name says"
        assert (guessed in str(recording.remarks)) is (told == "auto" and is_rectified)


def test_rectified_by_its_name_but_without_p_is_raw(tmp_path):
    def change(name: str, index: int, message: Any) -> Any:
        distortion = np.array([-0.2, 0.02, 0.0, 0.0, 0.0])
        return replace(message, p=np.zeros(12), d=distortion) if name == "/camera/camera_info" else message

    write_recording(tmp_path / "bag", encoding="rgb8", image_topic="/camera/image_rect", change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.camera.is_distorted
        assert "has no P: it is taken to be raw" in str(recording.remarks)


def write_calibration(path: Path) -> None:
    """Of the recording's camera, as camera_calibration writes it, with a P of another focal length."""
    path.write_text(
        "{image_width: 64, image_height: 32, distortion_model: plumb_bob,"
        " distortion_coefficients: {data: [-0.2, 0.02, 0, 0, 0]},"
        " camera_matrix: {data: [40, 0, 31.5, 0, 40, 15.5, 0, 0, 1]},"
        " projection_matrix: {data: [36, 0, 31.5, 0, 0, 36, 15.5, 0, 0, 0, 1, 0]}}"
    )


@pytest.mark.parametrize("topic", ["/camera/image_rect", "/camera/image_rectified", "/camera/rect/image"])
def test_a_calibration_file_is_that_of_rectified_images_too(tmp_path, topic):
    write_recording(tmp_path / "bag", encoding="rgb8", image_topic=topic, camera_info=False)
    write_calibration(tmp_path / "c.yaml")
    with Recording.open(tmp_path / "bag", calibration=tmp_path / "c.yaml") as recording:
        by_name = topic != "/camera/rect/image"
        assert recording.camera.fx == (36.0 if by_name else 40.0)
        assert recording.camera.is_distorted is not by_name
        taken = "rectified already, as its name says" if by_name else "raw: only the last part of a name says"
        assert f"{topic} is taken to be {taken}" in str(recording.remarks)


def test_the_calibration_of_another_camera(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        return replace(message, header=replace(message.header, frame_id="right")) if "info" in topic else message

    write_recording(tmp_path / "bag", camera_info_topic="/right/camera_info", change=change)
    with pytest.raises(
        RecordingError, match=r"/right/camera_info, is of frame 'right', the images on .* it is another"
    ):
        Recording.open(tmp_path / "bag")
    with Recording.open(tmp_path / "bag", camera_info_topic="/right/camera_info") as recording:
        assert "/right/camera_info is of frame 'right', the images" in recording.remarks[0]


def test_the_body_of_the_camera_in_place_of_its_optical_frame(tmp_path):
    """Its transform would turn ahead into up; without it the camera is taken to be level."""

    def change(topic: str, index: int, message: Any) -> Any:
        if topic == "/tf_static":
            (optical,) = message.transforms
            forward = replace(optical.transform.rotation, x=0.0, y=0.0, z=0.0, w=1.0)
            link = replace(
                optical, child_frame_id="camera_link", transform=replace(optical.transform, rotation=forward)
            )
            optical = replace(optical, header=replace(optical.header, frame_id="camera_link"))
            return replace(message, transforms=[link, optical])
        is_camera = topic.startswith("/camera")
        return replace(message, header=replace(message.header, frame_id="camera_link")) if is_camera else message

    write_recording(tmp_path / "bag", change=change)
    with Recording.open(tmp_path / "bag") as recording:
        assert recording.body_from_camera is None
        assert "mount of the camera is not used: frame 'camera_link' has z up" in recording.remarks[0]
        assert "(below it are camera_optical_frame)" in recording.remarks[0]
    with Recording.open(tmp_path / "bag", camera_pose=[0.0, 0.0, 1.5, np.pi, 0.0, 0.0]) as recording:
        assert recording.body_from_camera is not None
        assert "mounted upside down" in recording.remarks[0]


def test_messages_that_are_cut_short_are_left_out_and_counted(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=6, encoding="rgb8")
    messages = messages_of(tmp_path / "bag")
    cut = {"/camera/image_raw": 2, "/camera/camera_info": 3, "/ground_truth/depth/compressed": 1}
    spoilt = [
        message._replace(data=message.data[: 8 if message.topic != "/camera/camera_info" else 40])
        if message.log_time == stamps[cut.get(message.topic, 0)] and message.topic in cut
        else message
        for message in messages
    ]
    write_mcap(tmp_path / "a.mcap", spoilt)
    with Recording.open(tmp_path / "a.mcap") as recording:
        assert [image.stamp for image in recording.images()] == [*stamps[:2], *stamps[3:]]
        assert all(image.decode().shape == (32, 64, 3) for image in recording.images())
        said = str(recording.remarks)
    assert "1 messages on /camera/image_raw are too short" in said
    assert "1 camera_info on /camera/camera_info are passed over: " in said
    assert "1 messages on /ground_truth/depth/compressed are too short" in said


@pytest.mark.parametrize("topic", ["/ground_truth/odom", "/tf_static"])
def test_one_message_of_poses_that_is_cut_short_costs_only_itself(tmp_path, topic):
    stamps = write_recording(tmp_path / "bag", frames=6)
    spoilt = [
        message._replace(data=message.data[:60])
        if message.topic == topic and message.log_time == stamps[0]
        else message
        for message in messages_of(tmp_path / "bag")
    ]
    write_mcap(tmp_path / "a.mcap", spoilt)
    with Recording.open(tmp_path / "a.mcap", speed_topic="/ground_truth/odom") as recording:
        assert recording.odometry is not None
        assert len(recording.odometry) == len(list(recording.speeds())) == (5 if topic == "/ground_truth/odom" else 6)
        (said,) = (text for text in recording.remarks if "cannot be read, and are left out" in text)
        assert said.startswith(f"1 messages on {topic} cannot be read")
        assert str(tmp_path) not in said


def test_an_image_message_that_is_none_costs_only_itself(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=3, encoding="rgb8")
    spoilt = [
        message._replace(data=message.data[:200])
        if message.topic == "/camera/image_raw" and message.log_time == stamps[1]
        else message
        for message in messages_of(tmp_path / "bag")
    ]
    write_mcap(tmp_path / "a.mcap", spoilt)
    with Recording.open(tmp_path / "a.mcap") as recording:
        first, second, third = recording.images()
        assert first.decode().shape == third.decode().shape == (32, 64, 3)
        with pytest.raises(PixelFormatError, match="of 200 bytes is no sensor_msgs/msg/Image"):
            second.decode()


@pytest.mark.parametrize(
    "kind", ["PoseStamped", "PoseWithCovarianceStamped", "TransformStamped", "Path"]
)  # Odometry is what the recording has
def test_a_trajectory_in_messages_of_other_types(tmp_path, kind):
    types = get_typestore(Stores.ROS2_JAZZY).types

    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom":
            return message
        pose = message.pose.pose
        stamped = types["geometry_msgs/msg/PoseStamped"](message.header, pose)
        if kind == "PoseStamped":
            return stamped
        if kind == "PoseWithCovarianceStamped":
            return types["geometry_msgs/msg/PoseWithCovarianceStamped"](message.header, message.pose)
        if kind == "TransformStamped":
            vector = types["geometry_msgs/msg/Vector3"](pose.position.x, 0.0, 0.0)
            transform = types["geometry_msgs/msg/Transform"](vector, pose.orientation)
            return types["geometry_msgs/msg/TransformStamped"](message.header, "body", transform)
        path.append(stamped)
        return types["nav_msgs/msg/Path"](message.header, list(path))

    path: list[Any] = []
    stamps = write_recording(tmp_path / "bag", frames=5, change=change)
    with Recording.open(tmp_path / "bag", odometry_topic="/ground_truth/odom") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == stamps
        np.testing.assert_allclose(recording.odometry.poses[:, 0, 3], STEP * np.arange(5))
        assert recording.body_frame == ("body" if kind == "TransformStamped" else "base_link")


def test_sensors_of_twelve_bits_are_judged_by_the_drive_so_far(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/camera/image_raw":
            return message
        data = np.full((32, 64), [4095, 400, 100][index], "<u2").view(np.uint8).ravel()
        return replace(message, encoding="mono16", step=128, data=data)

    write_recording(tmp_path / "bag", frames=3, encoding="mono8", change=change)
    with Recording.open(tmp_path / "bag") as recording:
        for _ in range(2):
            assert [int(image.decode()[0, 0, 0]) for image in recording.images()] == [255, 25, 6]


def test_topics_given_by_name_must_be_there(tmp_path):
    write_recording(tmp_path / "bag")
    for option in ("image_topic", "camera_info_topic", "depth_topic", "odometry_topic"):
        with pytest.raises(RecordingError, match=r"on /wrong \(--.*-topic\): it holds"):
            Recording.open(tmp_path / "bag", **{option: "/wrong"})  # type: ignore[arg-type]


def test_the_stamp_of_a_serialised_message_can_be_read_and_changed(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=2)
    with Recording.open(tmp_path / "bag") as recording:
        for message, stamp in zip(recording.messages(["/camera/camera_info"]), stamps, strict=True):
            assert header_stamp(message.data) == stamp == message.log_time
            later = with_header_stamp(message.data, 12_345_678_901)
            assert header_stamp(later) == 12_345_678_901
            assert later[12:] == message.data[12:]


def test_every_error_is_one_of_ours():
    assert issubclass(RecordingError, DepthPerceptionError)
    with pytest.raises(DepthPerceptionError):
        Recording.open(Path("/does/not/exist"))
