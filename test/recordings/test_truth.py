"""Truth as others record it: a LiDAR's clouds, transforms, files of trajectories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.recordings import CAMERA_HEIGHT, START, STEP, write_recording
from rosbags.typesys import Stores, get_typestore

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import BODY_FROM_OPTICAL, pose_from, rotation_from_vector
from depth_perception.pixel_formats import PixelFormatError
from depth_perception.recordings.errors import RecordingError
from depth_perception.recordings.lidar import depth_of_points, points_of
from depth_perception.recordings.pose_files import read_poses
from depth_perception.recordings.recording import Recording
from depth_perception.recordings.storage import StoredTopic
from depth_perception.recordings.topics import Topics, unused_truth

TYPES = get_typestore(Stores.ROS2_JAZZY).types
CAMERA = Camera(64, 32, 40.0, 40.0, 31.5, 15.5)


def cloud(header: Any, points: np.ndarray, *, names: str = "xyz") -> Any:
    """With an intensity between the coordinates, as LiDARs have it, and one point that is none."""
    points = np.concatenate([points, [[np.nan] * 3]]).astype(np.float32)
    kind = np.dtype([("x", "<f4"), ("intensity", "<u2"), ("y", "<f4"), ("z", "<f4")])
    values = np.zeros(len(points), kind)
    for axis, column in zip("xyz", points.T, strict=True):
        values[axis] = column
    field = TYPES["sensor_msgs/msg/PointField"]
    fields = [
        field(name, kind.fields[axis][1], 7, 1)  # type: ignore[index]
        for name, axis in zip(names, "xyz", strict=True)
    ]
    fields.insert(1, field("intensity", 4, 4, 1))
    data = np.frombuffer(values.tobytes(), np.uint8)
    step = kind.itemsize
    return TYPES["sensor_msgs/msg/PointCloud2"](header, 1, len(points), fields, False, step, data.size, data, False)


def in_body(columns: np.ndarray, rows: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Points that the recording's camera sees there, in the axes of base_link."""
    optical = np.stack([(columns - CAMERA.cx) / CAMERA.fx * depths, (rows - CAMERA.cy) / CAMERA.fy * depths, depths], 1)
    return optical @ BODY_FROM_OPTICAL[:3, :3].T + [1.0, 0.0, CAMERA_HEIGHT]


def write_with_cloud(path: Path, points: np.ndarray, frame: str = "base_link") -> None:
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/depth":
            return message
        time = message.header.stamp
        return cloud(TYPES["std_msgs/msg/Header"](time, frame), points)

    write_recording(path, frames=3, depth="32FC1", change=change)


def test_a_lidar_is_depth_on_the_pixels_that_its_points_are_seen_at(tmp_path):
    columns, rows, depths = np.array([10.0, 40.0, 40.0]), np.array([20.0, 5.0, 5.0]), np.array([7.0, 12.0, 30.0])
    behind = [[-5.0, 0.0, 1.0]]
    write_with_cloud(tmp_path / "bag", np.concatenate([in_body(columns, rows, depths), behind]))
    with Recording.open(tmp_path / "bag", depth_topic="/ground_truth/depth") as recording:
        assert "3 of 3 images have one of the 3 on /ground_truth/depth" in recording.truth_found[0]
        truth = recording.depth(recording.stamps[1])
    assert truth is not None
    assert truth.camera == CAMERA
    expected = np.full((32, 64), np.nan)
    expected[20, 10], expected[5, 40] = 7.0, 12.0  # the nearer of two
    np.testing.assert_allclose(truth.depth, expected, rtol=1e-5)


def test_a_lidar_of_an_unknown_place_is_refused_and_named(tmp_path):
    write_with_cloud(tmp_path / "bag", np.ones((1, 3)), "velodyne")
    with pytest.raises(
        RecordingError, match=r"/tf_static does not say where 'velodyne', of /ground_truth/depth, is in"
    ):
        Recording.open(tmp_path / "bag", depth_topic="/ground_truth/depth")


