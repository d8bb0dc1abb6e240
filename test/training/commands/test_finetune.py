"""A recording of a camera in, models for it out: looked at first, trained, exported, judged on what was held back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
import yaml
from helpers.recordings import write_recording
from helpers.training import make_system

from depth_perception.estimators.camera_odometry import CameraOdometry
from depth_perception.estimators.depth import _view_size
from depth_perception.geometry.camera import Camera
from depth_perception.model_file import ModelDescription, read_description
from depth_perception.recordings.pose_files import read_poses
from depth_perception.recordings.recording import Recording
from depth_perception.resources import model_path
from training.checkpoint import newest_checkpoint
from training.commands import finetune
from training.commands.finetune import Source, _followed, _sized, _sources, is_better, main, parser
from training.data.datasets.bag import BagData
from training.data.datasets.video import VideoData
from training.evaluation.held_back import photometric_error
from training.exporting.export import export
from training.models import DepthModel, PoseModel
from training.networks.pose_net import PoseNet

SMOKE = Path(__file__).parents[3] / "config/training/dual_networks/smoke.yaml"
POSE = "models/posenet.onnx"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth model, small, of the focal length that the pose model which comes along goes with."""
    path = tmp_path_factory.mktemp("shipped") / "depth.onnx"
    description = ModelDescription(
        "small", "depth", 192, 288, 720.0, True, "m", "p", minimum_depth=0.5, maximum_depth=100.0
    )
    export(DepthModel(make_system("hr").eval().network), description, path, samples=1)
    return path


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    path = tmp_path / "drive"
    write_recording(path, frames=20, width=288, height=192, focal_length=225.0, depth="32FC1")
    return path


def test_from_a_recording_to_models_that_the_node_takes(shipped, drive, tmp_path, capfd):
    output = tmp_path / "out"
    words = ["--bag", str(drive), "--depth-model", str(shipped), "--output", str(output), "--smoke", "--name", "ours"]
    main(words, {"lr": SMOKE, "hr": SMOKE})
    told = capfd.readouterr().out
    assert "20 frames, the last 20% held back; learns from depth, distances" in told
    assert "lr: begins" in told
    assert "hr: begins" in told
    depth, pose = (read_description(output / f"ours_{task}.onnx", task) for task in ("depth", "pose"))
    assert (depth.name, depth.width, depth.height, depth.metric) == ("ours depth", 288, 192, True)
    assert (pose.width, pose.height, pose.focal_length) == (96, 64, 240.0)
    assert pose.method == "CorrelationPoseNet"
    taught = {item.name: item.truths for item in depth.training_data}
    assert taught["drive, frames 0 to 15"] == ("depth", "distances")
    before = "procedural street world of this package (training.street), seeds 0 to 127"
    assert taught[before] == ("depth", "poses", "labels")  # of the pose model that it began with

    report = json.loads((output / "report.json").read_text())[str(drive)]
    assert report["better"] == (report["after"]["abs_rel"] < report["before"]["abs_rel"])
    assert ("launch: ros2" in told, "not better than before" in told) == (report["better"], not report["better"])
    assert report["frames"] == 2  # 16 to 19, and each needs both neighbours
    for when in ("before", "after"):
        assert {"photometric", "abs_rel", "abs_rel_metric", "distance_ratio"} <= set(report[when])
    assert report["before"]["abs_rel"] != report["after"]["abs_rel"]
    assert cv2.imread(str(output / "drive.png")) is not None

    # What was given is where it began: two steps of 5e-5 away, not at random.
    system = make_system("lr", begin_with=str(shipped), keep_statistics=True)
    system.begin()
    first = torch.load(newest_checkpoint(next(output.glob("lr-*"))), weights_only=True)["state_dict"]
    name = "network.lr.encoder.conv1.weight"
    apart = (first[name] - system.state_dict()[name]).abs().max()
    assert 0 < apart < 1e-3
    centres = [name for name in first if name.startswith("pose_network.") and name.endswith("running_mean")]
    assert centres
    assert not any(first[name].any() for name in centres)  # as they are taken out of a file
    statistics = [name for name in first if "running_" in name and name.startswith("network.")]
    assert statistics
    for name in statistics:
        assert torch.equal(first[name], system.state_dict()[name]), name

    settings = yaml.safe_load((output / "hr.yaml").read_text())
    assert settings["data"]["sources"][0]["init_args"]["last"] == 16


