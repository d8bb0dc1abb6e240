"""Recordings as recorders, converters and power cuts leave them on disk."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
import zstandard
from helpers.recordings import messages_of, write_mcap, write_recording
from mcap.writer import CompressionType, IndexType
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from depth_perception.recordings.bag import Bag
from depth_perception.recordings.errors import RecordingError, SeveralRecordingsError
from depth_perception.recordings.storage import RecordedMessage

IMAGE = "/camera/image_raw"


def noise(topic: str, index: int, message: Any) -> Any:
    """Images that no compression makes smaller, as real ones."""
    if topic != IMAGE:
        return message
    data = np.random.default_rng(index).integers(0, 256, len(message.data), np.uint8)
    return replace(message, data=data)


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bag") / "drive"
    write_recording(path, frames=12, encoding="rgb8", depth="32FC1", depth_every=4, change=noise)
    return path


@pytest.fixture(scope="module")
def messages(drive: Path) -> list[RecordedMessage]:
    return messages_of(drive)


def counts(bag: Bag) -> dict[str, int]:
    return {topic.name: topic.count for topic in bag.topics}


def test_what_is_written_comes_back(drive, messages):
    store = get_typestore(Stores.ROS2_JAZZY)
    assert [message.topic for message in messages].count(IMAGE) == 12
    assert len(messages) == 1 + 12 * 3 + 3
    assert all(first.log_time <= second.log_time for first, second in pairwise(messages))
    with Bag(drive) as bag:
        assert counts(bag) == {
            "/tf_static": 1, "/camera/camera_info": 12, IMAGE: 12, "/ground_truth/odom": 12, "/ground_truth/depth": 3
        }  # fmt: skip
        assert bag.remarks == ()
        image = bag.deserialise(next(bag.messages([IMAGE])))
        assert (image.width, image.height, image.header.frame_id) == (64, 32, "camera_optical_frame")
        assert bytes(store.serialize_cdr(image, image.__msgtype__)) == next(bag.messages([IMAGE])).data
        assert bag.frame_of("/ground_truth/odom") == "odom"


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_window_of_time(tmp_path, storage):
    stamps = write_recording(tmp_path / "bag", frames=9, storage=storage)
    with Bag(tmp_path / "bag") as bag:
        found = [message.log_time for message in bag.messages(["/ground_truth/odom"], stamps[3], stamps[6])]
    assert found == stamps[3:6]


@pytest.mark.parametrize(
    "options",
    [
        {"use_chunking": False},
        {"use_chunking": False, "index_types": IndexType.NONE, "use_statistics": False},
        {"index_types": IndexType.NONE},
        {"index_types": IndexType.CHUNK},
        {"repeat_channels": False},
        {"repeat_schemas": False},
        {"repeat_channels": False, "repeat_schemas": False, "use_statistics": False, "use_summary_offsets": False},
        {"profile": ""},
        {"profile": "", "use_chunking": False},
        {"compression": CompressionType.NONE},
        {"compression": CompressionType.LZ4},
        {"chunk_size": 10_000},
        {"channels": 2},
        {"channels": 3, "repeat_channels": False},
    ],
    ids=lambda options: ", ".join(f"{name}={value}" for name, value in options.items()),
)
@pytest.mark.parametrize("order", ["in time", "shuffled"])
def test_mcap_of_every_writer_comes_whole_and_in_order_of_time(tmp_path, messages, options, order):
    given = messages if order == "in time" else [*messages[20:], *messages[:20]]
    write_mcap(tmp_path / "a.mcap", given, **options)
    with Bag(tmp_path / "a.mcap") as bag:
        assert counts(bag) == {name: [item.topic for item in messages].count(name) for name in counts(bag)}
        found = list(bag.messages(counts(bag)))
        assert bag.remarks == ()
    assert sorted(found) == sorted(messages)
    assert [message.log_time for message in found] == [message.log_time for message in messages]


def test_types_may_be_spelt_as_ros_1_does(tmp_path, messages):
    short = [message._replace(type_name=message.type_name.replace("/msg/", "/")) for message in messages]
    write_mcap(tmp_path / "a.mcap", short)
    assert messages_of(tmp_path / "a.mcap") == messages


def test_messages_that_are_not_ros_2s_are_told_apart(tmp_path, messages):
    foreign = [message._replace(type_name="foxglove.CompressedImage") for message in messages]
    write_mcap(tmp_path / "a.mcap", foreign, profile="", serialisation="protobuf")
    with Bag(tmp_path / "a.mcap") as bag:
        assert {topic.type_name for topic in bag.topics} == {"foxglove.CompressedImage (protobuf)"}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("compression", [CompressionType.NONE, CompressionType.ZSTD, CompressionType.LZ4])
@pytest.mark.parametrize(("chunk_size", "block"), [(8_000, 10_000), (10_000_000, 131_072)])
def test_what_lies_before_the_cut_of_an_mcap_is_read(tmp_path, messages, share, compression, chunk_size, block):
    """A recorder that was killed, a copy that was broken off: in the middle of whatever it was.

    Of a chunk that is cut itself the compressed blocks before the cut are read, which have up to 128 KiB.
    """
    span = messages[-1].log_time - messages[0].log_time + 1
    long = [
        message._replace(log_time=message.log_time + k * span, data=bytes(byte ^ k for byte in message.data))
        for k in range(8)
        for message in messages
    ]
    path = tmp_path / "a.mcap"
    write_mcap(path, long, compression=compression, chunk_size=chunk_size)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: int(share * size)])
    with Bag(path) as bag:
        found = list(bag.messages(counts(bag)))
        assert sum(counts(bag).values()) == len(found)
        assert "cut short after" in " ".join(bag.remarks)
    assert found == long[: len(found)]
    assert len(found) > (share - block / size - 0.02) * len(long)


def test_an_mcap_without_its_last_bytes_is_read(tmp_path, messages):
    path = tmp_path / "a.mcap"
    write_mcap(path, messages)
    for _ in range(30):
        path.write_bytes(path.read_bytes()[:-40])
        assert messages_of(path) == messages


def test_a_chunk_that_is_damaged_costs_only_itself(tmp_path, messages):
    path = tmp_path / "a.mcap"
    write_mcap(path, messages, compression=CompressionType.NONE, chunk_size=8_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with Bag(path) as bag:
        found = list(bag.messages(counts(bag)))
        assert "a chunk at byte" in " ".join(bag.remarks)
    assert len(messages) - 6 < len(found) <= len(messages)
    assert sum(message in messages for message in found) >= len(found) - 1


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_what_can_be_read_of_a_cut_sqlite3_file_is_read(tmp_path, share):
    write_recording(tmp_path / "bag", storage="sqlite3", frames=40, encoding="rgb8", change=noise)
    whole = messages_of(tmp_path / "bag")
    (file,) = (tmp_path / "bag").glob("*.db3")
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with Bag(tmp_path / "bag") as bag:
        found = list(bag.messages(counts(bag)))
        said = " ".join(bag.remarks)
    assert 0.3 * share * len(whole) < len(found) < len(whole)
    assert [message for message in whole if message in found] == found
    assert "damaged or cut short" in said
    assert "metadata.yaml counts 40 messages on /camera/camera_info" in said


def metadata_of(path: Path) -> dict:
    return yaml.safe_load((path / "metadata.yaml").read_text())["rosbag2_bagfile_information"]


def write_metadata(path: Path, information: dict) -> None:
    (path / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": information}))


def test_counts_that_differ_from_the_metadata_are_told(tmp_path, drive):
    shutil.copytree(drive, tmp_path / "bag")
    information = metadata_of(drive)
    for topic in information["topics_with_message_count"]:
        topic["message_count"] += topic["topic_metadata"]["name"] == IMAGE
    write_metadata(tmp_path / "bag", information)
    with Bag(tmp_path / "bag") as bag:
        assert bag.remarks == (f"metadata.yaml counts 13 messages on {IMAGE}, 12 are there",)


@pytest.mark.parametrize("version", [4, 9, 10, 99])
def test_metadata_of_any_version_and_with_counts_of_nothing(tmp_path, drive, messages, version):
    shutil.copytree(drive, tmp_path / "bag")
    information = metadata_of(drive) | {"version": version, "message_count": 0, "something_new": {"a": 1}}
    for topic in information["topics_with_message_count"]:
        topic["message_count"] = 0
    write_metadata(tmp_path / "bag", information)
    assert messages_of(tmp_path / "bag") == messages


@pytest.mark.parametrize("damage", ["absent", "empty", "not yaml", "names a file that is gone"])
def test_without_sound_metadata_the_files_are_read(tmp_path, drive, messages, damage):
    shutil.copytree(drive, tmp_path / "bag")
    path = tmp_path / "bag" / "metadata.yaml"
    if damage == "absent":
        path.unlink()
    elif damage == "names a file that is gone":
        write_metadata(tmp_path / "bag", metadata_of(drive) | {"relative_file_paths": ["gone.mcap"]})
    else:
        path.write_text("" if damage == "empty" else "{]")
    assert messages_of(tmp_path / "bag") == messages
    with Bag(tmp_path / "bag") as bag:
        assert len(bag.remarks) == 1
        assert "metadata.yaml" in bag.remarks[0]


def test_files_of_a_split_recording_follow_each_other(tmp_path, messages):
    folder = tmp_path / "bag"
    folder.mkdir()
    parts = [messages[:3], messages[3:20], messages[20:]]
    for number, part in zip((2, 9, 10), parts, strict=True):
        write_mcap(folder / f"bag_{number}.mcap", part)
    write_mcap(folder / "bag_11.mcap", [])
    assert messages_of(folder) == messages


@pytest.mark.parametrize(
    ("names", "shifts"),
    [
        (("monday", "tuesday"), (0, 2 * 10**9)),
        (("2024_05_01", "2024_05_02"), (0, 2 * 10**9)),
        (("a_0", "b_1"), (0, 2 * 10**9)),
        (("camera_0", "camera_1"), (0, 10**7)),  # at once
        (("drive_1", "drive_0"), (0, 2 * 10**9)),
        (("drive_0", "drive_1"), (0, 3600 * 10**9)),
    ],
)
def test_files_that_are_no_parts_of_one_recording_are_several(tmp_path, messages, names, shifts):
    for name, shift in zip(names, shifts, strict=True):
        moved = [message._replace(log_time=message.log_time + shift) for message in messages]
        write_mcap(tmp_path / f"{name}.mcap", moved)
    with pytest.raises(SeveralRecordingsError, match=r"no parts of one recording .* give one of .*mcap, .*mcap"):
        Bag(tmp_path)


@pytest.mark.parametrize("mode", [CompressionMode.MESSAGE, CompressionMode.FILE])
def test_compressed_by_rosbag2(tmp_path, messages, mode):
    """Each message by itself, or the whole file; read by its folder, and as a bare file without any metadata."""
    store = get_typestore(Stores.ROS2_JAZZY)
    writer = Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections = {}
        for message in messages:
            if message.topic not in connections:
                connections[message.topic] = writer.add_connection(message.topic, message.type_name, typestore=store)
            writer.write(connections[message.topic], message.log_time, message.data)
    (file,) = (item for item in (tmp_path / "bag").iterdir() if item.suffix != ".yaml")
    assert messages_of(tmp_path / "bag") == messages_of(file) == messages


def test_messages_compressed_one_by_one_in_a_bare_mcap(tmp_path, messages):
    packed = [message._replace(data=zstandard.compress(message.data)) for message in messages]
    write_mcap(tmp_path / "a.mcap", packed)
    assert messages_of(tmp_path / "a.mcap") == messages


def test_a_message_that_is_none_of_its_type_is_named(tmp_path, messages):
    write_mcap(tmp_path / "a.mcap", [message._replace(data=message.data[:40]) for message in messages])
    with Bag(tmp_path / "a.mcap") as bag:
        with pytest.raises(
            RecordingError, match=r"a message on /camera/image_raw of 40 bytes is no sensor_msgs/msg/Im"
        ):
            bag.deserialise(next(bag.messages([IMAGE])))
        assert bag.frame_of(IMAGE) == ""


def test_what_is_no_recording_is_refused(tmp_path, drive):
    (tmp_path / "folder").mkdir()
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0")
    (tmp_path / "drive.mp4").write_bytes(bytes(100))
    (tmp_path / "a.mcap").write_bytes(b"no mcap file")
    (tmp_path / "empty.mcap").write_bytes(b"")
    (tmp_path / "a.db3").write_bytes(b"no database")
    sqlite3.connect(tmp_path / "other.db3").execute("CREATE TABLE t (a)")
    whole = next(drive.glob("*.mcap")).read_bytes()
    (tmp_path / "cut.mcap").write_bytes(whole[:40])
    for path, message in {
        "nothing": "there is no such recording",
        "folder": "neither metadata.yaml nor",
        "old.bag": "ROS 1 bag: convert it",
        "drive.mp4": "is a video.*predict.*expected a rosbag2 folder or a file of it, .mcap or .db3",
        "a.mcap": "is no mcap file",
        "empty.mcap": "is no mcap file",
        "cut.mcap": "nothing of it can be read, it is cut short after 40 bytes",
        "a.db3": "cannot be read as a recording",
        "other.db3": "cannot be read as a recording",
    }.items():
        with pytest.raises(RecordingError, match=message) as caught:
            Bag(tmp_path / path)
        assert "\n" not in str(caught.value)
        assert str(tmp_path / path) in str(caught.value)


def test_a_folder_may_be_called_bag(tmp_path):
    """As a ROS 1 bag, which is a file."""
    stamps = write_recording(tmp_path / "drive.bag", frames=2)
    with Bag(tmp_path / "drive.bag") as bag:
        assert len(list(bag.messages(["/camera/camera_info"]))) == len(stamps)
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0")
    with pytest.raises(RecordingError, match="is a ROS 1 bag: convert it"):
        Bag(tmp_path / "old.bag")
