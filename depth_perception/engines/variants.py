"""Models that compute in fewer bits, made of those that compute in float32: half precision, or 8-bit integers.

The types stand in the graph itself, so that one file serves OpenVINO, ONNX Runtime and TensorRT. What comes after the
last convolutions, disparity to depth, stays in float32: there a small disparity must not become none. Converter and
quantiser are ONNX Runtime's; integers are symmetric about zero, because TensorRT takes no others.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx

from depth_perception.engines import parity
from depth_perception.engines.backend import Options, Progress, Session
from depth_perception.engines.engine import EngineError
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.openvino_engine import OpenVino
from depth_perception.model_file import Reduction, read_description, write_model

Inputs = Mapping[str, npt.NDArray]
Types = Literal["f16", "int8"]

LARGEST_LOSS = 0.01
"""Mean relative difference to float32 that a model of fewer bits may have."""
PERCENTILE = 99.9
"""Of a layer's values that its range holds. Taken to the largest, a few outliers would leave the others few steps."""
SAMPLED = 20_000
"""Values of a layer that are looked at for its range, of each frame."""
SPREAD, RANKED_ON = 8, 2
"""Frames on which it is decided how many layers are quantised, and in which order."""


def write_variant(
    path: str | Path, types: Types, frames: Sequence[Inputs], target: Path, progress: Progress | None = None
) -> Reduction:
    """Writes the model at `path` in fewer bits to `target`, with what that costs in its description.

    Args:
        frames: inputs of the model, for the ranges of its layers and for the comparison.

    Raises: `EngineError` if it is reduced already, without frames, or if it loses more than `LARGEST_LOSS` on ONNX
    Runtime or OpenVINO.
    """
    description = read_description(path)
    if description.reduction is not None:
        raise EngineError(f"{path}: computes in {description.reduction.types} already: give the original")
    if not frames:
        raise EngineError(f"no frames to compare '{description.name}' on: give some images of the camera")
    original = onnx.load_model(str(path))
    plain = single_precision(original)
    model = half_typed(plain) if types == "f16" else quantised(plain, frames, progress)
    if progress is not None and not progress("comparing", 1, 1):
        raise EngineError("the work was cancelled")
    expected = _answers(plain, frames)
    loss = loss_of(model, frames, expected)
    if types == "f16":  # which a CPU computes in float32, whatever the graph says
        loss = max(loss, loss_of(_rounded_to_half(plain), frames, expected))
    if not loss <= LARGEST_LOSS:
        raise EngineError(
            f"'{description.name}' in {types} differs from float32 by {loss:.1%} in the mean, allowed are"
            f" {LARGEST_LOSS:.0%}: it is not written"
        )
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    reduction = Reduction(types, round(loss, 6), len(frames), digest)
    write_model(model, replace(description, reduction=reduction, bfloat16_loss=None), target)
    return reduction