@pytest.mark.parametrize("tf", ["without the camera", "with another mount of it"])
def test_a_pose_that_is_given_counts_for_the_lidar_too(tmp_path, tf):
    columns, rows, depths = np.array([10.0, 40.0]), np.array([20.0, 5.0]), np.array([7.0, 12.0])
    points = in_body(columns, rows, depths) - [0.0, 0.0, 2.0]

    def change(topic: str, index: int, message: Any) -> Any:
        if topic == "/ground_truth/depth":
            return cloud(TYPES["std_msgs/msg/Header"](message.header.stamp, "lidar"), points)
        if topic != "/tf_static":
            return message
        (camera,) = message.transforms
        upright = replace(camera.transform.rotation, x=0.0, y=0.0, z=0.0, w=1.0)
        above = replace(camera.transform, translation=TYPES["geometry_msgs/msg/Vector3"](0.0, 0.0, 2.0))
        lidar = replace(camera, child_frame_id="lidar", transform=replace(above, rotation=upright))
        return replace(
            message, transforms=[lidar] if tf == "without the camera" else [lidar, replace(camera, transform=above)]
        )

    write_recording(tmp_path / "bag", frames=3, depth="32FC1", change=change)
    pose = [1.0, 0.0, CAMERA_HEIGHT, 0.0, 0.0, 0.0]
    with Recording.open(tmp_path / "bag", depth_topic="/ground_truth/depth", camera_pose=pose) as recording:
        truth = recording.depth(recording.stamps[0])
    assert truth is not None
    assert np.argwhere(np.isfinite(truth.depth)).tolist() == [[5, 40], [20, 10]]
    np.testing.assert_allclose([truth.depth[5, 40], truth.depth[20, 10]], [12.0, 7.0], rtol=1e-5)