def test_a_model_file_of_zhous_network_goes_on_as_that(shipped, drive, tmp_path, monkeypatch):
    path, output = tmp_path / "zhou.onnx", tmp_path / "out"
    described = replace(read_description(model_path(POSE)), width=96, height=64, method="PoseNet")
    export(PoseModel(PoseNet(2, 0.01, 0.1, both_ways=True)), described, path, samples=1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(finetune, "train_once", stop)
    for pose, network in (path, "PoseNet"), (model_path(POSE), "CorrelationPoseNet"):
        words = ["--bag", str(drive), "--depth-model", str(shipped), "--pose-model", str(pose)]
        with pytest.raises(KeyboardInterrupt):
            main([*words, "--output", str(output), "--smoke"], {"lr": SMOKE, "hr": SMOKE})
        settings = yaml.safe_load((output / "lr.yaml").read_text())["model"]["init_args"]
        assert settings["pose_network"]["class_path"].endswith(f".{network}")
        assert settings["pose_begins_with"] == str(pose)


def test_truth_decides_what_is_better_and_without_it_the_images_do():
    assert is_better({"abs_rel": 0.2, "photometric": 8.0}, {"abs_rel": 0.1, "photometric": 9.0})
    assert not is_better({"abs_rel": 0.1, "photometric": 9.0}, {"abs_rel": 0.2, "photometric": 8.0})
    assert is_better({"photometric": 9.0, "road_residual": 0.01}, {"photometric": 8.0, "road_residual": 0.02})
    assert not is_better({"photometric": 8.0}, {"photometric": 8.0})
    assert not is_better({"road_residual": 0.02}, {"road_residual": 0.01})


def test_what_is_not_learnt_from_judges_all_the_same_and_motion_is_what_odometry_finds(shipped, drive, tmp_path):
    options = parser().parse_args(["--bag", str(drive), "--images-alone", "--output", str(tmp_path)])
    (source,) = _sources(options)
    trained, held = source.parts(0.2)
    assert isinstance(trained, BagData)
    assert isinstance(held, BagData)
    assert (trained.truth, held.truth) == ((), ("depth", "distances"))
    models = (shipped, model_path(POSE), tmp_path)
    followed = _followed(replace(source, settings=trained), *models)
    assert followed.describe().truths == ()
    assert followed.followed is not None
    poses, unusable = read_poses(followed.followed, (), None)
    with Recording.open(drive) as recording:
        stamps = np.array(recording.stamps)
    assert unusable == 0
    assert poses.at(stamps)[1].tolist() == [True] * 16 + [False] * 4  # not what is held back
    before = Path(followed.followed).stat().st_mtime_ns
    assert _followed(replace(source, settings=trained), *models) == followed  # and it is not estimated again
    assert Path(followed.followed).stat().st_mtime_ns == before


def test_a_camera_of_known_height_measures_lengths_against_the_road(shipped, drive, tmp_path, monkeypatch):
    made = []

    class Spy(CameraOdometry):
        def __init__(self, engine, camera, mount, settings):
            made.append((mount[2, 3], settings.scale_source))
            super().__init__(engine, camera, mount, settings)

    monkeypatch.setattr("training.data.followed.CameraOdometry", Spy)
    paths = []
    for words in ((), ("--camera-pose", "0", "0", "1.2", "0", "-0.03", "0")):
        options = parser().parse_args(["--bag", str(drive), *words, "--output", str(tmp_path)])
        (source,) = _sources(options)
        paths.append(_followed(source, shipped, model_path(POSE), tmp_path).followed)
    assert [source for _, source in made] == ["auto", "ground_plane"]
    assert made[1][0] == 1.2
    assert paths[0] != paths[1]


def test_another_model_at_the_same_path_is_not_finished_before(shipped, drive, tmp_path, monkeypatch):
    begun: list[tuple[str, ...]] = []
    monkeypatch.setattr(finetune, "write_followed", lambda *what: None)
    monkeypatch.setattr(finetune, "newest_checkpoint", lambda folder: folder / "last.ckpt")
    monkeypatch.setattr(finetune, "export_checkpoint", lambda *what, **how: None)
    monkeypatch.setattr(finetune, "_report", lambda *what: None)
    monkeypatch.setattr(finetune, "train_once", lambda stage, folder, words: begun.append((stage, folder.name)))
    paths = {"--depth-model": tmp_path / "depth.onnx", "--pose-model": tmp_path / "pose.onnx"}
    paths["--depth-model"].write_bytes(shipped.read_bytes())
    paths["--pose-model"].write_bytes(model_path(POSE).read_bytes())
    models = [str(word) for pair in paths.items() for word in pair]
    words = ["--bag", str(drive), *models, "--output", str(tmp_path / "out"), "--smoke"]
    main(words, {"lr": SMOKE, "hr": SMOKE})
    main(words, {"lr": SMOKE, "hr": SMOKE})
    assert begun[2:] == begun[:2]
    for path in paths.values():
        changed = onnx.load(path)
        changed.producer_version = "another"
        onnx.save(changed, path)
        main(words, {"lr": SMOKE, "hr": SMOKE})
        assert not set(begun[-2:]) & set(begun[:-2])


def test_the_view_is_that_of_the_node_for_pixels_that_are_not_square_too():
    described = read_description(model_path("models/dual_networks_light.onnx"))
    camera = Camera(640, 480, 300.0, 600.0, 319.5, 239.5)
    (source,) = _sized([Source(VideoData("drive.mp4", camera), 20, camera)], described)
    assert (source.settings.width, source.settings.height) == _view_size("auto", described, camera)
    square = Camera(640, 480, 600.0, 600.0, 319.5, 239.5)
    assert _view_size("auto", described, camera) != _view_size("auto", described, square)


def test_a_video_is_followed_too(shipped, drive, tmp_path):
    with Recording.open(drive) as recording:
        camera = recording.camera
        images = [image.decode() for image in recording.images()]
    writer = cv2.VideoWriter(str(tmp_path / "drive.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (288, 192))
    for image in images:
        writer.write(image[..., ::-1])
    writer.release()
    video = VideoData(
        str(tmp_path / "drive.avi"), camera, last=16, width=288, height=192, cache=str(tmp_path / "cache")
    )
    followed = _followed(Source(video, 16, camera), shipped, model_path(POSE), tmp_path)
    snippet = followed.open(3)[0]
    assert snippet.poses is not None
    assert np.isfinite(snippet.poses).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --bag or --video"),
        (["--bag", "/nowhere"], "there is no such recording"),
        (["--video", "/nowhere.mp4", "--calibration", "CALIBRATION"], "there is no such video"),
        (["--video", "/nowhere.mp4"], "give --calibration"),
        (["--video", "/nowhere.mp4", "--calibration", "/nowhere.yaml"], "there is no such calibration"),
        (
            ["--bag", "DRIVE", "--camera-pose", *"000000"],
            "z is 0 m, expected the camera's height above the road",
        ),
        (["--bag", "DRIVE", "--held-back", "0.9"], "expected a share from 0.05 to 0.5"),
        (["--bag", "DRIVE", "--stride", "3"], "has 20 frames, expected at least 36"),
        (["--bag", "DRIVE", "--output", "/proc/here"], "cannot be written"),
        (["--bag", "DRIVE", "--depth-model", "nope.onnx"], "nope.onnx"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_made(drive, tmp_path, words, message):
    calibration = {"image_width": 64, "image_height": 32, "camera_matrix": {"data": [40, 0, 32, 0, 40, 16, 0, 0, 1]}}
    (tmp_path / "camera.yaml").write_text(yaml.safe_dump(calibration))
    places = {"DRIVE": str(drive), "CALIBRATION": str(tmp_path / "camera.yaml")}
    words = ["--output", str(tmp_path / "out"), *(places.get(word, word) for word in words)]
    with pytest.raises(Exception, match=message):
        main(words)
    assert not list(tmp_path.glob("out/*"))


def test_the_photometric_error_is_that_of_a_wrong_depth():
    """A wall that the camera drives at: seen with its own depth and step nothing differs, with others it does."""
    camera = Camera(192, 96, 150.0, 150.0, 95.5, 47.5)
    rows, columns = np.mgrid[0:96, 0:192].astype(np.float64)

    def seen(distance: float) -> np.ndarray:
        x, y = (columns - camera.cx) * distance / camera.fx, (rows - camera.cy) * distance / camera.fy
        grey = 128 + 60 * np.sin(2 * x) + 50 * np.cos(3 * y)
        return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)

    step = np.eye(4)
    step[2, 3] = 1.0
    errors = {
        depth: photometric_error(seen(11.0), seen(10.0), np.full((96, 192), depth, np.float32), camera, step)
        for depth in (10.0, 6.0, 20.0)
    }
    assert errors[10.0] < 1.5
    assert min(errors[6.0], errors[20.0]) > 3 * errors[10.0]