def single_precision(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its weights in float32, where they were stored in half precision behind a Cast.

    Its nodes have names afterwards, each its own: converters go by them.
    """
    model = copy.deepcopy(model)
    stored = {item.name: item for item in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        half = stored.get(node.input[0]) if node.op_type == "Cast" else None
        if half is None or half.data_type != onnx.TensorProto.FLOAT16:
            nodes.append(node)
            continue
        values = onnx.numpy_helper.to_array(half).astype(np.float32)
        half.CopyFrom(onnx.numpy_helper.from_array(values, node.output[0]))
    for index, node in enumerate(nodes):
        node.name = node.name or f"node {index}"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def half_typed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in half precision, inputs, outputs and what follows the last convolutions excepted."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    converted = convert_float_to_float16(
        copy.deepcopy(model), keep_io_types=True, op_block_list=[], node_block_list=_outside(model)
    )
    assert isinstance(converted, onnx.ModelProto)
    _remove_round_trips(converted.graph)
    OnnxModel.graph_topological_sort(converted.graph)
    return converted


def _remove_round_trips(graph: onnx.GraphProto) -> None:
    """Between two nodes that stay in float32 the converter rounds to half precision and back: depth would lose bits."""
    rounded = {node.output[0]: node.input[0] for node in graph.node if _is_cast_to(node, onnx.TensorProto.FLOAT16)}
    for node in graph.node:
        if _is_cast_to(node, onnx.TensorProto.FLOAT) and node.input[0] in rounded:
            node.input[0] = rounded[node.input[0]]
            node.op_type = "Identity"
            del node.attribute[:]


def _is_cast_to(node: onnx.NodeProto, kind: int) -> bool:
    return node.op_type == "Cast" and any(item.name == "to" and item.i == kind for item in node.attribute)


def quantised(model: onnx.ModelProto, frames: Sequence[Inputs], progress: Progress | None = None) -> onnx.ModelProto:
    """The model with as many of its convolutions in 8-bit integers as `LARGEST_LOSS` allows.

    Convolutions are tried one by one on a few frames; those that cost most stay in float32, as many as it takes on
    the worse of the two CPU backends.
    """
    last, _ = _ends(model)
    names = [node.name for node in model.graph.node if node.op_type == "Conv" and node.name not in last]
    if not names:
        raise EngineError("there is no layer that could be quantised")
    with _quiet():
        ranges = _ranges(model, frames, progress)
        spread = np.linspace(0, len(frames) - 1, min(SPREAD, len(frames))).round().astype(int)
        probes = [frames[index] for index in spread]
        expected = _answers(model, probes)
        costs: dict[str, float] = {}
        for index, name in enumerate(names):
            alone = _with_integers(model, [name], ranges)
            costs[name] = _difference(_answers(alone, probes[:RANKED_ON]), expected[:RANKED_ON])
            if progress is not None and not progress("comparing layers", index + 1, len(names)):
                raise EngineError("quantising was cancelled")
        cheapest = sorted(names, key=lambda name: costs[name])
        # The more layers the more loss: half the interval each time. A fifth is left for the frames not looked at.
        fits, too_many = 0, len(cheapest) + 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if loss_of(_with_integers(model, cheapest[:middle], ranges), probes, expected) <= 0.8 * LARGEST_LOSS:
                fits = middle
            else:
                too_many = middle
        if not fits:
            raise EngineError("no layer can be quantised within the loss that is allowed")
        return _with_integers(model, cheapest[:fits], ranges)


def loss_of(model: onnx.ModelProto, frames: Sequence[Inputs], expected: Sequence[Inputs]) -> float:
    """Mean relative difference of a model's answers to those expected, on the worse of the two CPU backends."""
    backends = [backend for backend in (OnnxRuntime(), OpenVino()) if not backend.obstacle()]
    return max(_difference(_answers(model, frames, backend), expected) for backend in backends)


def bfloat16_loss(graph: bytes, frames: Callable[[], Sequence[Inputs]]) -> float | None:
    """Mean relative difference of a graph's answers in bfloat16 to those in float32.

    None where that cannot be known: on a CPU without such units, or without OpenVINO, which would use them.

    Args:
        frames: gives inputs of the model, if they are needed.
    """
    if OpenVino().obstacle():
        return None
    session = OpenVino().session(graph, Options(reduced=True))
    try:
        if session.precision != "bf16":
            return None
        inputs = frames()
        return _difference(_run(session, inputs), _run(OnnxRuntime().session(graph, Options()), inputs))
    finally:
        session.close()


def _difference(found: Sequence[Inputs], expected: Sequence[Inputs]) -> float:
    """The worst output's, in the mean over the frames."""
    return max(
        float(np.mean([parity.difference(one[name], other[name]) for one, other in zip(found, expected, strict=True)]))
        for name in expected[0]
    )


def _answers(model: onnx.ModelProto, frames: Sequence[Inputs], backend: Any = None) -> list[dict[str, npt.NDArray]]:
    session = (backend or OnnxRuntime()).session(model.SerializeToString(), Options())
    answers = _run(session, frames)
    session.close()
    return answers


def _run(session: Session, frames: Sequence[Inputs]) -> list[dict[str, npt.NDArray]]:
    return [{name: array.copy() for name, array in session.run(inputs).items()} for inputs in frames]


def _ends(model: onnx.ModelProto) -> tuple[set[str], list[onnx.NodeProto]]:
    """The names of the convolutions behind which there is no other, and the nodes behind those."""
    makers = {output: node for node in model.graph.node for output in node.output}
    last: set[str] = set()
    tail: dict[str, onnx.NodeProto] = {}
    open_ends = [tensor.name for tensor in model.graph.output]
    while open_ends:
        node = makers.get(open_ends.pop())
        if node is None or node.name in tail:
            continue
        if node.op_type == "Conv":
            last.add(node.name)
        else:
            tail[node.name] = node
            open_ends.extend(node.input)
    return last, list(tail.values())


def _outside(model: onnx.ModelProto) -> list[str]:
    """The names of the nodes before the first convolutions, where numbers reach 255, and behind the last."""
    _, tail = _ends(model)
    outside = [node.name for node in tail]
    reached = {tensor.name for tensor in model.graph.input}
    for node in model.graph.node:
        if node.op_type != "Conv" and reached & set(node.input):
            reached.update(node.output)
            outside.append(node.name)
    return outside


def _rounded_to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in float32, with what `half_typed` has in half precision rounded to it after every layer."""
    model = copy.deepcopy(model)
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    floats = {item.name for item in values if item.type.tensor_type.elem_type == onnx.TensorProto.FLOAT}
    outside, nodes = set(_outside(model)), []
    for node in model.graph.node:
        nodes.append(node)
        for index, output in enumerate(node.output):
            if node.name in outside or output not in floats:
                continue
            node.output[index] = f"{output}.exact"
            half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
            nodes.append(onnx.helper.make_node("Cast", [f"{output}.exact"], [f"{output}.half"], to=half))
            nodes.append(onnx.helper.make_node("Cast", [f"{output}.half"], [output], to=single))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _ranges(model: onnx.ModelProto, frames: Sequence[Inputs], progress: Progress | None = None) -> Any:
    """The range of each value that convolutions take or give: `PERCENTILE` of what a share of its pixels has.

    ONNX Runtime's own way to this percentile keeps all values of all frames: gigabytes.
    """
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import TensorData, TensorsData, create_calibrator

    random = np.random.default_rng(0)
    seen: dict[str, list[npt.NDArray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save_model(model, str(path))
        augmented = str(Path(folder) / "augmented.onnx")
        calibrator = create_calibrator(path, ["Conv"], augmented, CalibrationMethod.Percentile)
        names = [output.name for output in calibrator.infer_session.get_outputs()]
        for index, inputs in enumerate(frames):
            for name, values in zip(names, calibrator.infer_session.run(None, dict(inputs)), strict=True):
                if name in calibrator.tensors_to_calibrate:
                    seen.setdefault(name, []).append(np.abs(random.choice(values.ravel(), SAMPLED)))
            if progress is not None and not progress("finding ranges", index + 1, len(frames)):
                raise EngineError("quantising was cancelled")
    largest = {name: np.percentile(values, PERCENTILE).astype(np.float32) for name, values in seen.items()}
    return TensorsData(
        CalibrationMethod.Percentile,
        {name: TensorData(lowest=-limit, highest=limit) for name, limit in largest.items()},
    )


def _with_integers(model: onnx.ModelProto, chosen: Collection[str], ranges: Any) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    quantizer = QDQQuantizer(
        copy.deepcopy(model),
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QInt8,
        tensors_range=ranges,
        nodes_to_quantize=list(chosen),
        nodes_to_exclude=[],
        op_types_to_quantize=["Conv"],
        extra_options={"ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False},
    )
    quantizer.quantize_model()
    result = quantizer.model.model
    assert isinstance(result, onnx.ModelProto)
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser advises, once a call, a step that changes nothing here."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
