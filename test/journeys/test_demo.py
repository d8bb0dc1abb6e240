"""The whole demo: a recording as ROS topics into three real nodes, to a report; and broken off, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.graph import DEADLINE
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import STEP, write_recording
from helpers.steady import steadily

from depth_perception.geometry.pose import pose_from

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytestmark = [pytest.mark.ros, pytest.mark.alone]

ROOT = Path(__file__).resolve().parents[2]
MARK = "DEPTH_PERCEPTION_TEST"


@pytest.fixture
def demo(tmp_path):
    """Starts the demo on a small recording; what it starts carries a mark in its environment."""
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    started: list[subprocess.Popen[str]] = []

    def start(*more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "depth_perception.cli", "demo", "--bag", str(tmp_path / "drive")]
        command += ["--depth-model", str(tmp_path / "depth.onnx"), "--pose-model", str(tmp_path / "pose.onnx")]
        command += ["--output", str(tmp_path / "out"), *more]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, MARK: str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def marked(folder: Path) -> list[int]:
    """Processes whose environment carries the mark of this test."""
    found = []
    for item in Path("/proc").iterdir():
        if item.name.isdigit():
            try:
                if f"{MARK}={folder}".encode() in (item / "environ").read_bytes():
                    found.append(int(item.name))
            except OSError:
                continue
    return found


def wait_until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass(frozen=True)
class Played:
    """A demo that went well: its report, and what it printed."""

    report: dict[str, Any]
    output: str
    errors: str

    def __str__(self) -> str:
        """What may differ from run to run."""
        return " ".join(str(self.report[name]) for name in ("topics", "nodes", "timings"))

    @property
    def messages(self) -> dict[str, int]:
        return {name: topic["messages"] for name, topic in self.report["topics"].items()}


def played(process: subprocess.Popen[str], folder: Path) -> Played:
    """The demo, to its end. A machine that stalls may cost images; but nothing comes out that did not go in."""
    output, errors = process.communicate(timeout=3 * DEADLINE)
    assert process.returncode == 0, errors
    result = Played(json.loads((folder / "out" / "report.json").read_text()), output, errors)
    counts, nodes = result.messages, result.report["nodes"]
    assert set(nodes) == {"depth_node", "odometry_node", "point_cloud_node"}
    for node in nodes.values():
        assert node["processed"] + node["dropped"] + node["failed"] <= node["received"]
    assert 0 < counts.get("/depth/image_rect", counts.get("/depth/relative", 0)) <= nodes["depth_node"]["processed"]
    assert counts.get("/depth/points", 0) <= nodes["point_cloud_node"]["processed"]
    assert counts["/odom"] < nodes["odometry_node"]["processed"]  # it begins with the second image
    return result


def test_a_recording_becomes_a_report(demo, tmp_path):
    """With models of which only the options know metres."""
    write_recording(tmp_path / "drive", frames=15, rate=2.5, encoding="png", metres_per_unit=0.5)  # slow: busy machines
    write_depth_model(tmp_path / "depth.onnx", metric=False)
    write_pose_model(tmp_path / "pose.onnx", metric=False, motion=pose_from(np.eye(3), [0.0, 0.0, STEP / 4]))
    options = ["--scale-source", "constant", "--scale", "0.5"]
    options += ["--odometry-scale-source", "constant", "--odometry-scale", "4"]
    # every image became depth, a cloud and, from the second on, odometry
    everything = {"/depth/image_rect": 15, "/depth/camera_info": 15, "/depth/points": 15, "/odom": 14}

    def is_good(result: Played) -> bool:
        return (
            result.messages == everything
            and result.report["topics"]["/depth/image_rect"]["rate"] == pytest.approx(2.5, rel=0.1)
            and not any(node["dropped"] for node in result.report["nodes"].values())
            and result.report["timings"]["image to depth"]["p99"] < 5
        )

    result = steadily(lambda: played(demo(*options), tmp_path), is_good)
    report = result.report
    # and what came over the wire is what the models know of the recording
    assert report["depth"]["images"] == 15
    assert report["depth"]["metric"]["abs_rel"] < 1e-3
    assert report["trajectory"]["alignments"]["origin"]["ate_rmse"] < 1e-4
    latency = report["timings"]["image to depth"]
    assert 0 < latency["p50"] <= latency["p99"]
    assert (tmp_path / "out" / "report.html").stat().st_size > 50_000

    assert "AbsRel" in result.output
    assert str(tmp_path / "out" / "report.html") in result.output
    assert "15/15" in result.errors
    assert marked(tmp_path) == []


def test_a_recording_without_ground_truth_raw_and_in_sqlite(demo, tmp_path):
    write_recording(
        tmp_path / "drive",
        frames=12,
        rate=20,
        encoding="rgb8",
        storage="sqlite3",
        depth=None,
        odometry=False,
        static_transform=False,
        image_topic="/front/left/image",
    )
    report = steadily(
        lambda: played(demo("--rate", "2", "--separate"), tmp_path),
        lambda result: result.messages["/depth/image_rect"] >= 6,
    ).report
    assert report["depth"] is None
    assert report["trajectory"]["alignments"] == {}
    assert "Played at 2 times the recorded speed." in report["notes"]
    stamps = np.array([frame["stamp"] for frame in report["frames"]])
    assert (np.diff(stamps) % 50_000_000 == 0).all()  # the recording's own, not those of the play


def test_models_without_metres_are_judged_up_to_a_scale(demo, tmp_path):
    write_recording(tmp_path / "drive", frames=8, rate=2.5, encoding="png")
    write_depth_model(tmp_path / "depth.onnx", metric=False)
    write_pose_model(tmp_path / "pose.onnx", metric=False)
    report = steadily(lambda: played(demo(), tmp_path), lambda result: result.messages["/depth/relative"] == 8).report
    assert not report["depth_is_metric"]
    assert report["depth"]["metric"] is None
    assert report["depth"]["median_scaled"]["abs_rel"] < 1e-3
    assert list(report["trajectory"]["alignments"]) == ["scale", "sim3"]


def test_a_node_that_cannot_run_stops_the_demo_with_its_reason(demo, tmp_path):
    write_recording(tmp_path / "drive", frames=3)
    process = demo("--backend", "abacus")
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    last = errors.splitlines()[-1]
    assert last.startswith("depth-perception: ")
    assert "_node" in last
    assert "abacus" in last
    assert "Traceback" not in errors
    assert marked(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_while_it_plays_it_leaves_nothing_behind(demo, tmp_path, number):
    write_recording(tmp_path / "drive", frames=600)
    process = demo()
    wait_until(lambda: len(marked(tmp_path)) == 3)  # demo, nodes, player
    time.sleep(1.0)
    process.send_signal(number)
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "depth-perception: interrupted"
    assert marked(tmp_path) == []
