"""A folder of images with LiDAR, each of a camera of its own, judged from the command line."""

import json

import cv2
import numpy as np
import pytest
from helpers.models import luma_depth, write_depth_model

from depth_perception.evaluation.depth_report import read_depth_reports
from depth_perception.geometry.camera import Camera
from training.commands.evaluate import main
from training.errors import TrainingError

TALL = 1.5
GREY = 57
SAID = float(luma_depth(np.full(3, GREY, np.uint8)))
"""What the model answers to a grey picture, for the camera it was trained for."""
SKY = 6
"""Rows."""
CAMERAS = {"near": Camera(208, 96, 120.0, 120.0, 103.5, 40.0), "tele": Camera(208, 96, 240.0, 240.0, 103.5, 40.0)}


@pytest.fixture
def tree(tmp_path):
    """A road with a wall 8 m away, below a bright sky; a tenth of the pixels is known."""
    rng = np.random.default_rng(0)
    for name, camera in CAMERAS.items():
        fall = camera.rays()[..., 1]
        depth = np.where(fall > 0.01, TALL / np.maximum(fall, 0.01), 79.0)
        depth[:, 120:160] = np.minimum(depth[:, 120:160], 8.0)
        depth[rng.random(depth.shape) > 0.1] = 0.0
        depth[:SKY] = 0.0
        image = np.full((96, 208, 3), GREY)
        image[:SKY] = 255
        for folder, picture in (("images", image), ("depth", np.round(depth * 256))):
            (tmp_path / folder).mkdir(exist_ok=True)
            kind = np.uint8 if folder == "images" else np.uint16
            assert cv2.imwrite(str(tmp_path / folder / f"{name}.png"), picture.astype(kind))
    keys = ("width", "height", "fx", "fy", "cx", "cy")
    cameras = {name: {key: getattr(camera, key) for key in keys} for name, camera in CAMERAS.items()}
    (tmp_path / "cameras.json").write_text(json.dumps(cameras))
    return tmp_path


def test_obstacles_have_figures_of_their_own(tree, tmp_path, capsys):
    """A model that answers one depth for the camera it was trained for answers twice as much for twice the focal
    length: of the wall 8 m away, 12 and 24 m."""
    write_depth_model(tmp_path / "m.onnx", width=208, height=96, focal_length=120.0)
    words = ["--protocol", "pairs", "--data", str(tree), "--depth", str(tmp_path / "m.onnx")]
    main([*words, "--json", str(tmp_path / "r.json")])
    (report,) = read_depth_reports(tmp_path / "r.json")
    assert report.images == 2
    near = next(item for name, item in report.extras.items() if "up to 10 m" in name)
    assert near.mean == pytest.approx(1.5 * SAID / 8.0, rel=2e-3)
    assert report.parts["height"]["obstacles, up to 20 m"].errors.ratio == pytest.approx(1.5 * SAID / 8.0, rel=2e-3)
    assert list(report.baselines) == ["constant", "row median", "pixel median"]
    assert "abs_rel of the images' own row median" in capsys.readouterr().out


def test_an_image_without_a_camera_is_named(tree):
    cameras = json.loads((tree / "cameras.json").read_text())
    del cameras["tele"]["fx"]
    (tree / "cameras.json").write_text(json.dumps(cameras))
    with pytest.raises(TrainingError, match=r"cameras\.json: is no file of cameras \(no 'fx'\), expected width"):
        main(["--protocol", "pairs", "--data", str(tree), "--depth", "models/dual_networks_light.onnx"])
    del cameras["tele"]
    (tree / "cameras.json").write_text(json.dumps(cameras))
    with pytest.raises(TrainingError, match=r"cameras\.json: has no camera of tele"):
        main(["--protocol", "pairs", "--data", str(tree), "--depth", "models/dual_networks_light.onnx"])
