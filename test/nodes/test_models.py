from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.models import write_depth_model

from depth_perception.nodes.models import open_model
from depth_perception.nodes.priority import STEP


def niceness() -> dict[str, int]:
    """Of each thread of this process."""
    found = {}
    for thread in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):  # it has just ended
            found[thread] = os.getpriority(os.PRIO_PROCESS, int(thread))
    return found


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_the_threads_of_an_engine_come_after_the_others_of_the_process(tmp_path: Path, backend: str) -> None:
    write_depth_model(tmp_path / "depth.onnx")
    values = {"model": str(tmp_path / "depth.onnx"), "backend": backend, "precision": "f32", "threads": 3}
    before = niceness()
    engine = open_model(values.get, "depth")
    after = niceness()
    engine.close()
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert all(after[thread] == before[thread] for thread in before.keys() & after.keys())
    started = after.keys() - before.keys()
    assert started
    assert {after[thread] for thread in started} == {own + STEP}
