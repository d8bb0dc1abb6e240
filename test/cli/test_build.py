"""``depth-perception build``: what it makes, where it is found, and what it says when it cannot."""

import re

import cv2
import numpy as np
import pytest
from helpers.models import write_depth_model, write_pose_model

from depth_perception.cli.main import main
from depth_perception.engines.choose import open_engine
from depth_perception.engines.gpu import has_nvidia_gpu

pytestmark = pytest.mark.skipif(has_nvidia_gpu(), reason="says what happens without a GPU")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_depth_model(tmp_path / "depth.onnx", extras=("confidence",), work=1)
    (tmp_path / "pictures").mkdir()
    random = np.random.default_rng(0)
    for index in range(3):
        picture = random.integers(0, 256, (48, 96, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"pictures/{index}.png"), picture)
    return tmp_path


def build(folder, *options, model="depth.onnx"):
    return main(["build", str(folder / model), "--calibrate", str(folder / "pictures"), *options])


def test_plans_for_other_gpus_are_built_once(folder, capsys):
    pytest.importorskip("tensorrt_rtx")
    assert build(folder, "--target", "8.6,8.9", "--dry-run") == 0
    said = capsys.readouterr().out
    assert said.count("for 8.6, 8.9: ") == 2  # all outputs, and depth alone
    assert "is there" not in said
    assert not list((folder / "cache").rglob("*.plan"))
    assert build(folder, "--target", "8.6,8.9") == 0
    plans = {path: path.stat().st_mtime_ns for path in (folder / "cache").rglob("*.plan")}
    assert len(plans) == 2
    capsys.readouterr()
    assert build(folder, "--target", "8.9,8.6") == 0
    assert capsys.readouterr().out.count("(is there)") == 2
    assert {path: path.stat().st_mtime_ns for path in plans} == plans


def test_a_gpu_that_the_library_does_not_know_is_refused_with_those_it_does(folder, capsys):
    pytest.importorskip("tensorrt_rtx")
    assert build(folder, "--target", "8.7") == 1
    error = capsys.readouterr().err
    assert "no GPU of compute capability 8.7, expected some of 7.5" in error
    assert error.count("\n") == 1


def test_without_a_gpu_it_measures_what_is_fastest_on_the_cpu(folder, capsys):
    assert build(folder) == 0
    said = capsys.readouterr().out
    assert "needs an NVIDIA GPU" in said or "is not installed" in said
    assert "onnxruntime  f32" in said
    assert re.search(r"f32 +\S.* +1\.00 +0\.00%", said)  # the fastest in float32 is what the others are compared with
    assert list((folder / "cache").rglob("measured/*.json"))


def test_a_variant_is_found_by_those_who_open_the_model(folder, capsys):
    assert build(folder, "--precision", "fp16") == 0
    assert "% from float32 in the mean, on 3 frames" in capsys.readouterr().out
    assert open_engine(folder / "depth.onnx", precision="f16").description.precision == "f16"
    assert build(folder, "--precision", "fp16") == 0
    assert "(is there)" in capsys.readouterr().out


def test_a_variant_that_is_not_there_is_refused_with_what_to_do(folder):
    with pytest.raises(Exception, match=r"no int8 variant of it: make one with depth-perception build .*depth\.onnx"):
        open_engine(folder / "depth.onnx", precision="int8")


def test_a_variant_of_what_the_file_was_before_is_not_taken(folder):
    assert build(folder, "--precision", "fp16", "--output", str(folder / "depth.f16.onnx")) == 0
    assert open_engine(folder / "depth.onnx", precision="f16").description.precision == "f16"
    write_depth_model(folder / "depth.onnx", focal_length=50.0)
    with pytest.raises(Exception, match="no f16 variant of it"):
        open_engine(folder / "depth.onnx", precision="f16")


@pytest.mark.parametrize(
    ("calibrate", "message"),
    [
        ("nothing", "holds neither a rosbag2 nor pictures"),
        ("missing", "missing"),
        ("broken", "is not a complete picture that can be decoded"),
    ],
)
def test_places_without_pictures_are_named(folder, calibrate, message, capsys):
    (folder / "nothing").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken/a.jpg").write_bytes(b"no jpeg")
    options = ["--precision", "int8", "--calibrate", str(folder / calibrate)]
    assert main(["build", str(folder / "depth.onnx"), *options]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_pose_models_are_given_pictures_that_follow_each_other(folder, capsys):
    write_pose_model(folder / "pose.onnx")
    assert build(folder, model="pose.onnx") == 0
    assert "openvino" in capsys.readouterr().out
