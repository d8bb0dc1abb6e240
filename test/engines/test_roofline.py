"""What a graph cannot do without is counted by hand; what the device reaches is a speed."""

import numpy as np
import pytest
from helpers.models import write_depth_model

from depth_perception.engines import roofline
from depth_perception.engines.backend import Options
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.roofline import Layer, Roofline, layers, measured_roofline


def test_convolutions_and_products_are_counted(tmp_path):
    write_depth_model(tmp_path / "depth.onnx", width=64, height=32, work=2)
    pixels = 64 * 32
    found = layers((tmp_path / "depth.onnx").read_bytes(), {"image": np.zeros((1, 32, 64, 3), np.uint8)})
    assert sorted(found, key=lambda layer: layer.multiply_adds) == [
        Layer(3 * pixels, 4 * (3 * pixels + 3 + pixels)),  # colours to luma
        Layer(3 * 9 * 16 * pixels, 4 * (3 * pixels + 3 * 9 * 16 + 16 * pixels)),
        Layer(16 * 9 * 16 * pixels, 4 * (16 * pixels + 16 * 9 * 16 + 16 * pixels)),
    ]


def test_a_layer_takes_as_long_as_its_computing_or_its_memory():
    roofline = Roofline(operations=100.0, bandwidth=10.0)
    assert roofline.seconds([Layer(500, 20), Layer(50, 40)]) == pytest.approx(10.0 + 4.0)


def test_a_roofline_is_what_the_better_of_two_kinds_of_work_reaches(monkeypatch):
    """On some machines a library multiplies matrices at three quarters of the speed that it convolves at."""
    reached = {"MatMul": 3e9, "Conv": 4e9}
    monkeypatch.setattr(roofline, "_operations_a_second", lambda backend, options, kind, *shapes: reached[kind])
    assert measured_roofline(OnnxRuntime(), Options()).operations == 4e9
    reached["MatMul"] = 5e9
    assert measured_roofline(OnnxRuntime(), Options()).operations == 5e9


@pytest.mark.parametrize(("work", "operations"), [
    (("MatMul", (4, 8), (8, 8)), 2 * 2 * 4 * 8 * 8), (("Conv", (1, 8, 5, 7), (8, 8, 3, 3)), 2 * 2 * 8 * 5 * 7 * 8 * 9),
])  # fmt: skip
def test_two_layers_are_timed(monkeypatch, work, operations):
    """Of which each try takes a second, by this clock."""
    monkeypatch.setattr(roofline.time, "perf_counter", iter(range(100)).__next__)
    assert roofline._operations_a_second(OnnxRuntime(), Options(), *work) == operations
