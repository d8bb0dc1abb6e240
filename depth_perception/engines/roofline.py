"""How fast a device could run a graph at best, from what it was measured to reach: the roofline model, layer by layer.

Williams et al., Roofline: an insightful visual performance model for multicore architectures, CACM 2009.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from depth_perception.engines.backend import Backend, Options
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.variants import single_precision

SIZE, COPIED, TRIES = 1024, 1 << 26, 20
"""Rows of the matrices and bytes of the copy that are timed, and how often: the best counts."""
CHANNELS, PICTURE = 64, (96, 312)
"""Of the convolution that is timed, of 3x3."""


@dataclass(frozen=True)
class Layer:
    """What a convolution or a matrix product cannot do without.

    Attributes:
        multiply_adds: as they are counted in papers; two operations each.
        size: bytes of what it reads and writes, in float32.
    """

    multiply_adds: int
    size: int


@dataclass(frozen=True)
class Roofline:
    """What a device reaches.

    Attributes:
        operations: a second, in a product of large matrices or a large convolution, as the backend computes them.
        bandwidth: bytes a second, read or written, in copying memory.
    """

    operations: float
    bandwidth: float

    def seconds(self, layers: Sequence[Layer]) -> float:
        """That the layers take at least, if nothing else took any time."""
        return sum(max(2 * layer.multiply_adds / self.operations, layer.size / self.bandwidth) for layer in layers)


def layers(graph: bytes, inputs: Mapping[str, npt.NDArray]) -> list[Layer]:
    """The convolutions and matrix products of a graph, for inputs of these sizes."""
    model = single_precision(onnx.load_model_from_string(graph))
    weights = {item.name: tuple(item.dims) for item in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "MatMul")]
    wanted = {name for node in nodes for name in (*node.input[:2], node.output[0])} - set(weights)
    there = {tensor.name for tensor in (*model.graph.input, *model.graph.output)}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted - there))
    session = OnnxRuntime().session(model.SerializeToString(), Options())
    shapes = weights | {name: array.shape for name, array in {**session.run(inputs), **inputs}.items()}
    session.close()
    found = []
    for node in nodes:
        given, weight, answer = (shapes[name] for name in (*node.input[:2], node.output[0]))
        terms = math.prod(weight[1:]) if node.op_type == "Conv" else given[-1]
        size = 4 * sum(math.prod(shape) for shape in (given, weight, answer))
        found.append(Layer(math.prod(answer) * terms, size))
    return found


def measured_roofline(backend: Backend, options: Options) -> Roofline:
    """Of a backend on the device that it takes, and of this machine's memory."""
    source, target = (np.ones(COPIED // 8, np.float64) for _ in range(2))
    copies = []
    for _ in range(TRIES):
        start = time.perf_counter()
        np.copyto(target, source)
        copies.append(time.perf_counter() - start)
    # Libraries do one of them better here, the other one there.
    operations = max(_operations_a_second(backend, options, *work) for work in (_PRODUCT, _CONVOLUTION))
    return Roofline(operations, 2 * COPIED / min(copies))


_PRODUCT = ("MatMul", (SIZE, SIZE), (SIZE, SIZE))
_CONVOLUTION = ("Conv", (1, CHANNELS, *PICTURE), (CHANNELS, CHANNELS, 3, 3))


def _operations_a_second(
    backend: Backend, options: Options, kind: str, shape: tuple[int, ...], weights: tuple[int, ...]
) -> float:
    """That a backend reaches in two layers of a kind, one after the other."""
    random = np.random.default_rng(0)
    numbers = random.normal(0, math.prod(weights[1:]) ** -0.5, weights).astype(np.float32)
    how: dict[str, Any] = {"pads": [1, 1, 1, 1]} if kind == "Conv" else {}
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "w"], ["y"], **how), helper.make_node(kind, ["y", "w"], ["z"], **how)],
        "work",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(numbers, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = backend.session(model.SerializeToString(), options)
    inputs = {"x": random.normal(0, 1, shape).astype(np.float32)}
    took = []
    for _ in range(TRIES):
        start = time.perf_counter()
        session.run(inputs)
        took.append(time.perf_counter() - start)
    session.close()
    return 4 * math.prod(shape) * math.prod(weights[1:]) / min(took)
