#!/usr/bin/env bash
# tensorrt-rtx-cu13 1.7.1.116 on a machine without GPU and driver: the builder makes a plan, for any GPU by default or for
# those that are named, twice the same to the byte; asked for ComputeCapability.CURRENT, build_serialized_network answers
# None, and get_engine_validity calls a good plan INVALID with diagnostics 0 (none). Where there is a GPU the script ends
# early, with 0. Exits with 1 if that has changed.
set -euo pipefail
if ldconfig -p | grep -q 'libcuda\.so\.1'; then
    echo "there is a driver here: nothing to see"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 onnx==1.19.1 tensorrt-rtx-cu13==1.7.1.116
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import tensorrt_rtx as trt
from onnx import TensorProto, helper, numpy_helper

graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "w"], ["y"])],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 14, 14])],
    [numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
log = trt.Logger(trt.Logger.INTERNAL_ERROR)


def plan(*targets):
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    assert parser.parse(model)
    config = builder.create_builder_config()
    if targets:
        config.num_compute_capabilities = len(targets)
        for index, target in enumerate(targets):
            assert config.set_compute_capability(target, index)
    built = builder.build_serialized_network(network, config)
    return None if built is None else bytes(built)


default, again = plan(), plan()
named = plan(trt.ComputeCapability.SM86, trt.ComputeCapability.SM89)
current = plan(trt.ComputeCapability.CURRENT)
validity = trt.Runtime(log).get_engine_validity(default)
print(f"tensorrt_rtx {trt.__version__}: by default {len(default)} bytes, for 8.6 and 8.9 {len(named)} bytes")
print(f"twice the same: {default == again}; for CURRENT: {current}; validity of the good plan: {validity}")
good = default == again and named and current is None and validity[0] == trt.EngineValidity.INVALID
sys.exit(0 if good else 1)
PYTHON
