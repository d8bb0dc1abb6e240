"""The evaluation in rooms: the one of street drives, in indoor metres and with NYU's classes."""

import json
from dataclasses import replace

import pytest
from helpers.models import red_classes, write_depth_model

from training.commands import evaluate
from training.data.label_sets import NYU40
from training.evaluation.benchmark import benchmarks
from training.evaluation.benchmarks.rooms import ROOMS


@pytest.fixture
def rooms(drive_of, monkeypatch):
    """Rooms of depth and classes that the model knows, in place of rendered ones; what was asked for."""
    asked = []

    def render(data):
        asked.append(data)
        walk = drive_of(model_says=5.0, frames=data.frames)
        walk.labels = red_classes(walk.images, 40)
        return [walk]

    monkeypatch.setitem(benchmarks(), "rooms", replace(ROOMS, render=render))
    return asked


def test_rooms_by_one_command(rooms, tmp_path):
    """The camera's focal length is a fifth of the model's, and so is depth."""
    write_depth_model(tmp_path / "x.onnx", width=128, height=64, focal_length=400.0, classes=NYU40.classes)
    words = ["--protocol", "rooms", "--depth", str(tmp_path / "x.onnx"), "--json", str(tmp_path / "x.json")]
    evaluate.main([*words, "--frames", "6", "--step", "3", "--cache", str(tmp_path)])
    report = json.loads((tmp_path / "x.json").read_text())
    asked = [(data.seeds, data.frames, data.cache) for data in rooms]
    judged = ((1000, 4), 6, str(tmp_path))
    assert asked == [judged, ((0, 12), 10, str(tmp_path)), judged]  # once more for the classes
    assert report["depth"]["images"] == report["semantics"]["images"] == 2
    assert report["depth"]["protocol"]["name"] == "rooms"
    assert report["depth"]["metric"]["abs_rel"] == pytest.approx(0.0, abs=1e-4)
    assert report["depth"]["metric"]["scale"] == 1.0
    assert set(report["depth"]["parts"]["distance"]) == {"up to 3 m", "beyond 3 m"}
    assert "bookshelf" in report["depth"]["parts"]["class"]
    assert report["semantics"]["miou"] == 1.0
    assert "nyu40" in report["semantics"]["protocol"]
