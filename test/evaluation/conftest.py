from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.models import write_depth_model, write_pose_model
from helpers.recordings import write_recording

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.replay import replay
from depth_perception.evaluation.result import Evaluation
from depth_perception.recordings.recording import Recording


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[..., Evaluation]:
    """Writes a recording with the options given and replays it with models that know it."""

    def run(*, metric: bool = True, odometry: bool = True, **options: object) -> Evaluation:
        write_recording(tmp_path / "drive", **{"encoding": "png", **options})  # type: ignore[arg-type]
        write_depth_model(tmp_path / "depth.onnx", metric=metric)
        write_pose_model(tmp_path / "pose.onnx", metric=metric)
        with Recording.open(tmp_path / "drive") as recording:
            pose = open_engine(tmp_path / "pose.onnx", "onnxruntime") if odometry else None
            return replay(recording, open_engine(tmp_path / "depth.onnx", "onnxruntime"), pose)

    return run
