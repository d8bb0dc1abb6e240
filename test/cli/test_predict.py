"""Depth as files: of a picture, a folder, a video and a recording, with values that another reader reads back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model
from helpers.recordings import START, picture, road, write_calibration, write_recording
from helpers.turned import with_orientation, write_turned_video

from depth_perception.cli.main import main
from depth_perception.evaluation.predictions import depth_png
from depth_perception.recordings.recording import Recording

FOCAL_LENGTH = 40.0


@pytest.fixture
def predict(tmp_path) -> Callable[..., int]:
    write_depth_model(tmp_path / "depth.onnx")

    def run(source: Path, *options: str) -> int:
        model = ["--depth-model", str(tmp_path / "depth.onnx"), "--backend", "onnxruntime"]
        return main(["predict", str(source), *model, "--output", str(tmp_path / "out"), *options])

    return run


def test_a_folder_with_its_calibration(tmp_path, predict, capsys):
    (tmp_path / "images").mkdir()
    for index in range(2):
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), picture(index, 64, 32))
    (tmp_path / "images" / "broken.png").write_bytes(b"nothing")
    (tmp_path / "images" / "notes.txt").write_text("nothing")
    calibration = write_calibration(tmp_path / "camera.yaml")
    assert predict(tmp_path / "images", "--calibration", calibration) == 1
    said = capsys.readouterr()
    assert "broken.png: " in said.err
    assert "2 images, 1 failed" in said.out
    assert "not calibrated" not in said.out
    for index in range(2):
        depth = cv2.imread(str(tmp_path / "out" / f"{index}.png"), cv2.IMREAD_UNCHANGED)
        assert depth is not None
        np.testing.assert_allclose(depth / 256, luma_depth(picture(index, 64, 32)), atol=1 / 256 + 1e-3)
        shown = cv2.imread(str(tmp_path / "out" / f"{index}.jpg"))
        assert shown is not None
        assert shown.shape == (64, 64, 3)
    about = json.loads((tmp_path / "out" / "camera.json").read_text())
    assert (about["camera"]["fx"], about["unit"]) == (FOCAL_LENGTH, "metres")
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_a_picture_of_a_camera_that_sees_farther_and_its_cloud(tmp_path, predict):
    image = picture(3, 64, 32)
    image[..., 0] //= 2
    cv2.imwrite(str(tmp_path / "one.png"), image[..., ::-1])
    calibration = write_calibration(tmp_path / "camera.yaml", 2 * FOCAL_LENGTH)
    assert predict(tmp_path / "one.png", "--calibration", calibration, "--values", "npz", "--cloud") == 0
    values = np.load(tmp_path / "out" / "one.npz")
    np.testing.assert_allclose(values["depth"], 2 * luma_depth(image), rtol=1e-4)
    assert values["K"].tolist() == [[80.0, 0.0, 31.5], [0.0, 80.0, 15.5], [0.0, 0.0, 1.0]]
    header, _, data = (tmp_path / "out" / "one.ply").read_bytes().partition(b"end_header\n")
    points = np.frombuffer(data, [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("colour", "u1", 3)])
    assert f"element vertex {len(points)}".encode() in header
    rows = (points["y"] / points["z"] * 80.0 + 15.5).reshape(32, 64)
    np.testing.assert_allclose(rows, np.tile(np.arange(32)[:, None], 64), atol=1e-3)
    np.testing.assert_array_equal(points["colour"].reshape(32, 64, 3), image)


def test_a_video_without_a_calibration_is_told_to_guess(tmp_path, predict, capsys):
    video = cv2.VideoWriter(str(tmp_path / "drive.avi"), cv2.VideoWriter.fourcc(*"FFV1"), 10.0, (64, 32))
    for index in range(5):
        video.write(picture(index, 64, 32))
    video.release()
    assert predict(tmp_path / "drive.avi", "--every", "2") == 0
    said = capsys.readouterr().out
    assert "metres are as wrong as that is: give --calibration or --focal-length" in said
    assert "turned" not in said
    made = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert made == ["drive_000000.png", "drive_000002.png", "drive_000004.png"]
    depth = cv2.imread(str(tmp_path / "out" / "drive_000004.png"), cv2.IMREAD_UNCHANGED)
    assert depth is not None
    guessed = 0.9 * 64 / FOCAL_LENGTH
    np.testing.assert_allclose(depth / 256, guessed * luma_depth(picture(4, 64, 32)), rtol=0.05)


@pytest.mark.parametrize("name", ["drive.mp4", "street.jpg", "streets"])
def test_what_metadata_say_is_turned_is_said_where_no_calibration_is_given(tmp_path, predict, capsys, name):
    source = tmp_path / name
    jpeg = cv2.imencode(".jpg", picture(0, 64, 32))[1].tobytes()
    if name == "drive.mp4":
        write_turned_video(source, 90)
    elif name == "street.jpg":
        source.write_bytes(with_orientation(jpeg, 6))
    else:
        source.mkdir()
        for index, orientation in enumerate((1, 6, 8)):
            (source / f"{index}.jpg").write_bytes(with_orientation(jpeg, orientation))
    said = f"note: {source}: metadata say that it is to be shown turned, which is not obeyed"
    assert predict(source) == 0
    assert capsys.readouterr().out.count(said) == 1
    assert predict(source, "--calibration", write_calibration(tmp_path / "camera.yaml")) == 0
    assert "shown turned" not in capsys.readouterr().out


def test_a_video_that_breaks_off_is_said_and_what_came_before_stays(tmp_path, predict, capsys):
    path = tmp_path / "drive.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 32))
    for index in range(40):
        video.write(picture(index, 64, 32))
    video.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    assert predict(path, "--every", "2", "--focal-length", "60") == 1
    said = re.search(r"drive.avi: breaks off after (\d+) of 40 frames: copy it again", capsys.readouterr().err)
    assert said is not None
    assert len(list((tmp_path / "out").glob("*.png"))) == -(-int(said[1]) // 2) > 1


def test_a_recording_without_camera_info_takes_a_calibration_in_every_command(tmp_path, predict, capsys):
    drive = tmp_path / "drive"
    write_recording(drive, encoding="png", frames=2, camera_info=False, odometry=False)
    assert predict(drive) == 1
    assert "or give a file of camera_calibration (--calibration)" in capsys.readouterr().err
    calibration = write_calibration(tmp_path / "camera.yaml")
    assert predict(drive, "--calibration", calibration) == 0
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".jpg", ".jpg", ".json", ".png", ".png"]
    with Recording.open(drive, calibration=calibration) as recording:
        assert recording.camera.fx == FOCAL_LENGTH
    start = ["evaluate", "--bag", str(drive), "--depth-model", str(tmp_path / "depth.onnx"), "--no-odometry"]
    assert main([*start, "--output", str(tmp_path / "report"), "--calibration", calibration]) == 0
    assert json.loads((tmp_path / "report" / "report.json").read_text())["depth"]["metric"]["abs_rel"] < 1e-3


def test_images_of_like_and_equal_stamps_have_files_each(tmp_path, predict):
    drive = tmp_path / "drive"

    def thrice(topic, index, message):
        if "image" in topic and index in (2, 3):
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(START, 1_000_000_000)
        return message

    write_recording(drive, encoding="png", frames=4, rate=10_000.0, change=thrice)
    assert predict(drive) == 0
    names = {str(START), f"{START}_2", f"{START}_3", str(START + 100_000)}
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == names
    depth = cv2.imread(str(tmp_path / "out" / f"{START}_3.png"), cv2.IMREAD_UNCHANGED)
    assert depth is not None
    np.testing.assert_allclose(depth / 256, luma_depth(picture(3, 64, 32)), atol=1 / 256 + 1e-3)


@pytest.mark.parametrize("source", ["images", "images/0.png"])
def test_pictures_are_not_overwritten_by_their_depth(tmp_path, predict, capsys, source):
    (tmp_path / "images").mkdir()
    (tmp_path / "other").symlink_to("images")
    cv2.imwrite(str(tmp_path / "images" / "0.png"), picture(0, 64, 32))
    before = (tmp_path / "images" / "0.png").read_bytes()
    assert predict(tmp_path / source, "--output", str(tmp_path / "other")) == 1
    assert "name another --output" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["0.png"]
    assert (tmp_path / "images" / "0.png").read_bytes() == before


@pytest.mark.parametrize("source", ["links", "links/0.png"])
def test_pictures_that_links_lead_to_are_not_overwritten_by_their_depth(tmp_path, predict, capsys, source):
    for folder in ("images", "links", "out"):
        (tmp_path / folder).mkdir()
    image = tmp_path / "images" / "0.png"
    cv2.imwrite(str(image), picture(0, 64, 32))
    before = image.read_bytes()
    for folder in ("links", "out"):
        (tmp_path / folder / "0.png").symlink_to(image)
    assert predict(tmp_path / source, "--output", str(tmp_path / "images")) == 1
    assert "name another --output" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["0.png"]
    (tmp_path / "links" / "round.txt").symlink_to("round.txt")
    assert predict(tmp_path / source) == 0
    assert not (tmp_path / "out" / "0.png").is_symlink()
    assert image.read_bytes() == before


def test_what_is_doubtful_is_said_of_recordings_and_of_pictures(tmp_path, predict, capsys):
    cv2.imwrite(str(tmp_path / "one.png"), picture(0, 64, 32))
    write_recording(tmp_path / "drive", frames=2, focal_length=800.0)
    tele = write_calibration(tmp_path / "tele.yaml", 800.0)
    pose = ["--camera-pose", "0", "0", "1.5", "3.1416", "0", "0"]
    for source, options, said in (
        ("drive", [], "note: /camera/camera_info: a focal length of 800 px for 32 px opens 2.29°"),
        ("one.png", ["--calibration", tele], "note: " + tele + ": a focal length of 800 px for 32 px opens 2.29°"),
        ("one.png", ["--focal-length", "800"], "note: --focal-length: a focal length of 800 px for 32 px opens 2.29°"),
        ("one.png", pose, "note: --camera-pose: camera frame 'optical' is mounted upside down"),
    ):
        assert predict(tmp_path / source, *options) == 0
        assert capsys.readouterr().out.count(said) == 1


def test_a_road_that_was_never_measured_is_said(tmp_path, predict, capsys):
    cv2.imwrite(str(tmp_path / "one.png"), road(1.0, 64, 32, FOCAL_LENGTH))
    options = ["--focal-length", str(FOCAL_LENGTH), "--scale-source", "ground_plane", "--camera-pose"]
    said = "note: scale_source ground_plane has measured nothing in 1 of 1 images: their lengths are the model's"
    assert predict(tmp_path / "one.png", *options, "0", "0", "1.5", "0", "20", "0") == 0  # degrees
    assert said in capsys.readouterr().out
    assert predict(tmp_path / "one.png", *options, "0", "0", "1.5", "0", "0", "0") == 0
    assert said not in capsys.readouterr().out


def test_a_png_holds_no_depth_beyond_its_range():
    depth = np.array([[0.001, 1.0, 255.99, 256.0, 300.0, np.inf, np.nan, -np.inf]], np.float32)
    read = cv2.imdecode(np.frombuffer(depth_png(depth), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.tolist() == [[1, 256, 65533, 0, 0, 0, 0, 0]]


def test_what_cannot_be_predicted_is_one_line(tmp_path, predict, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    cv2.imwrite(str(tmp_path / "one.png"), picture(0, 64, 32))
    write_recording(tmp_path / "drive", frames=1)
    wide = write_calibration(tmp_path / "wide.yaml", width=128)
    for source, options, said in (
        (tmp_path / "nowhere.png", [], "there is no such picture, folder or video"),
        (tmp_path / "text.mp4", [], "is neither a picture"),
        (tmp_path / "empty", [], "holds neither a rosbag2 nor pictures"),
        (tmp_path / "one.png", ["--calibration", wide], "is 64x32, its calibration says 128x32"),
        (tmp_path / "one.png", ["--focal-length", "1"], "--focal-length: a focal length of 1 px for 64 px opens 176°"),
        (tmp_path / "one.png", ["--focal-length", "nan"], "--focal-length: camera intrinsics hold a value that is not"),
        (tmp_path / "one.png", ["--camera-pose", *"0012", "nan", "0"], "--camera-pose: the pose of camera frame"),
        (tmp_path / "one.png", ["--maximum-range", "300"], "holds depth up to 255.996 m, expected no more: or take"),
        (tmp_path / "one.png", ["--minimum-range", "100"], "one: not one pixel has a depth between 100 and 200 m"),
        (tmp_path / "drive", ["--focal-length", "60"], "drive is a recording: give --calibration"),
    ):
        assert predict(source, *options) == 1
        error = capsys.readouterr().err
        assert said in error
        assert "Traceback" not in error
    with pytest.raises(SystemExit):
        predict(tmp_path / "one.png", "--calibration", wide, "--focal-length", "60")
    assert "not allowed with argument --calibration" in capsys.readouterr().err
