#!/usr/bin/env bash
# openvino 2026.4.1, compile_model(path) with CACHE_DIR: the cache knows a file by its path and time, not by its content.
# A file that was exchanged for another one and has the old time (cp -p, rsync -t, tar, a build that pins times) is
# answered by the network that was there before, and LOADED_FROM_CACHE says True. read_model first, then compile_model:
# the key is the content. Exits with 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.2.6 onnx==1.19.1 openvino==2026.4.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os
import sys

import numpy as np
import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper


def write(factor):
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(np.array([factor], np.float32), "factor")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save_model(model, "model.onnx")
    os.utime("model.onnx", (1000000000, 1000000000))


def answers(read_first):
    core = openvino.Core()
    core.set_property({"CACHE_DIR": "by content" if read_first else "by path"})
    compiled = core.compile_model(core.read_model("model.onnx") if read_first else "model.onnx", "CPU")
    return float(compiled(np.ones(1, np.float32))[0][0]), bool(compiled.get_property("LOADED_FROM_CACHE"))


write(2.0)
first = [answers(read_first) for read_first in (False, True)]
write(3.0)
second = [answers(read_first) for read_first in (False, True)]
print(f"openvino {openvino.__version__}")
print(f"model of 2: by path {first[0]}, by content {first[1]}")
print(f"model of 3 in its place: by path {second[0]}, by content {second[1]}  (answer, loaded from the cache)")
sys.exit(0 if second[0] == (2.0, True) and second[1] == (3.0, False) else 1)
PYTHON
