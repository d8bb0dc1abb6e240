"""Models timed against each other, anybody's too."""

import json
import math

import numpy as np
import onnx
import pytest
from helpers.models import write_depth_model
from onnx import TensorProto, helper, numpy_helper

from depth_perception.cli.main import main
from depth_perception.engines.contest import contest
from depth_perception.engines.engine import EngineError


def write_peer(path, shape):
    """A file of somebody else: float32 input, no description."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["pixels", "two"], ["out"])],
        "peer",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array(2, np.float32), "two")],
    )
    onnx.save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))


@pytest.fixture
def files(tmp_path):
    write_depth_model(tmp_path / "light.onnx", width=416, height=128)
    write_depth_model(tmp_path / "heavy.onnx", width=416, height=128, work=8)
    return tmp_path / "light.onnx", tmp_path / "heavy.onnx"


def test_the_ratio_is_to_the_first(files):
    light, heavy = files
    entries = {(item.model, item.backend): item for item in contest([light, heavy], rounds=3) if not item.reduced}
    assert set(entries) >= {(str(light), "openvino"), (str(heavy), "onnxruntime")}
    first = next(iter(entries.values()))
    assert first.ratio == 1.0
    for item in entries.values():
        assert item.p50 <= item.p95 <= item.p99
        assert math.isclose(item.ratio, item.p50 / first.p50, rel_tol=0.01)
    assert entries[(str(heavy), "openvino")].p50 > entries[(str(light), "openvino")].p50


def test_the_command_takes_anybody_s_file_and_writes_json(files, tmp_path, capsys):
    write_peer(tmp_path / "peer.onnx", [1, 3, 64, 64])
    arguments = [
        "--model",
        str(files[0]),
        "--against",
        str(tmp_path / "peer.onnx"),
        "--json",
        str(tmp_path / "out.json"),
        "--threads",
        "1",
    ]
    assert main(["benchmark", *arguments]) == 0
    assert "peer.onnx" in capsys.readouterr().out
    said = json.loads((tmp_path / "out.json").read_text())
    assert {item["backend"] for item in said["entries"]} == {"openvino", "onnxruntime"}
    assert said["processor"]
    assert said["threads"] == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.write_bytes(b"no model"), "cannot run it"),
        (lambda path: write_peer(path, [1, 3, "height", 64]), "expected uint8 or float32 of fixed sizes"),
    ],
    ids=["missing", "no model", "free sizes"],
)
def test_what_cannot_be_timed_is_named(make, message, files, tmp_path):
    make(tmp_path / "peer.onnx")
    with pytest.raises(EngineError, match=f"peer.onnx: .*{message}") as refusal:
        contest([files[0], tmp_path / "peer.onnx"])
    assert "\n" not in str(refusal.value)
