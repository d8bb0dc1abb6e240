"""No command looks for another machine, and none leaves anything in the user's home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import write_recording

ROOT = Path(__file__).resolve().parents[2]
TRACED = """
import os, sys

def trace(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")) and event != "socket.__new__":
        os.write(2, f"NETWORK {event} {arguments}\\n".encode())

sys.addaudithook(trace)
from depth_perception.cli.main import main
status = main(sys.argv[1:])
here = {line.split()[6] for line in open("/proc/self/net/unix")}  # unix sockets reach this machine alone
for number in os.listdir("/proc/self/fd"):
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        continue
    if target.startswith("socket:") and target[8:-1] not in here:
        os.write(2, f"NETWORK still open {target}\\n".encode())
sys.exit(status)
"""


@pytest.mark.parametrize(
    ("command", "backend"), [("evaluate", "openvino"), ("evaluate", "onnxruntime"), ("view", "onnxruntime")]
)
def test_evaluating_a_recording_needs_no_network(tmp_path: Path, command: str, backend: str) -> None:
    if command == "view":
        pytest.importorskip("rerun", reason="rerun-sdk is not installed")
    home = tmp_path / "home"
    home.mkdir()
    write_recording(tmp_path / "drive", frames=3)
    write_depth_model(tmp_path / "depth.onnx")
    write_pose_model(tmp_path / "pose.onnx")
    what = ["--bag", str(tmp_path / "drive")] if command == "evaluate" else [str(tmp_path / "drive")]
    what += ["--backend", backend, "--output", str(tmp_path / "out" / "drive.rrd")]
    what += ["--depth-model", str(tmp_path / "depth.onnx"), "--pose-model", str(tmp_path / "pose.onnx")]
    hidden = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "JENKINS_URL", "XDG_CACHE_HOME")  # where OpenVINO's telemetry is off
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path / "matplotlib")}
    done = subprocess.run(
        [sys.executable, "-c", TRACED, command, *what], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    assert {path.name for path in home.iterdir()} <= {".cache"}


def test_nothing_else_imports_what_would_call_home():
    """So the nodes, training and the examples do as little of it as the command above."""
    places = [path for folder in ("depth_perception", "training", "examples") for path in (ROOT / folder).rglob("*.py")]
    found = [path.name for path in places if re.search(r"^\s*(import|from) openvino", path.read_text(), re.MULTILINE)]
    assert found == ["openvino_engine.py"]
