"""Recordings of drives, read back with a reader of bags that knows nothing of the street world."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import cv2
import numpy as np
import pytest
import yaml

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import (
    inverse,
    pose_from,
    rotation_from_quaternion,
    rotation_from_vector,
)
from depth_perception.recordings.errors import RecordingError
from training.rendering.errors import RenderingError
from training.street.bag import depth_in_millimetres, write_bag
from training.street.drive import DriveConfig, render_drive
from training.street.errors import StreetError

CONFIG = DriveConfig(
    seed=1,
    frames=5,
    camera=Camera(208, 64, 120.0, 121.0, 103.0, 30.0, (-0.1, 0.02, 0.001, -0.001)),
    camera_height=1.4,
    camera_pitch=0.04,
    scene="town",
)
IMAGE, INFO = "/camera/image_raw/compressed", "/camera/camera_info"
DEPTH, ODOM, MOUNT = "/ground_truth/depth/compressed", "/ground_truth/odom", "/tf_static"


@pytest.fixture(scope="module")
def recording(tmp_path_factory, street_renderer):
    """The folder of the recording and its messages by topic: (log time in ns, message)."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    path = tmp_path_factory.mktemp("bags") / "street"
    write_bag(CONFIG, path, depth_every=2, jpeg_quality=95)
    messages = defaultdict(list)
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        for connection, stamp, data in reader.messages():
            messages[connection.topic].append((stamp, reader.deserialize(data, connection.msgtype)))
    return path, messages


@pytest.fixture(scope="module")
def frames(street_renderer):
    return list(render_drive(CONFIG))


def _decoded(message) -> np.ndarray:
    image = cv2.imdecode(message.data, cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_every_topic_comes_as_often_as_it_should(recording):
    _, messages = recording
    assert {topic: len(items) for topic, items in messages.items()} == {IMAGE: 5, INFO: 5, DEPTH: 3, ODOM: 5, MOUNT: 1}
    for items in messages.values():
        for logged, message in items:
            header = message.transforms[0].header if hasattr(message, "transforms") else message.header
            assert header.stamp.sec * 10**9 + header.stamp.nanosec == logged
    assert np.diff([logged for logged, _ in messages[IMAGE]]) == pytest.approx(1e8)


def test_images_depth_and_calibration_are_those_of_the_drive(recording, frames):
    _, messages = recording
    for (_, message), frame in zip(messages[IMAGE], frames, strict=True):
        assert "jpeg" in message.format
        assert message.header.frame_id == "camera_optical_frame"
        image = _decoded(message)[..., ::-1]
        assert np.abs(image.astype(int) - frame.image).mean() < 4.0
    for (_, message), frame in zip(messages[DEPTH], frames[::2], strict=True):
        assert message.format == "16UC1; png"
        depth = _decoded(message)
        assert depth.dtype == np.uint16
        near = frame.depth < 65.5
        assert np.abs(depth[near] - 1000.0 * frame.depth[near]).max() <= 0.51
        assert np.all(depth[~near & (frame.depth > 65.6)] == 0)
    for _, message in messages[INFO]:
        assert (message.width, message.height, message.distortion_model) == (208, 64, "plumb_bob")
        assert message.k.reshape(3, 3) == pytest.approx(CONFIG.camera.matrix)
        assert message.p.reshape(3, 4)[:, :3] == pytest.approx(CONFIG.camera.matrix)
        assert tuple(message.d) == (*CONFIG.camera.distortion, 0.0)


def test_odometry_and_mount_give_the_poses_of_the_camera(recording, frames):
    _, messages = recording
    transform = messages[MOUNT][0][1].transforms[0]
    assert (transform.header.frame_id, transform.child_frame_id) == ("base_link", "camera_optical_frame")
    move, turn = transform.transform.translation, transform.transform.rotation
    mount = pose_from(rotation_from_quaternion([turn.x, turn.y, turn.z, turn.w]), [move.x, move.y, move.z])
    assert mount[:3, 3] == pytest.approx([0.0, 0.0, 1.4])
    cameras = []
    for _, message in messages[ODOM]:
        assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
        assert np.all(np.diag(message.pose.covariance.reshape(6, 6)) > 0.0)
        position, turn = message.pose.pose.position, message.pose.pose.orientation
        base = pose_from(
            rotation_from_quaternion([turn.x, turn.y, turn.z, turn.w]), [position.x, position.y, position.z]
        )
        cameras.append(base @ mount)
    first = messages[ODOM][0][1].pose.pose
    assert (first.position.x, first.position.y, first.position.z) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert abs(first.orientation.w) == pytest.approx(1.0)
    for camera, frame in zip(cameras, frames, strict=True):
        assert inverse(cameras[0]) @ camera == pytest.approx(inverse(frames[0].pose) @ frame.pose, abs=1e-9)


def test_the_twist_carries_one_pose_to_the_next(recording):
    _, messages = recording
    odometry = [message for _, message in messages[ODOM]]
    for before, after in pairwise(odometry):
        poses = []
        for message in (before, after):
            position, turn = message.pose.pose.position, message.pose.pose.orientation
            poses.append(
                pose_from(
                    rotation_from_quaternion([turn.x, turn.y, turn.z, turn.w]), [position.x, position.y, position.z]
                )
            )
        motion = inverse(poses[0]) @ poses[1]
        linear, angular = before.twist.twist.linear, before.twist.twist.angular
        assert linear.x * 0.1 == pytest.approx(np.linalg.norm(motion[:3, 3]), rel=0.05)
        turned = rotation_from_vector(0.1 * np.array([angular.x, angular.y, angular.z]))
        assert turned == pytest.approx(motion[:3, :3], abs=1e-9)


def test_the_mount_is_latched_and_all_is_reliable(recording):
    path, _ = recording
    topics = yaml.safe_load((path / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert topics["storage_identifier"] == "mcap"
    for entry in topics["topics_with_message_count"]:
        profile = entry["topic_metadata"]["offered_qos_profiles"]
        profile = (yaml.safe_load(profile) if isinstance(profile, str) else profile)[0]
        latched = entry["topic_metadata"]["name"] == MOUNT
        assert profile["durability"] in ((1, "transient_local") if latched else (2, "volatile"))
        assert profile["reliability"] in (1, "reliable")


def test_what_is_there_is_never_overwritten(recording):
    path, _ = recording
    before = sorted((file.name, file.stat().st_mtime_ns) for file in path.iterdir())
    with pytest.raises(RecordingError, match="is there already"):
        write_bag(CONFIG, path)
    assert sorted((file.name, file.stat().st_mtime_ns) for file in path.iterdir()) == before


def test_a_recording_that_fails_leaves_nothing(street_renderer, tmp_path):
    folded = DriveConfig(seed=1, frames=1, camera=Camera(64, 32, 20.0, 20.0, 31.5, 15.5, (-2.0, 0.0, 0.0, 0.0)))
    with pytest.raises(RenderingError, match="folds"):
        write_bag(folded, tmp_path / "bag")
    with pytest.raises(StreetError, match="expected at least 1"):
        write_bag(CONFIG, tmp_path / "bag", depth_every=0)
    assert list(tmp_path.iterdir()) == []


def test_millimetres_end_at_65_metres():
    depth = np.array([0.5, 65.535, 65.5361, 500.0, np.inf], np.float32)
    assert depth_in_millimetres(depth).tolist() == [500, 65535, 0, 0, 0]
