"""Stored drives: what was rendered, complete or absent, never one of another configuration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from depth_perception.geometry.camera import Camera
from training.rendering.cache import ARRAYS, cached_drive, drive_name, load_drive
from training.rendering.errors import RenderingError
from training.street.drive import WORLD_VERSION, DriveConfig, render_drive

CONFIG = DriveConfig(
    seed=3,
    frames=3,
    rate=4.0,
    camera=Camera(104, 32, 60.0, 60.0, 51.5, 14.5, (-0.1, 0.01, 0.0, 0.0)),
    scene="town",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory, street_renderer):
    """A folder with the drive of `CONFIG` in it."""
    folder = tmp_path_factory.mktemp("drives")
    cached_drive(CONFIG, folder)
    return folder


def test_a_stored_drive_is_the_rendered_one(root):
    stored = cached_drive(CONFIG, root)
    frames = list(render_drive(CONFIG))
    assert len(stored) == len(frames) == 3
    assert stored.camera == CONFIG.camera
    for index, frame in enumerate(frames):
        assert np.array_equal(stored.images[index], frame.image)
        assert np.array_equal(stored.labels[index], frame.labels)
        assert np.array_equal(stored.poses[index], frame.pose)
        assert stored.stamps[index] == frame.stamp
        assert stored.speeds[index] == frame.speed
        sky = np.isinf(frame.depth)
        assert np.array_equal(np.isinf(stored.depth[index]), sky)
        assert stored.depth[index][~sky].astype(np.float64) == pytest.approx(frame.depth[~sky], rel=6e-4)


def test_a_stored_drive_is_mapped_and_not_rendered_again(root):
    before = {path: path.stat().st_mtime_ns for path in (root / drive_name(CONFIG)).iterdir()}
    stored = cached_drive(CONFIG, root)
    assert isinstance(stored.images, np.memmap)
    assert not stored.images.flags.writeable
    assert {path: path.stat().st_mtime_ns for path in (root / drive_name(CONFIG)).iterdir()} == before


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"frames": 4},
        {"rate": 5.0},
        {"camera_height": 1.61},
        {"camera_pitch": 0.01},
        {"camera_roll": 0.01},
        {"scene": "highway"},
        {"camera": replace(CONFIG.camera, fx=60.5)},
        {"camera": CONFIG.camera.rectified()},
    ],
)
def test_everything_that_changes_the_frames_changes_the_name(changes):
    assert drive_name(replace(CONFIG, **changes)) != drive_name(CONFIG)


def test_a_scene_that_is_named_and_one_that_the_seed_chooses_share_their_drive():
    assert CONFIG.seed % 3 == 0
    assert drive_name(replace(CONFIG, scene=None)) == drive_name(CONFIG)


def test_a_rendering_that_is_killed_leaves_nothing_to_mistake_for_a_drive(street_renderer, tmp_path):
    program = (
        "import sys;"
        "from depth_perception.geometry.camera import Camera; from training.rendering.cache import cached_drive;"
        "from training.street.drive import DriveConfig;"
        "cached_drive(DriveConfig(3, 3000, 500.0, Camera(104, 32, 60.0, 60.0, 51.5, 14.5)), sys.argv[1])"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env={**os.environ, "PYTHONPATH": "."})
    try:
        deadline = time.monotonic() + 60.0
        while not list(tmp_path.glob(".*/images.npy")):
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


def test_a_rendering_that_fails_cleans_up(street_renderer, tmp_path):
    folded = replace(CONFIG, camera=replace(CONFIG.camera, distortion=(-2.0, 0.0, 0.0, 0.0)))
    with pytest.raises(RenderingError, match="folds"):
        cached_drive(folded, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_drive_is_refused(root, tmp_path):
    with pytest.raises(RenderingError, match=r"is not a stored drive \(camera\.json is missing\)"):
        load_drive(tmp_path, WORLD_VERSION)
    source = root / drive_name(CONFIG)
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ARRAYS:
        (broken / f"{name}.npy").symlink_to(source / f"{name}.npy")
    description = json.loads((source / "camera.json").read_text())
    (broken / "camera.json").write_text(json.dumps({**description, "world": 0}))
    with pytest.raises(RenderingError, match="shows world 0"):
        load_drive(broken, WORLD_VERSION)
    (broken / "camera.json").write_text("{")
    with pytest.raises(RenderingError, match="cannot be read"):
        load_drive(broken, WORLD_VERSION)
    (broken / "camera.json").write_text(json.dumps(description))
    (broken / "depth.npy").unlink()
    with pytest.raises(RenderingError, match=r"depth\.npy is missing"):
        load_drive(broken, WORLD_VERSION)
