"""What a graph cannot do without is counted by hand; what the device reaches is a speed."""

import numpy as np
import pytest
from helpers.models import write_depth_model

from depth_perception.engines.roofline import Layer, Roofline, layers


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
