"""A recording as a benchmark: what the workshop says of it is what the robot's own evaluation says."""

from __future__ import annotations

import json

import pytest
from helpers.models import write_depth_model
from helpers.recordings import write_recording

from depth_perception.engines.choose import open_engine
from depth_perception.evaluation.depth_report import read_depth_reports
from depth_perception.evaluation.replay import replay
from depth_perception.evaluation.report import write_report
from depth_perception.recordings.recording import Recording
from training.commands.evaluate import main


def test_both_evaluations_agree_and_are_read_by_the_same_reader(tmp_path):
    write_recording(tmp_path / "bag", frames=6, depth="32FC1", depth_every=2, encoding="png")
    write_depth_model(tmp_path / "depth.onnx", width=1248, height=384, focal_length=500.0)
    words = ["--protocol", "recording", "--data", str(tmp_path / "bag"), "--cache", str(tmp_path / "cache")]
    main([*words, "--depth", str(tmp_path / "depth.onnx"), "--json", str(tmp_path / "workshop.json")])
    with Recording.open(tmp_path / "bag") as recording:
        path, _ = write_report(replay(recording, open_engine(tmp_path / "depth.onnx"), None), tmp_path / "robot")
    (ours,), (robots) = read_depth_reports(tmp_path / "workshop.json"), read_depth_reports(path)
    (theirs,) = robots
    assert theirs.model == json.loads(path.read_text())["models"][0]["name"]
    assert ours.images == theirs.images == 3
    assert ours.metric is not None
    assert theirs.metric is not None
    assert 0.01 < ours.metric.abs_rel == pytest.approx(theirs.metric.abs_rel, rel=1e-3)
    for name, part in theirs.parts["distance"].items():
        assert ours.parts["distance"][name].errors.abs_rel == pytest.approx(part.errors.abs_rel, rel=1e-3)
