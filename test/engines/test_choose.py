"""Which backend runs a model, where several could."""

import sys
from dataclasses import dataclass

import pytest
from helpers.models import write_depth_model

from depth_perception.engines.choose import BACKENDS, choose, open_engine
from depth_perception.engines.engine import EngineError


@dataclass
class Installed:
    """A backend that is nothing but where it can run."""

    name: str
    places: tuple[str, ...]
    title: str = "Some Library"
    install: str = "pip install some-library"

    def devices(self):
        return self.places

    def obstacle(self):
        return "" if self.places else f"{self.title} is not installed: {self.install}"


def table(**places):
    return {name: Installed(name, where) for name, where in places.items()}


@pytest.mark.parametrize(
    ("backends", "chosen"),
    [
        (table(first=("CPU",), second=("CPU",)), "first"),
        (table(first=(), second=("CPU",)), "second"),
        (table(first=("CPU",), second=("GPU", "CPU")), "second"),
        (table(first=("CPU",), second=(), third=("GPU",)), "third"),
        (table(first=("GPU",), second=("GPU", "CPU")), "first"),
    ],
    ids=["both", "one", "gpu", "gpu alone", "two gpus"],
)
def test_a_gpu_comes_before_a_cpu_and_the_first_before_the_second(backends, chosen):
    assert choose("auto", backends)[0].name == chosen


def test_on_a_cpu_openvino_comes_before_onnx_runtime(tmp_path):
    """As measured: docs/performance.md."""
    write_depth_model(tmp_path / "depth.onnx")
    assert open_engine(tmp_path / "depth.onnx").description.backend == "openvino"
    names = list(BACKENDS)
    assert names.index("openvino") < names.index("onnxruntime")


def test_on_a_gpu_tensorrt_comes_before_onnx_runtime(monkeypatch):
    monkeypatch.setattr(type(BACKENDS["tensorrt"]), "devices", lambda self: ("GPU",))
    monkeypatch.setattr(type(BACKENDS["onnxruntime"]), "devices", lambda self: ("GPU", "CPU"))
    assert [backend.name for backend in choose()] == ["tensorrt", "onnxruntime", "openvino"]


def test_what_is_not_installed_is_not_chosen(tmp_path, monkeypatch):
    path = tmp_path / "depth.onnx"
    write_depth_model(path)
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert open_engine(path).description.backend == "onnxruntime"
    with pytest.raises(EngineError, match="OpenVINO is not installed: pip install openvino"):
        open_engine(path, "openvino")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match="pip install onnxruntime"):
        open_engine(path, "onnxruntime")
    with pytest.raises(EngineError, match="no inference backend is installed"):
        open_engine(path)


def test_a_name_that_nothing_has_is_refused_with_those_there_are():
    with pytest.raises(EngineError, match="backend is 'third', expected 'auto', 'first' or 'second'"):
        choose("third", table(first=("CPU",), second=("CPU",)))
