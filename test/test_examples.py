"""The programs of ``examples/`` are run as their first lines say, on what is known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from helpers.models import luma_depth, write_depth_model, write_pose_model
from helpers.recordings import STEP, picture, write_recording

ROOT = Path(__file__).resolve().parents[1]


def run(name: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"examples.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_says_how_it_is_run():
    for path in (ROOT / "examples").glob("*.py"):
        assert f"\npython -m examples.{path.stem} " in path.read_text()


def test_an_image_becomes_depth(tmp_path):
    write_depth_model(tmp_path / "depth.onnx")
    image = picture(3, 64, 32)
    cv2.imwrite(str(tmp_path / "image.png"), image)
    options = ["--focal-length", 40, "--model", tmp_path / "depth.onnx", "--output", tmp_path / "depth.png"]
    said = run("depth_of_an_image", tmp_path / "image.png", *options)
    assert "64x32, focal length 40.0, metric: True" in said
    depth = cv2.imread(str(tmp_path / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth is not None
    np.testing.assert_allclose(depth / 256, luma_depth(image), atol=1 / 256 + 1e-3)


def test_a_recording_becomes_a_trajectory(tmp_path):
    stamps = write_recording(tmp_path / "drive", frames=8)
    write_pose_model(tmp_path / "pose.onnx")
    options = ["--model", tmp_path / "pose.onnx", "--output", tmp_path / "trajectory.txt"]
    said = run("trajectory_of_a_recording", tmp_path / "drive", *options)
    assert f"7 poses, {7 * STEP:.1f} m" in said
    rows = np.loadtxt(tmp_path / "trajectory.txt")
    np.testing.assert_allclose(rows[:, 0], np.array(stamps[1:]) * 1e-9)
    np.testing.assert_allclose(rows[:, 1:4], np.outer(np.arange(1, 8) * STEP, [1, 0, 0]), atol=1e-5)
    np.testing.assert_allclose(rows[:, 4:], np.tile([0, 0, 0, 1], (7, 1)), atol=1e-5)


def test_a_moment_of_a_recording_becomes_a_cloud(tmp_path):
    image = picture(5, 64, 32)
    image[..., 0] //= 2  # colours that cannot change places
    write_recording(
        tmp_path / "drive",
        frames=8,
        rate=10,
        encoding="png",
        image_of=lambda index: image if index == 5 else image // 2,
    )
    write_depth_model(tmp_path / "depth.onnx")
    options = ["--second", 0.5, "--maximum-range", 20, "--model", tmp_path / "depth.onnx"]
    said = run("cloud_of_a_recording", tmp_path / "drive", *options, "--output", tmp_path / "cloud.ply")
    depth = luma_depth(image)
    near = depth <= 20
    assert 0 < near.sum() < near.size
    assert f"{near.sum()} points of the image at 0.5 s" in said
    header, _, data = (tmp_path / "cloud.ply").read_bytes().partition(b"end_header\n")
    assert f"element vertex {near.sum()}".encode() in header
    points = np.frombuffer(data, [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("colour", "u1", 3)])
    np.testing.assert_allclose(points["z"], depth[near], rtol=1e-5)
    columns = np.tile(np.arange(64), (32, 1))[near]
    np.testing.assert_allclose(points["x"] / points["z"] * 40 + 31.5, columns, atol=1e-3)
    np.testing.assert_array_equal(points["colour"], image[near])