def test_a_lidar_whose_camera_has_no_mount_that_can_be_is_refused(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic == "/ground_truth/depth":
            return cloud(TYPES["std_msgs/msg/Header"](message.header.stamp, "base_link"), np.ones((1, 3)))
        if topic == "/tf_static":
            (link,) = message.transforms
            upright = replace(link.transform.rotation, x=0.0, y=0.0, z=0.0, w=1.0)
            link = replace(link, child_frame_id="camera_link", transform=replace(link.transform, rotation=upright))
            return replace(message, transforms=[link])
        is_camera = topic.startswith("/camera")
        return replace(message, header=replace(message.header, frame_id="camera_link")) if is_camera else message

    write_recording(tmp_path / "bag", frames=2, depth="32FC1", change=change)
    with pytest.raises(RecordingError, match=r"/ground_truth/depth cannot be seen from the camera: .* has z up"):
        Recording.open(tmp_path / "bag", depth_topic="/ground_truth/depth")


def test_clouds_that_are_none():
    header = TYPES["std_msgs/msg/Header"](TYPES["builtin_interfaces/msg/Time"](0, 0), "lidar")
    with pytest.raises(PixelFormatError, match="fields a, intensity, b, c, expected x, y, z"):
        points_of(cloud(header, np.ones((1, 3)), names="abc"))
    short = cloud(header, np.ones((4, 3)))
    short.data = short.data[:20]
    with pytest.raises(PixelFormatError, match="has 20 bytes, expected 70"):
        points_of(short)
    for step in (0, 13):
        with pytest.raises(PixelFormatError, match=f"has points of {step} bytes, its x, y, z need 14"):
            points_of(replace(cloud(header, np.ones((4, 3))), point_step=step))
    assert np.isnan(depth_of_points(np.zeros((0, 3)), CAMERA)).all()


def test_clouds_with_padding_that_is_a_field_and_without_a_row_step():
    header = TYPES["std_msgs/msg/Header"](TYPES["builtin_interfaces/msg/Time"](0, 0), "lidar")
    message = cloud(header, np.ones((4, 3)))
    padding = [TYPES["sensor_msgs/msg/PointField"](name, 4, 2, 1) for name in ("", "xy")]
    np.testing.assert_array_equal(
        points_of(replace(message, fields=[*message.fields, *padding], row_step=0)), np.ones((4, 3))
    )


def transforms(frames: list[str]) -> Any:
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom":
            return message
        place = message.pose.pose
        vector = TYPES["geometry_msgs/msg/Vector3"](place.position.x, 0.0, 0.0)
        still = TYPES["geometry_msgs/msg/Vector3"](9.0, 9.0, 9.0)
        items = [
            TYPES["geometry_msgs/msg/TransformStamped"](
                message.header,
                frame,
                TYPES["geometry_msgs/msg/Transform"](vector if number == 0 else still, place.orientation),
            )
            for number, frame in enumerate(frames)
        ]
        return TYPES["tf2_msgs/msg/TFMessage"](items)

    return change


def test_transforms_of_the_vehicle_among_others_are_its_trajectory(tmp_path):
    stamps = write_recording(tmp_path / "bag", frames=5, change=transforms(["base_link", "wheel"]))
    with Recording.open(tmp_path / "bag", odometry_topic="/ground_truth/odom") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == stamps
        np.testing.assert_allclose(recording.odometry.poses[:, 0, 3], STEP * np.arange(5))


def stamped(header: Any, parent: str, child: str, x: float, z: float = 0.0) -> Any:
    types = TYPES
    upright = types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
    place = types["geometry_msgs/msg/Transform"](types["geometry_msgs/msg/Vector3"](x, 0.0, z), upright)
    return types["geometry_msgs/msg/TransformStamped"](replace(header, frame_id=parent), child, place)


@pytest.mark.parametrize("fixed", ["by /tf", "by /tf_static"])
def test_transforms_are_followed_to_their_root(tmp_path, fixed):
    """The footprint moves, the body springs on it, and the map's origin is somewhere else, which is told once."""

    def change(topic: str, index: int, message: Any) -> Any:
        if topic == "/tf_static" and fixed == "by /tf_static":
            (camera,) = message.transforms
            return replace(message, transforms=[camera, stamped(camera.header, "map", "odom", 100.0)])
        if topic != "/ground_truth/odom":
            return message
        items = [
            stamped(message.header, "odom", "base_footprint", STEP * index),
            stamped(message.header, "base_footprint", "base_link", 0.0, 0.25),
        ]
        if index == 0 and fixed == "by /tf":
            items.append(stamped(message.header, "map", "odom", 100.0))
        return TYPES["tf2_msgs/msg/TFMessage"](items)

    stamps = write_recording(tmp_path / "bag", frames=5, change=change)
    with Recording.open(tmp_path / "bag", odometry_topic="/ground_truth/odom") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == stamps
        np.testing.assert_allclose(recording.odometry.poses[:, 0, 3], 100.0 + STEP * np.arange(5))
        np.testing.assert_allclose(recording.odometry.poses[:, 2, 3], 0.25)
        assert recording.body_from_camera is not None
        assert "those of 'base_link' in 'map', by way of base_footprint, odom" in str(recording.remarks)


def test_bodies_that_share_a_topic_are_not_mixed(tmp_path):
    def change(topic: str, index: int, message: Any) -> Any:
        if topic != "/ground_truth/odom":
            return message
        return stamped(message.header, "vicon", ["car", "person"][index % 2], float(index))

    write_recording(tmp_path / "bag", frames=4, change=change)
    with pytest.raises(RecordingError, match="moves the frames car, person, expected one of base_link"):
        Recording.open(tmp_path / "bag", odometry_topic="/ground_truth/odom")


def test_transforms_of_none_that_is_known_are_listed(tmp_path):
    write_recording(tmp_path / "bag", frames=2, change=transforms(["left", "right"]))
    with pytest.raises(
        RecordingError, match="moves the frames left, right, expected one of base_link or base_footprint"
    ):
        Recording.open(tmp_path / "bag", odometry_topic="/ground_truth/odom")


def line_of(form: str, stamp: int, position: list[float], quaternion: list[float]) -> str:
    """A pose, its quaternion as x, y, z, w."""
    x, y, z, w = quaternion
    if form.startswith("TUM"):
        return ("," if "commas" in form else " ").join(
            map(str, [f"{stamp // 10**9}.{stamp % 10**9:09d}", *position, x, y, z, w])
        )
    return ",".join(map(str, [stamp, *position, w, x, y, z, 0.0, 0.0]))


@pytest.mark.parametrize("form", ["TUM", "TUM with commas", "EuRoC"])
def test_a_file_of_poses_with_stamps(tmp_path, form):
    stamps = write_recording(tmp_path / "bag", frames=4)
    turn = [0.0, 0.0, np.sin(0.1), np.cos(0.1)]
    lines = ["#timestamp, p, q"]
    lines += [line_of(form, stamp, [2.0 * index, 1.0, 0.0], turn) for index, stamp in enumerate(stamps)]
    lines.insert(2, line_of(form, stamps[0] + 1, [float("nan"), 0.0, 0.0], turn))
    (tmp_path / "truth.txt").write_text("\n".join(lines))
    with Recording.open(tmp_path / "bag", poses=tmp_path / "truth.txt") as recording:
        assert recording.odometry is not None
        assert recording.odometry.stamps.tolist() == stamps
        np.testing.assert_allclose(recording.odometry.poses[:, 0, 3], 2.0 * np.arange(4))
        np.testing.assert_allclose(recording.odometry.poses[2, :3, :3], rotation_from_vector([0, 0, 0.2]), atol=1e-9)
        assert f"4 of 4 images lie between those of the 4 in {tmp_path / 'truth.txt'}" in recording.truth_found[1]
        assert any("1 lines of" in text for text in recording.remarks)
        assert not any("--odometry-topic" in text for text in recording.remarks)


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [
        (lambda stamp: f"{stamp / 1e9:.6f}", False),
        (lambda stamp: "0" if stamp == START else f"{(stamp - START) / 1e9:g}", False),
        (lambda stamp: f"{stamp:.18e}", True),
        (lambda stamp: f"{stamp}.0", True),
        (str, True),
    ],
    ids=["seconds", "of a clock of its own", "nanoseconds by savetxt", "as floats", "nanoseconds"],
)
def test_commas_are_of_tum_or_euroc_by_the_size_of_their_times(tmp_path, stamp, nanoseconds):
    """Eight columns each, below a line of names; TUM's quaternion ends with w, EuRoC's begins with it."""
    stamps = [START + index * 10**8 for index in range(4)]
    quaternion = "1,0,0,0" if nanoseconds else "0,0,0,1"
    lines = ["time,x,y,z,a,b,c,d", *(f"{stamp(when)},1,2,3,{quaternion}" for when in stamps)]
    (tmp_path / "poses.csv").write_text("\n".join(lines))
    poses, _ = read_poses(tmp_path / "poses.csv", stamps, None)
    assert len(poses) == 4
    np.testing.assert_allclose(poses.poses, np.tile(pose_from(np.eye(3), [1, 2, 3]), (4, 1, 1)), atol=1e-9)
    assert np.diff(poses.stamps) == pytest.approx(1e8, abs=1e3)


