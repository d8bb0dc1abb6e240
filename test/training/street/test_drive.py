"""Drives: the truth they tell agrees with their own pictures."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest

from depth_perception.geometry.camera import Camera
from depth_perception.geometry.pose import inverse, transform, vector_from_rotation
from training.street import labels
from training.street.drive import DriveConfig, render_drive
from training.street.errors import StreetError

KNOWN = set(labels.COLOURS)
TINY = Camera(width=104, height=32, fx=60.0, fy=60.0, cx=51.5, cy=14.5)


def test_frames_are_what_they_say(drive):
    config, frames = drive
    assert len(frames) == config.frames
    for index, frame in enumerate(frames):
        shape = (config.camera.height, config.camera.width)
        assert (frame.image.shape, frame.image.dtype) == ((*shape, 3), np.uint8)
        assert (frame.depth.shape, frame.depth.dtype) == (shape, np.float32)
        assert (frame.labels.shape, frame.labels.dtype) == (shape, np.uint8)
        assert frame.stamp == pytest.approx(index / config.rate)
        assert set(np.unique(frame.labels)) <= KNOWN
        assert np.array_equal(np.isinf(frame.depth), frame.labels == labels.SKY)
        assert frame.depth.min() > 0.3
        assert not np.isnan(frame.depth).any()
        assert frame.image.std() > 15.0


def test_there_is_a_road_below_a_sky_and_something_beside_it(drive):
    config, frames = drive
    for frame in frames:
        below = frame.labels[-20:, config.camera.width // 3 : -config.camera.width // 3]
        assert np.mean(below == labels.ROAD) > 0.6
        assert 0.02 < np.mean(frame.labels == labels.SKY) < 0.7
        assert len(np.unique(frame.labels)) >= 5
        assert not np.any(frame.labels[: config.camera.height // 4] == labels.ROAD)


def test_the_road_lies_under_the_wheels(drive):
    """A pixel of the road just ahead, taken into base_link by depth and mount, is on the ground."""
    config, frames = drive
    for frame in frames:
        points = config.camera.rays() * np.where(np.isfinite(frame.depth), frame.depth, 0.0)[..., None]
        near = (frame.labels == labels.ROAD) & (frame.depth < 8.0)
        assert near.sum() > 300
        ground = transform(config.camera_in_base, points[near].astype(np.float64))
        assert np.abs(np.median(ground[:, 2])) < 0.05
        assert np.all(ground[:, 0] > 1.0)


def test_depth_and_poses_carry_one_picture_into_the_next(drive):
    config, frames = drive
    camera = config.camera
    movable = (labels.CAR, labels.TRUCK, labels.SKY)
    for before, after in pairwise(frames[2:]):
        motion = inverse(after.pose) @ before.pose
        points = camera.rays() * np.where(np.isfinite(before.depth), before.depth, 1e3)[..., None]
        moved = transform(motion, points.astype(np.float64))
        u = (camera.fx * moved[..., 0] / moved[..., 2] + camera.cx).astype(np.float32)
        v = (camera.fy * moved[..., 1] / moved[..., 2] + camera.cy).astype(np.float32)
        warped = cv2.remap(after.image, u, v, cv2.INTER_LINEAR).astype(int)
        seen = cv2.remap(after.depth, u, v, cv2.INTER_NEAREST)
        static = (u > 0) & (u < camera.width - 1) & (v > 0) & (v < camera.height - 1) & ~np.isin(before.labels, movable)
        static &= np.abs(seen - moved[..., 2]) < 0.05 * moved[..., 2]
        assert static.mean() > 0.25
        error = np.abs(warped - before.image).mean(axis=-1)[static]
        still = np.abs(after.image.astype(int) - before.image).mean(axis=-1)[static]
        assert np.median(error) < 4.0
        assert error.mean() < 0.6 * still.mean()


def test_it_moves_like_a_vehicle(drive):
    config, frames = drive
    slowest, fastest = (2.5, 16.0) if config.kind == "town" else (14.0, 33.0)
    for before, after in pairwise(frames):
        base = config.camera_in_base
        motion = base @ inverse(before.pose) @ after.pose @ inverse(base)
        travelled = float(np.linalg.norm(motion[:3, 3]))
        assert slowest < before.speed < fastest
        assert travelled * config.rate == pytest.approx(0.5 * (before.speed + after.speed), rel=0.03)
        assert motion[0, 3] > 0.98 * travelled  # forward, not sideways
        assert np.linalg.norm(vector_from_rotation(motion[:3, :3])) < 0.06
        assert abs(after.speed - before.speed) * config.rate < 4.0


@pytest.mark.parametrize("scene", ["town", "highway"])
def test_equal_seeds_give_equal_bytes_in_another_process(street_renderer, scene):
    program = (
        "import hashlib, sys; from depth_perception.geometry.camera import Camera;"
        "from training.street.drive import DriveConfig, render_drive;"
        f"config = DriveConfig(seed=7, frames=2, rate=2.0, camera={TINY!r}, scene={scene!r});"
        "[print(hashlib.sha256(b''.join(a.tobytes() for a in (f.image, f.depth, f.labels, f.pose))).hexdigest())"
        " for f in render_drive(config)]"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300).stdout
        for _ in range(2)
    ]
    assert len(runs[0].split()) == 2
    assert runs[0] == runs[1]


def test_another_seed_gives_another_world(street_renderer):
    first, second = (
        next(iter(render_drive(DriveConfig(seed=seed, frames=1, camera=TINY, scene="town")))) for seed in (7, 8)
    )
    assert np.mean(first.labels != second.labels) > 0.02


def test_the_mount_is_where_the_configuration_puts_it():
    """Pitch down lowers the far end of the optical axis; roll lowers what is on the right."""
    mount = DriveConfig(seed=0, frames=1, camera_height=1.4, camera_pitch=0.1, camera_roll=0.05).camera_in_base
    assert mount[:3, 3] == pytest.approx([0.0, 0.0, 1.4])
    ahead = transform(mount, np.array([0.0, 0.0, 10.0]))
    assert ahead[2] == pytest.approx(1.4 - 10.0 * np.sin(0.1))
    right = transform(mount, np.array([1.0, 0.0, 0.0]))
    assert right[1] < -0.99
    assert right[2] < 1.4 - 0.045


def test_seeds_choose_the_scene_when_nobody_does():
    kinds = [DriveConfig(seed=seed, frames=1).kind for seed in range(30)]
    assert 5 <= kinds.count("highway") <= 15
    assert DriveConfig(seed=0, frames=1, scene="highway").kind == "highway"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed of at least 0"),
        ({"frames": 0}, "at least one frame"),
        ({"rate": 0.0}, "rate above 0"),
        ({"scene": "village"}, "no scene 'village': expected one of town, highway"),
        ({"camera_height": 0.0}, "expected 0.3 to 5 m"),
        ({"camera_pitch": 1.0}, "within 0.5 rad"),
    ],
)
def test_a_drive_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(StreetError, match=message):
        DriveConfig(**{"seed": 0, "frames": 1, **changes})
