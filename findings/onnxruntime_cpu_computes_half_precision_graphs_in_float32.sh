#!/usr/bin/env bash
# onnxruntime 1.23.2 on a CPU: a graph whose convolutions, weights and values between them are all float16 answers as its
# float32 original does, rounded once at the end, to the last bit, also with all optimisations disabled: the casts it
# puts around each operator that has no float16 kernel cancel each other. Comparing the two on a CPU therefore measures
# nothing of what float16 costs on a GPU; with explicit Casts to float16 and back after each layer the rounding shows.
# Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 onnx==1.19.1 onnxruntime==1.23.2
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
# Weights that float16 holds exactly: only the values between the layers are rounded.
weights = [random.normal(0, 0.2, (8, 3 if k == 0 else 8, 3, 3)).astype(np.float16) for k in range(4)]
image = random.normal(0, 1, (1, 3, 16, 16)).astype(np.float16).astype(np.float32)


def graph(kind, rounded=False):
    """Four convolutions in float32 or float16, or in float32 with every value between them rounded to float16."""
    half = kind == TensorProto.FLOAT16
    dtype = np.float16 if half else np.float32
    nodes = [helper.make_node("Cast", ["x"], ["x0"], to=kind)]
    for k in range(4):
        nodes.append(helper.make_node("Conv", [f"x{k}", f"w{k}"], [f"y{k}"], pads=[1, 1, 1, 1]))
        if rounded:
            nodes.append(helper.make_node("Cast", [f"y{k}"], [f"z{k}"], to=TensorProto.FLOAT16))
            nodes.append(helper.make_node("Cast", [f"z{k}"], [f"x{k + 1}"], to=TensorProto.FLOAT))
        else:
            nodes.append(helper.make_node("Identity", [f"y{k}"], [f"x{k + 1}"]))
    nodes.append(helper.make_node("Cast", ["x4"], ["y"], to=TensorProto.FLOAT))
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 16, 16])],
            [numpy_helper.from_array(weight.astype(dtype), f"w{k}") for k, weight in enumerate(weights)],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, {"x": image})[0]


half, rounded = graph(TensorProto.FLOAT16), graph(TensorProto.FLOAT, rounded=True)
# The last value is a graph's value of type float16.
once = graph(TensorProto.FLOAT).astype(np.float16).astype(np.float32)
print(f"onnxruntime {onnxruntime.__version__}: largest differences to float32 that is rounded once, at the end")
print(f"of the float16 graph:                        {np.abs(half - once).max():.2e}")
print(f"of float32 with every value between rounded: {np.abs(rounded - once).max():.2e}")
sys.exit(0 if np.array_equal(half, once) and not np.array_equal(rounded, once) else 1)
PYTHON
