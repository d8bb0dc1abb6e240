"""depth-perception benchmark, with a model that takes no time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.graph import ROOT
from helpers.models import write_depth_model
from helpers.steady import steadily

pytestmark = pytest.mark.alone

NAMES = ("lost", "received", "processed", "dropped", "failed", "skipped")


def benchmark(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "depth_perception.cli", "benchmark", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)


def check_stages(result: dict[str, Any]) -> None:
    """Of a model of twelve convolutions, which nearly all of the time goes to."""
    stages = {name: took["p50"] for name, took in result["stages"]["stages"].items()}
    assert list(stages) == ["message in", "rectify", "engine", "finish", "message out", "cloud"]
    assert all(seconds > 0 for seconds in stages.values())
    assert max(stages, key=stages.__getitem__) == "engine"
    pixels = 416 * 128
    assert result["stages"]["multiply_adds"] == pixels * (3 + 9 * 16 * (3 + 11 * 16))
    roofline = result["stages"]["roofline"]
    assert roofline["share"] == pytest.approx(roofline["seconds"] / stages["engine"])
    assert result["paced"]["engine"]["count"] > 0


@pytest.mark.slow
def test_it_tells_what_the_node_costs_and_counts_what_was_dropped(tmp_path: Path) -> None:
    write_depth_model(tmp_path / "slow.onnx", width=416, height=128, focal_length=240.0, work=12)
    size = ("--width", 416, "--height", 128)

    def run() -> list[dict[str, int]]:
        done = benchmark(
            "--model",
            tmp_path / "slow.onnx",
            *size,
            "--frames",
            15,
            "--overload-frames",
            60,
            "--json",
            tmp_path / "b.json",
        )
        assert done.returncode == 0, done.stderr
        assert "depth_node with luma_depth on " in done.stdout
        assert re.search(r"node cost: [\d.]+ ms .* of the engine's time", done.stdout)
        check_stages(json.loads((tmp_path / "b.json").read_text()))
        lines = re.findall(", ".join(rf"(\d+) {name}" for name in NAMES), done.stdout)
        runs = [dict(zip(NAMES, map(int, line), strict=True)) for line in lines]
        for counts, sent in zip(runs, (15, 60), strict=True):
            assert counts["received"] == counts["processed"] + counts["dropped"]
            assert counts["skipped"] == 0  # there is a listener from the first image on
            assert counts["received"] + counts["lost"] <= sent
            assert counts["failed"] == 0
            assert counts["processed"] > 0
        return runs

    def is_good(runs: list[dict[str, int]]) -> bool:
        leisurely, overload = runs
        return (
            leisurely["received"] == 15 and leisurely["dropped"] <= 1 and overload["dropped"] > overload["received"] / 3
        )

    steadily(run, is_good)


def test_a_model_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = benchmark("--model", tmp_path / "none.onnx")
    assert done.returncode == 1
    assert "there is no such model file" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
