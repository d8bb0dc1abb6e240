"""What was measured on this machine decides what runs, as far as a user leaves it open."""

import json
from typing import Any

import numpy as np
import pytest
from helpers.models import redescribe, write_depth_model

from depth_perception.engines import measured
from depth_perception.engines.build import measure_ways
from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.measured import Measurement, Way, fastest, measure, remember, thread_counts
from depth_perception.engines.onnxruntime_engine import OnnxRuntime

ORT, OPENVINO, LOSSY = Way("onnxruntime", "f32", 1), Way("openvino", "f32", 2), Way("openvino", "bf16", 2)
IMAGE = {"image": np.random.default_rng(0).integers(0, 256, (1, 32, 64, 3), np.uint8)}


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_depth_model(tmp_path / "depth.onnx")
    return tmp_path / "depth.onnx"


@pytest.fixture
def record(model):
    found = [Measurement(LOSSY, 1.0, 0.02), Measurement(ORT, 2.0, 0.0), Measurement(OPENVINO, 3.0, 0.0)]
    return remember(model, BACKENDS, found)


def test_auto_is_what_was_fastest_here(model, record):
    assert open_engine(model).description.backend == "onnxruntime"
    assert open_engine(model, "openvino").description.backend == "openvino"


@pytest.mark.parametrize(
    ("wanted", "loss", "way"),
    [
        (Way("auto", "auto", None), 0.1, LOSSY),
        (Way("auto", "auto", None), 0.01, ORT),
        (Way("auto", "f32", None), 0.1, ORT),
        (Way("openvino", "f32", None), 0.1, OPENVINO),
        (Way("auto", "f32", 2), 0.1, OPENVINO),
        (Way("onnxruntime", "auto", 4), 0.1, None),
    ],
    ids=str,
)
def test_it_is_the_fastest_of_what_is_asked_for_that_loses_little(model, record, wanted, loss, way):
    best = fastest(model, BACKENDS, wanted, loss)
    assert (best and best.way) == way


def test_another_model_or_machine_was_not_measured(model, record, tmp_path, monkeypatch):
    write_depth_model(tmp_path / "other.onnx", focal_length=41.0)
    assert fastest(tmp_path / "other.onnx", BACKENDS, ORT, 1.0) is None
    monkeypatch.setattr(measured, "processor", lambda: "another one")
    assert fastest(model, BACKENDS, ORT, 1.0) is None


class Asked(OnnxRuntime):
    """Notes whether it may compute in fewer bits."""

    def session(self, graph, options):
        self.reduced = options.reduced
        return super().session(graph, options)


@pytest.mark.parametrize(("loss", "precision", "reduced"), [
    (None, "auto", False), (0.004, "auto", True), (0.01, "auto", True), (0.0101, "auto", False), (0.004, "f32", False),
])  # fmt: skip
def test_what_was_not_measured_is_in_bfloat16_if_the_file_says_that_it_loses_little(model, loss, precision, reduced):
    redescribe(model, model, bfloat16_loss=loss)
    asked = Asked()
    open_engine(model, precision=precision, backends={"onnxruntime": asked}).close()
    assert asked.reduced is reduced


def test_the_loss_is_said_where_the_cpu_has_bfloat16(model):
    redescribe(model, model, bfloat16_loss=0.0042)
    said = open_engine(model, "openvino", precision="auto").description
    assert said.precision == open_engine(model, "openvino", precision="bf16").description.precision
    assert said.note == ("bfloat16, 0.42% from float32 in the mean" if said.precision == "bf16" else "")


@pytest.mark.parametrize("content", ["", "[", "{}", '[{"way": {"speed": 3}}]'])
def test_a_record_that_cannot_be_read_is_none(model, record, content):
    record.write_text(content)
    assert fastest(model, BACKENDS, Way("auto", "auto", None), 1.0) is None
    assert open_engine(model).description.backend == "openvino"


def test_every_way_is_measured_and_kept(model):
    found = measure_ways(model, [IMAGE])
    assert {(item.way.backend, item.way.precision) for item in found} >= {("openvino", "f32"), ("onnxruntime", "f32")}
    assert {item.way.threads for item in found} == {None, *thread_counts()}
    assert [item.milliseconds for item in found] == sorted(item.milliseconds for item in found)
    assert all(item.milliseconds > 0 and item.loss < 1e-4 for item in found if item.way.precision == "f32")
    best = fastest(model, BACKENDS, Way("auto", "f32", None), 1.0)
    assert best == next(item for item in found if item.way.precision == "f32")


class Answer:
    """An engine that answers one number."""

    def __init__(self, number):
        self.number = number

    def run(self, inputs, outputs=None):
        return {"depth": np.full((1, 2, 2), self.number, np.float32)}


def test_loss_is_the_mean_relative_difference_to_the_first():
    engines: dict[Way, Any] = {ORT: Answer(2.0), OPENVINO: Answer(2.1)}
    found = measure(engines, [IMAGE])
    assert {item.way: round(item.loss, 6) for item in found} == {ORT: 0.0, OPENVINO: 0.05}


def test_the_record_can_be_read_by_people(record):
    assert json.loads(record.read_text())[0] == {
        "way": {"backend": "openvino", "precision": "bf16", "threads": 2},
        "milliseconds": 1.0,
        "loss": 0.02,
    }
