"""depth-perception benchmark, with a model that takes no time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.graph import ROOT
from helpers.models import write_depth_model


def benchmark(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "depth_perception.cli", "benchmark", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_it_tells_what_the_node_costs_and_counts_what_was_dropped(tmp_path: Path) -> None:
    write_depth_model(tmp_path / "slow.onnx", width=416, height=128, focal_length=240.0, work=12)
    size = ("--width", 416, "--height", 128)
    done = benchmark("--model", tmp_path / "slow.onnx", *size, "--frames", 15, "--overload-frames", 60)
    assert done.returncode == 0, done.stderr
    assert "depth_node with luma_depth on " in done.stdout
    runs = re.findall(r"(\d+) received, (\d+) processed, (\d+) dropped, (\d+) failed, (\d+) skipped", done.stdout)
    (leisurely, overload) = [tuple(map(int, run)) for run in runs]
    assert leisurely[0] == 15
    assert leisurely[1] + leisurely[4] >= 14
    received, processed, dropped, failed, skipped = overload
    assert received == processed + dropped + skipped
    assert failed == 0
    assert dropped > received / 3
    assert re.search(r"node cost: [\d.]+ ms .* of the engine's time", done.stdout)


def test_a_model_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = benchmark("--model", tmp_path / "none.onnx")
    assert done.returncode == 1
    assert "there is no such model file" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
