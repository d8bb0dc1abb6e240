"""Protocols on small trees in the datasets' own formats."""

import json
from argparse import Namespace

import cv2
import numpy as np
import pytest
from helpers.datasets import (
    HEIGHT,
    WIDTH,
    pictures,
    projection,
    write_16_bit,
    write_kitti_2015,
    write_kitti_drive,
    write_kitti_sequence,
    write_make3d,
    write_scan,
)
from helpers.models import luma_depth, write_depth_model, write_pose_model

from depth_perception.evaluation.frame import Frame
from depth_perception.geometry.pose import pose_from, rotation_from_vector
from training.commands.evaluate import main
from training.data.image_files import read_image
from training.errors import TrainingError
from training.evaluation.benchmark import benchmarks
from training.evaluation.benchmarks.make3d import make3d_crop
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
    assert 0 < report["median_scaled"]["abs_rel"] < 1
    names = {path.name for path in (kitti / "pictures").iterdir()}
    assert names == {f"{kind}_{DRIVE}_image_02_0.png" for kind in ("depth", "error", "edges")}


def test_depth_is_along_the_axis_that_is_asked_for(kitti):
    """LiDAR sits 27 cm behind the camera, and counts from itself."""
    forward = command(kitti)["median_scaled"]["scale"]
    optical = command(kitti, "--depth-axis", "optical")
    assert optical["protocol"]["depth_axis"] == "optical"
    assert optical["median_scaled"]["scale"] == pytest.approx(forward * (1 - 0.27 / 16), rel=0.01)


def test_labels_of_a_segmentation_network(kitti):
    labels = kitti / "labels" / DRIVE / "image_02"
    labels.mkdir(parents=True)
    with pytest.raises(TrainingError, match=r"image_02/0\.png: there is no such image of labels"):
        command(kitti, "--labels", str(kitti / "labels"))
    for number in (0, 2):
        cv2.imwrite(str(labels / f"{number}.png"), np.full((37, WIDTH), ROAD, np.uint8))
    report = command(kitti, "--labels", str(kitti / "labels"))
    assert report["parts"]["class"]["road"] == {"images": 2, "errors": report["median_scaled"]}


def test_improved_truth_counts_beyond_80_m_and_is_not_cropped(kitti):
    """Two pixels at 90 m, one of them in the corner: the best that a prediction can say of them is 80 m."""
    for number in (0, 2):
        values = np.zeros((37, WIDTH), np.uint16)
        values[0, 0] = values[20, 60] = 256 * 90
        path = kitti / "improved/val" / DRIVE / "proj_depth/groundtruth/image_02" / f"{number:010d}.png"
        write_16_bit(path, values)
    report = command(kitti, "--protocol", "kitti_improved", "--improved", str(kitti / "improved"), "--scaling", "none")
    assert report["median_scaled"]["pixels"] == 4
    assert report["median_scaled"]["abs_rel"] >= 10 / 90 - 1e-6
    assert report["protocol"]["all_truth"]


def test_what_is_missing_is_said_before_anything_runs(kitti, capsys):
    words = ["--data", str(kitti / "raw"), "--depth", str(kitti / "none.onnx")]
    with pytest.raises(TrainingError, match=r"none\.txt: there is no such list of frames"):
        main(["--protocol", "kitti_eigen", *words, "--split", str(kitti / "none.txt")])
    with pytest.raises(SystemExit):
        main(["--protocol", "kitti_improved", *words, "--split", str(kitti / "test_files.txt")])
    assert "the following arguments are required: --improved" in capsys.readouterr().err


def test_odometry_sequences_by_one_command(tmp_path, capsys):
    """The model's answer is the true motion of the camera of the images, which sits beside that of the poses."""
    motion = pose_from(rotation_from_vector([0.0, 0.02, 0.0]), [0.0, 0.0, 0.8])
    poses = [np.eye(4)]
    for _ in range(7):
        poses.append(poses[-1] @ motion)
    for sequence in ("09", "10"):
        write_kitti_sequence(tmp_path, sequence, np.stack(poses))
    drive = benchmarks()["kitti_odometry"].drives(Namespace(data=str(tmp_path), sequences=["09"]))["sequence 09"]
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


def judged(protocol, tree, tmp_path, capsys, **size):
    """What the command answers of a model of this size and a focal length of 40 pixels."""
    write_depth_model(tmp_path / "depth.onnx", **size)
    words = ["--protocol", protocol, "--data", str(tree), "--depth", str(tmp_path / "depth.onnx")]
    main([*words, "--json", str(tmp_path / "result.json")])
    report = json.loads((tmp_path / "result.json").read_text())["depth"]
    assert report["protocol"]["name"] == protocol
    assert report["protocol"]["words"] in capsys.readouterr().out
    return report


def test_kitti_2015_by_one_command(tmp_path, capsys):
    """Of a model that sees every pixel, whose disparity is known at two, one of them beyond 80 m."""
    disparity = np.zeros((HEIGHT, WIDTH), np.uint16)
    disparity[10, 20], disparity[30, 100] = 256 * 3, 64
    write_kitti_2015(tmp_path / "kitti", disparity)
    report = judged("kitti_2015", tmp_path / "kitti", tmp_path, capsys, width=WIDTH, height=HEIGHT)
    each = []
    for seed in range(2):
        answer = float(luma_depth(pictures(1, seed=seed)[0])[10, 20]) * projection(2)[0, 0] / 40.0
        true = projection(2)[0, 0] * 0.5327 / 3.0
        each.append(abs(answer - true) / true)
    assert report["images"] == report["metric"]["pixels"] == 2
    assert report["metric"]["abs_rel"] == pytest.approx(np.mean(each), rel=1e-3)
    assert report["median_scaled"]["abs_rel"] == pytest.approx(0.0, abs=1e-6)  # one pixel each: scaled, it is the truth


def test_make3d_by_one_command(tmp_path, capsys):
    """Criterion C1: of the middle 21 of the scanner's 55 rows those below 70 m; depth beyond does not count."""
    rng = np.random.default_rng(0)
    grid = rng.uniform(1, 65, (55, 305, 4))
    grid[20, :100, 3] = 75.0
    write_make3d(tmp_path / "make3d", grid)
    report = judged("make3d", tmp_path / "make3d", tmp_path, capsys, width=170, height=85)
    image = read_image(tmp_path / "make3d/Test134/img-math7-p-282t0.jpg")[71:156]
    rows, columns = (np.arange(21) * 85) // 21, (np.arange(305) * 170) // 305
    answer, truth = luma_depth(image)[rows][:, columns], grid[17:38, :, 3]
    counted = truth < 70
    answer, truth = answer[counted], truth[counted]
    scaled = np.clip(answer * np.median(truth) / np.median(answer), 0, 70)
    assert report["images"] == 2
    assert report["median_scaled"]["pixels"] == 2 * (21 * 305 - 100)
    assert report["median_scaled"]["abs_rel"] == pytest.approx(np.mean(np.abs(scaled - truth) / truth), rel=1e-3)
    assert report["median_scaled"]["log10"] == pytest.approx(np.mean(np.abs(np.log10(scaled / truth))), rel=1e-3)


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
