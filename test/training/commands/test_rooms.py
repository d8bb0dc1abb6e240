"""``python -m training rooms`` as a user runs it."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np

from training.commands.rooms import sheet


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "rooms", *arguments], capture_output=True, text=True, timeout=300
    )


def test_sheets_from_another_process_are_those_of_the_same_seed_here(walks, tmp_path):
    seed, frames = next(iter(walks.items()))
    done = _run(str(tmp_path), "--seeds", str(seed), "1", "--frames", "8", "--every", "4", "--size", "104", "78")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"room-{seed:04d}-{i:04d}.png" for i in (0, 4)]
    for index in (0, 4):
        stored = cv2.imread(str(tmp_path / f"room-{seed:04d}-{index:04d}.png"))
        assert stored is not None
        assert stored.shape == (78, 312, 3)
        assert np.array_equal(stored[..., ::-1], sheet(frames[index]))


def test_a_known_error_is_one_line(run, tmp_path):
    done = run("rooms", str(tmp_path), "--seeds", "-3", "1")
    assert done.returncode == 1
    assert done.stderr.startswith("error: a room of seed -3")
    assert len(done.stderr.splitlines()) == 1
