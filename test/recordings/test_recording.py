"""Recordings of every storage and encoding read back as they were written; others are refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.models import luma_depth
from helpers.recordings import CAMERA_HEIGHT, STEP, picture, write_recording

from depth_perception.errors import DepthPerceptionError
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
                np.testing.assert_allclose(true_depth, luma_depth(expected), atol=6e-4)
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
def test_a_file_cut_short_is_refused_in_one_line(tmp_path, storage):
    write_recording(tmp_path / "bag", storage=storage, frames=40)
    (file,) = [item for item in (tmp_path / "bag").iterdir() if item.suffix in (".mcap", ".db3")]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(RecordingError, match="damaged or cut short") as caught:
        list(Recording.open(tmp_path / "bag").images())
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "bag") in str(caught.value)


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


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0")
    (tmp_path / "text.txt").write_text("text")
    write_recording(tmp_path / "bag")
    (tmp_path / "bag" / "metadata.yaml").unlink()
    for path, message in {
        "nothing": "there is no such recording",
        "folder": "neither metadata.yaml nor",
        "old.bag": "ROS 1 bag: convert it",
        "text.txt": "cannot be read as a recording",
        "bag": "no metadata.yaml: the recording was not closed",
    }.items():
        with pytest.raises(RecordingError, match=message):
            Recording.open(tmp_path / path)


def test_depth_of_another_size_than_the_camera_is_refused(tmp_path):
    write_recording(tmp_path / "bag", encoding="rgb8", depth="16UC1")
    with Recording.open(tmp_path / "bag", image_topic="/camera/image_raw") as recording:
        object.__setattr__(recording.camera, "width", 65)
        with pytest.raises(RecordingError, match="is 64x32, expected 65x32"):
            recording.depth(recording.stamps[0])


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
