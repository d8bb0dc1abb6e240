"""How processes end when they are told to, at any time, and what they leave behind: nothing."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.graph import DEADLINE, SHARED_MEMORY, Graph, Process
from helpers.recordings import write_recording

from depth_perception.rig.shared_memory import sweep_shared_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and /dev/shm")


def shared_memory(graph: Graph, process: Process) -> set[Path]:
    """Its segments, once it has any."""
    return set(graph.until(process.shared_memory, "shared memory"))


@pytest.mark.parametrize("module", ["benchmark_camera", "player"])
def test_a_camera_that_is_terminated_takes_its_shared_memory_along(graph: Graph, tmp_path: Path, module: str) -> None:
    """As it is when the command that started it is killed."""
    write_recording(tmp_path / "drive", frames=3)
    size = ["--width", "128", "--height", "64", "--rate", "10", "--frames", "3"]
    arguments = {
        "benchmark_camera": size,
        "player": [str(tmp_path / "drive"), "/camera/image_raw/compressed", "/camera/camera_info"],
    }[module]
    with graph.run(["-m", f"depth_perception.rig.{module}", *arguments], profile=SHARED_MEMORY) as process:
        graph.until(lambda: module in graph.node.get_node_names(), "the camera")
        segments = shared_memory(graph, process)
        process.terminate()
    assert not {path for path in segments if path.exists()}
    assert "Traceback" not in process.output


@pytest.mark.parametrize("end", [Process.terminate, Process.stop], ids=["terminated", "interrupted"])
def test_a_node_that_is_ended_while_it_starts_ends_in_order(
    graph: Graph, models: Path, end: Callable[[Process], int]
) -> None:
    with graph.node_process("depth_node", model=models / "depth.onnx", profile=SHARED_MEMORY) as process:
        graph.until(lambda: "depth_node" in graph.node.get_node_names(), "depth_node")
        segments = shared_memory(graph, process)
        code = end(process)
    assert (code, "Traceback" in process.output) == (0, False), process.output
    assert not {path for path in segments if path.exists()}


def test_what_a_killed_node_leaves_is_swept_and_what_a_living_one_has_is_not(graph: Graph, models: Path) -> None:
    model = models / "depth.onnx"
    with (
        graph.node_process("depth_node", model=model, profile=SHARED_MEMORY) as killed,
        graph.node_process("depth_node", name="other", model=model, profile=SHARED_MEMORY) as living,
    ):
        kept = shared_memory(graph, living)
        left = shared_memory(graph, killed)
        killed.signal(signal.SIGKILL)
        killed.wait(DEADLINE)
        graph.spin(1.5)  # those that may be in the making are spared
        assert all(path.exists() for path in left)
        sweep_shared_memory()
        assert not {path for path in left if path.exists()}
        assert all(path.exists() for path in kept)
    assert not list(Path("/dev/shm").glob(f"{left.pop().name}*"))
