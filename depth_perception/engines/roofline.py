"""How fast a device could run a graph at best, from what it was measured to reach: the roofline model, layer by layer.

Williams et al., Roofline: an insightful visual performance model for multicore architectures, CACM 2009.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from depth_perception.engines.backend import Backend, Options
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.variants import single_precision

SIZE, COPIED, TRIES = 1024, 1 << 26, 7
"""Rows of the matrices and bytes of the copy that are timed, and how often: the best counts."""


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
        operations: a second, in a product of large matrices that the backend computes.
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
    random = np.random.default_rng(0)
    weights = random.normal(0, SIZE**-0.5, (SIZE, SIZE)).astype(np.float32)
    shape = [SIZE, SIZE]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("MatMul", ["y", "w"], ["z"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = backend.session(model.SerializeToString(), options)
    source, target = (np.ones(COPIED // 8, np.float64) for _ in range(2))
    products, copies = [], []
    for _ in range(TRIES):
        start = time.perf_counter()
        session.run({"x": weights})
        middle = time.perf_counter()
        np.copyto(target, source)
        products.append(middle - start)
        copies.append(time.perf_counter() - middle)
    session.close()
    return Roofline(4 * SIZE**3 / min(products), 2 * COPIED / min(copies))
