"""What evaluate records of a drive, read by other readers than ours, and evaluated again."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import STEP, write_calibration, write_recording
from mcap.reader import make_reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from depth_perception.cli.main import main
from depth_perception.evaluation.report import read_report
from depth_perception.recordings.recording import Recording

FRAMES = 5
OUTPUTS = ("/depth/camera_info", "/depth/image_rect", "/depth/points", "/depth/scale", "/image_rect", "/odom", "/tf")
INPUTS = ("/camera/camera_info", "/camera/image_raw/compressed", "/ground_truth/depth/compressed", "/ground_truth/odom")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """With a recording, models that know it, and what evaluate has recorded of it: ``drive``, ``seen``."""
    folder = tmp_path_factory.mktemp("output_bag")
    write_recording(folder / "drive", encoding="png", frames=FRAMES)
    write_depth_model(folder / "depth.onnx")
    write_pose_model(folder / "pose.onnx")
    assert evaluate(folder, "drive", "--record", str(folder / "seen")) == 0
    return folder


def evaluate(folder: Path, bag: str, *options: str) -> int:
    models = ["--depth-model", str(folder / "depth.onnx"), "--pose-model", str(folder / "pose.onnx")]
    there = ["--bag", str(folder / bag), "--output", str(folder / f"report_{bag}")]
    return main(["evaluate", *there, *models, "--backend", "onnxruntime", "--odometry-motion", "posenet", *options])


@pytest.fixture(scope="module")
def read(folder):
    """Messages of the recording by topic, as `mcap` reads them and the definitions in the file say."""
    messages: dict[str, list] = {}
    with (folder / "seen" / "seen.mcap").open("rb") as file:
        types, known = get_typestore(Stores.EMPTY), set()
        for schema, channel, message in make_reader(file).iter_messages():
            assert schema is not None
            if schema.id not in known:
                types.register(get_types_from_msg(schema.data.decode(), schema.name))
                known.add(schema.id)
            messages.setdefault(channel.topic, []).append(
                (message.log_time, types.deserialize_cdr(message.data, schema.name))
            )
    return messages


def stamp(message) -> int:
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_everything_that_nodes_publish_has_the_stamps_of_the_images(folder, read):
    assert sorted(read) == sorted((*OUTPUTS, *INPUTS, "/tf_static"))
    with Recording.open(folder / "drive") as drive:
        stamps = drive.stamps
    for topic in OUTPUTS:
        its = [stamp(message.transforms[0] if topic == "/tf" else message) for _, message in read[topic]]
        assert its == (stamps[1:] if topic in ("/odom", "/tf") else stamps)  # motion from the second image on
    logged = {stamp(message): time for time, message in read["/camera/image_raw/compressed"]}
    assert [time for time, _ in read["/depth/points"]] == [logged[its] for its in stamps]


def test_inputs_are_copied_byte_by_byte(folder):
    content = []
    for bag in ("drive", "seen"):
        (path,) = (folder / bag).glob("*.mcap")
        with path.open("rb") as file:
            messages = make_reader(file).iter_messages(topics=[*INPUTS, "/tf_static"])
            content.append(sorted((channel.topic, message.log_time, message.data) for _, channel, message in messages))
    assert content[0] == content[1]
    assert len(content[0]) == 4 * FRAMES + 1


def test_depth_and_cloud_are_those_of_the_model(read):
    info = read["/depth/camera_info"][2][1]
    image, cloud = read["/depth/image_rect"][2][1], read["/depth/points"][2][1]
    assert (image.encoding, image.step, image.header.frame_id) == ("32FC1", 4 * image.width, "camera_optical_frame")
    depth = image.data.view(np.float32).reshape(image.height, image.width)
    true = next(truth for _, truth in read["/ground_truth/depth/compressed"][2:])
    assert true.format.startswith("16UC1")
    points = cloud.data.view(np.float32).reshape(cloud.height, cloud.width, 4)
    assert [(field.name, field.offset) for field in cloud.fields] == [("x", 0), ("y", 4), ("z", 8), ("rgb", 12)]
    np.testing.assert_array_equal(points[..., 2], depth)
    columns = (np.arange(info.width) - info.k[2]) / info.k[0]
    np.testing.assert_allclose(points[..., 0], columns * depth, rtol=1e-5, atol=1e-6)


def test_the_vehicle_goes_where_it_went(read):
    for index, ((_, odometry), (_, tf)) in enumerate(zip(read["/odom"], read["/tf"], strict=True), 1):
        (transform,) = tf.transforms
        assert (transform.header.frame_id, transform.child_frame_id) == ("odom", "base_link")
        assert odometry.pose.pose.position.x == transform.transform.translation.x == pytest.approx(index * STEP)
        assert odometry.twist.twist.linear.x == pytest.approx(10 * STEP)
        covariance = odometry.pose.covariance.reshape(6, 6)
        np.testing.assert_allclose(covariance, covariance.T)
        assert np.all(np.linalg.eigvalsh(covariance) > 0)


def test_it_can_be_evaluated_as_what_it_was_made_of(folder):
    assert evaluate(folder, "seen") == 0
    ours, again = (read_report(folder / f"report_{bag}" / "report.json") for bag in ("drive", "seen"))
    assert again["recording"]["image_topic"] == "/camera/image_raw/compressed"
    for part in ("depth", "trajectory", "road"):
        assert again[part] == ours[part]


def test_a_camera_pose_that_is_given_is_where_the_camera_is(folder):
    pose = ["--camera-pose", "0.5", "0", "1.2", "0", "0", "0"]
    assert evaluate(folder, "drive", "--record", str(folder / "posed"), "--no-odometry", *pose) == 0
    with Recording.open(folder / "posed") as posed:
        assert posed.body_from_camera is not None
        np.testing.assert_allclose(posed.body_from_camera[:3, 3], [0.5, 0.0, 1.2])
        assert "/odom" not in posed.message_types(["/odom"])


@pytest.mark.parametrize(
    "distortion", [(0.0,) * 5, (-0.1, 0.01, 0.0, 0.0, 0.0), (-0.1, 0.01, 0.0, 0.0, 0.0, 0.02, 0.0, 0.0)]
)
def test_a_calibration_from_a_file_goes_along(folder, tmp_path, distortion):
    write_recording(tmp_path / "drive", encoding="png", frames=2, camera_info=False)
    file = write_calibration(tmp_path / "camera.yaml", distortion=distortion)
    record = ["--record", str(tmp_path / "out"), "--no-odometry", "--calibration", file]
    assert evaluate(folder, str(tmp_path / "drive"), "--output", str(tmp_path / "report"), *record) == 0
    with Recording.open(tmp_path / "drive", calibration=file) as before, Recording.open(tmp_path / "out") as again:
        assert again.topics.camera_info == "/camera/camera_info"
        assert again.camera == before.camera
        assert again.camera.is_distorted == any(distortion)


def test_what_cannot_be_is_said_before_the_work(folder, tmp_path, capsys):
    assert evaluate(folder, "drive", "--record", str(folder / "seen")) == 1
    assert "is there already" in capsys.readouterr().err
    assert evaluate(folder, "drive", "--record", "/proc/seen") == 1
    assert "cannot be written" in capsys.readouterr().err
    write_recording(tmp_path / "rect", encoding="rgb8", frames=2, image_topic="/image_rect")
    assert evaluate(folder, str(tmp_path / "rect"), "--record", str(tmp_path / "out")) == 1
    assert "rename it" in capsys.readouterr().err
    assert not list(tmp_path.glob("*out*"))


def test_nothing_is_left_where_there_was_no_room(folder, tmp_path, capsys):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        assert evaluate(folder, "drive", "--record", str(tmp_path / "out"), "--no-odometry") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "out: cannot be written (File too large)" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