def test_a_file_of_kitti_is_of_the_camera(tmp_path):
    """Which goes ahead along its z and turns about its y, and sits a metre in front of the body's origin."""
    stamps = list(range(0, 400, 100))
    mount = pose_from(BODY_FROM_OPTICAL[:3, :3], [1.0, 0.0, 1.5])
    ahead = [pose_from(np.eye(3), [0.0, 0.0, 2.0 * index]) for index in range(3)]
    right = pose_from(rotation_from_vector([0, np.pi / 2, 0]), [1.0, 0.0, 1.0 - 1.0])
    file = tmp_path / "00.txt"
    file.write_text("\n".join(" ".join(map(str, pose[:3].ravel())) for pose in [*ahead, right]))
    poses, unusable = read_poses(file, stamps, mount)
    assert unusable == 0
    np.testing.assert_allclose(poses.poses[:3, :3, 3], [[0, 0, 0], [2, 0, 0], [4, 0, 0]], atol=1e-9)
    # the camera is now 1 m to the right of where it was, looking right, and the body a metre behind it
    np.testing.assert_allclose(poses.poses[3, :3, 3], [1.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(poses.poses[3, :3, 0], [0.0, -1.0, 0.0], atol=1e-9)
    with pytest.raises(RecordingError, match="has 4 poses and no stamps, expected one for each of 2 images"):
        read_poses(file, stamps[:2], mount)


@pytest.mark.parametrize("text", ["", "1 2 3", "a b c d e f g h", "1,2,3"])
def test_a_file_that_is_no_trajectory(tmp_path, text):
    (tmp_path / "truth.txt").write_text(text)
    with pytest.raises(RecordingError, match=r"truth.txt: .*expected TUM"):
        read_poses(tmp_path / "truth.txt", [0, 1], None)
    with pytest.raises(RecordingError, match="cannot be read"):
        read_poses(tmp_path / "nowhere.txt", [0, 1], None)


def test_matrices_that_are_no_rotations_are_left_out_and_counted(tmp_path):
    rows = [
        "1 0 0 0 0 1 0 0 0 0 1 0",
        "2 0 0 0 0 2 0 0 0 0 2 1",
        "-1 0 0 0 0 1 0 0 0 0 1 2",
        "0 0 0 0 0 0 0 0 0 0 0 0",
        "1e300 0 0 0 0 1 0 0 0 0 1 4",
        "1 0 0 0 0 1 1e-3 0 0 -1e-3 1 5",
        "nan 0 0 0 0 1 0 0 0 0 1 6",
    ]
    file = tmp_path / "00.txt"
    file.write_text("\n".join(rows))
    poses, unusable = read_poses(file, range(7), None)
    assert (poses.stamps.tolist(), unusable) == ([0, 5], 5)
    by_columns = "0 0 1 0 1 0 -1 0 0 1 2 3"  # of a pose, one after the other
    file.write_text("\n".join([by_columns] * 7))
    with pytest.raises(RecordingError, match=r"holds no pose that can be used, expected TUM .* are a rotation"):
        read_poses(file, range(7), None)


@pytest.mark.parametrize(
    ("stamps", "name"),
    [
        (["1700000000000000000", "1700000000100000000"], "seconds"),
        (["0", "100000000000", "200000000000", "300000000000"], "seconds"),
        (["1700000000000.0", "1700000000100.0"], "seconds"),
        (["1e999999999"], "seconds"),
        (["-inf"], "seconds"),
        (["1700000000000000000000,"], "nanoseconds"),
    ],
)
def test_stamps_of_another_unit_are_named(tmp_path, stamps, name):
    file = tmp_path / "truth.tum"
    pose = "1 2 3 0 0 0 1"
    file.write_text("\n".join(f"{stamp} {pose.replace(' ', ', ') if ',' in stamp else pose}" for stamp in stamps))
    with pytest.raises(RecordingError, match=rf"stamps, such as .*, are not {name}, expected TUM \(seconds"):
        read_poses(file, [0, 1], None)


def test_what_might_be_truth_is_offered_and_our_own_results_are_not():
    there = [
        StoredTopic("/velodyne_points", "sensor_msgs/msg/PointCloud2", 3),
        StoredTopic("/tf", "tf2_msgs/msg/TFMessage", 3),
        StoredTopic("/tf_static", "tf2_msgs/msg/TFMessage", 1),
        StoredTopic("/front/depth/scale", "geometry_msgs/msg/Vector3Stamped", 3),
        StoredTopic("/front/depth/points", "sensor_msgs/msg/PointCloud2", 3),
        StoredTopic("/front/path", "nav_msgs/msg/Path", 3),
    ]
    offered = unused_truth(there, Topics("/camera/image_raw", "/camera/camera_info"))
    assert [text.rpartition(": ")[2] for text in offered] == ["--odometry-topic /tf", "--depth-topic /velodyne_points"]
