"""Protocols on small trees in the datasets' own formats."""

import json

import cv2
import numpy as np
import pytest
from helpers.datasets import WIDTH, write_16_bit, write_kitti_drive, write_kitti_sequence, write_scan
from helpers.models import write_depth_model, write_pose_model

from depth_perception.geometry.pose import pose_from, rotation_from_vector
from training.errors import TrainingError
from training.evaluate import main
from training.evaluation.datasets import make3d_crop, odometry_drives
from training.evaluation.frame import Frame
from training.street.labels import ROAD

DRIVE = "2011_09_26_drive_0002_sync"


@pytest.fixture
def kitti(tmp_path):
    """Two frames of a drive, each with a grid of LiDAR points before it, and the list of them."""
    folder = write_kitti_drive(tmp_path / "raw", DRIVE, range(3))
    across, up = np.meshgrid(np.linspace(-8, 8, 40), np.linspace(-1.8, 0.0, 12))
    for number in range(3):
        distance = 12.0 + 2.0 * number + np.abs(across)
        points = np.stack([distance, across, up], axis=-1).reshape(-1, 3)
        write_scan(folder / "velodyne_points" / "data" / f"{number:010d}.bin", points)
    split = tmp_path / "test_files.txt"
    split.write_text("".join(f"2011_09_26/{DRIVE} {number:010d} l\n" for number in (0, 2)))
    write_depth_model(tmp_path / "depth.onnx")
    return tmp_path


def command(folder, *more):
    words = ["--protocol", "kitti_eigen", "--data", str(folder / "raw"), "--split", str(folder / "test_files.txt")]
    main([*words, "--depth", str(folder / "depth.onnx"), "--json", str(folder / "result.json"), *more])
    return json.loads((folder / "result.json").read_text())["depth"]


def test_eigen_split_by_one_command(kitti, capsys):
    report = command(kitti, "--pictures", str(kitti / "pictures"))
    assert report["images"] == 2
    assert report["protocol"]["name"] == "kitti_eigen"
    assert report["protocol"]["crop"] == "garg"
    assert report["protocol"]["words"] in capsys.readouterr().out
    assert 0 < report["median"]["abs_rel"] < 1
    names = {path.name for path in (kitti / "pictures").iterdir()}
    assert names == {f"{kind}_{DRIVE}_image_02_0.png" for kind in ("depth", "error", "edges")}


def test_depth_is_along_the_axis_that_is_asked_for(kitti):
    """LiDAR sits 27 cm behind the camera, and counts from itself."""
    forward = command(kitti)["median"]["scale"]
    optical = command(kitti, "--depth-axis", "optical")
    assert optical["protocol"]["depth_axis"] == "optical"
    assert optical["median"]["scale"] == pytest.approx(forward * (1 - 0.27 / 16), rel=0.01)


def test_labels_of_a_segmentation_network(kitti):
    labels = kitti / "labels" / DRIVE / "image_02"
    labels.mkdir(parents=True)
    with pytest.raises(TrainingError, match=r"image_02/0\.png: there is no such image of labels"):
        command(kitti, "--labels", str(kitti / "labels"))
    for number in (0, 2):
        cv2.imwrite(str(labels / f"{number}.png"), np.full((37, WIDTH), ROAD, np.uint8))
    report = command(kitti, "--labels", str(kitti / "labels"))
    assert report["regions"]["road"] == report["regions"]["all"]


def test_improved_truth_counts_beyond_80_m_and_is_not_cropped(kitti):
    """Two pixels at 90 m, one of them in the corner: the best that a prediction can say of them is 80 m."""
    for number in (0, 2):
        values = np.zeros((37, WIDTH), np.uint16)
        values[0, 0] = values[20, 60] = 256 * 90
        path = kitti / "improved/val" / DRIVE / "proj_depth/groundtruth/image_02" / f"{number:010d}.png"
        write_16_bit(path, values)
    report = command(kitti, "--protocol", "kitti_improved", "--improved", str(kitti / "improved"), "--scaling", "none")
    assert report["median"]["pixels"] == 4
    assert report["median"]["abs_rel"] >= 10 / 90 - 1e-6
    assert report["protocol"]["all_truth"]


def test_what_is_missing_is_said_before_anything_runs(kitti):
    with pytest.raises(TrainingError, match="give --split"):
        main(["--protocol", "kitti_eigen", "--data", str(kitti / "raw"), "--depth", str(kitti / "depth.onnx")])
    with pytest.raises(TrainingError, match="depth is improved, but no folder"):
        command(kitti, "--protocol", "kitti_improved")


def test_odometry_sequences_by_one_command(tmp_path, capsys):
    """The model's answer is the true motion of the camera of the images, which sits beside that of the poses."""
    motion = pose_from(rotation_from_vector([0.0, 0.02, 0.0]), [0.0, 0.0, 0.8])
    poses = [np.eye(4)]
    for _ in range(7):
        poses.append(poses[-1] @ motion)
    for sequence in ("09", "10"):
        write_kitti_sequence(tmp_path, sequence, np.stack(poses))
    drive = odometry_drives(str(tmp_path), ["09"])["sequence 09"]
    places = np.stack([pose for _, pose in drive.frames])
    assert len(drive.frames) == len(places) == 8
    focal_length = 72.15377 * 64 / WIDTH
    seen = np.linalg.inv(places[0]) @ places[1]
    write_pose_model(tmp_path / "pose.onnx", motion=seen, width=64, height=19, focal_length=focal_length)
    words = ["--protocol", "kitti_odometry", "--data", str(tmp_path), "--pose", str(tmp_path / "pose.onnx")]
    main([*words, "--json", str(tmp_path / "result.json")])
    report = json.loads((tmp_path / "result.json").read_text())["pose"]
    assert [drive["name"] for drive in report["drives"]] == ["sequence 09", "sequence 10"]
    for drive in report["drives"]:
        assert drive["alignments"]["scale"]["ate_percent"] == pytest.approx(0.0, abs=0.2)
        assert drive["ate_sfmlearner"][0]["mean"] < 0.002
    assert "sequence 10" in capsys.readouterr().out


def test_make3d_is_cropped_to_two_to_one():
    image = np.zeros((2272, 1704, 3), np.uint8)
    image[710:1562] = 255
    truth = np.zeros((55, 305), np.float32)
    truth[17:38] = 1.0
    cropped = make3d_crop(Frame("x", image, truth))
    assert cropped.image.shape == (852, 1704, 3)
    assert cropped.truth.shape == (21, 305)
    assert cropped.image.min() == 255
    assert cropped.truth.min() == 1.0
    assert cropped.camera is None
