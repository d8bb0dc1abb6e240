"""From a torch model to an ONNX graph that answers as torch does.

Weights are stored in half precision and computed with in single; what every backend answers is compared with torch.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from depth_perception.engines.backend import Options
from depth_perception.engines.choose import BACKENDS
from depth_perception.model_outputs import OUTPUTS
from training.errors import TrainingError
from training.models import Model

OPSET = 18


def onnx_graph(model: Model, height: int, width: int, half: bool = True, samples: int = 3) -> onnx.ModelProto:
    """The graph of a model for images of one size, after all backends that are here have answered as torch does.

    Args:
        model: its normalisations are folded and, with `half`, its weights are rounded in place, so that torch and the
            graph hold the same numbers and the comparison is of the graphs alone.
        half: stores weights in half precision, at half the size.
        samples: random inputs to compare with.

    Raises: `TrainingError` if an answer differs by more than its tolerance in `depth_perception.model_outputs`.
    """
    model = fold_batch_norm(model.eval()).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    if half:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(parameter.half().float())
    rng = np.random.default_rng(0)
    shape = (max(1, len(model.frames)), height, width, 3)
    inputs = [_random_images(rng, shape) for _ in range(samples)]
    proto = _traced(model, torch.from_numpy(inputs[0]))
    if half:
        store_half(proto)
    onnx.checker.check_model(proto)
    _compare(model, proto, inputs)
    return proto


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Folds each BatchNorm2d, in place, into the convolution that was registered just before it."""
    for parent in list(model.modules()):
        previous: tuple[str, nn.Module] | None = None
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d) and previous is not None and isinstance(previous[1], nn.Conv2d):
                setattr(parent, previous[0], fuse_conv_bn_eval(previous[1], child))
                setattr(parent, name, nn.Identity())
            previous = (name, child)
    return model


def store_half(model: onnx.ModelProto, smallest: int = 256) -> None:
    """Turns float32 constants that half precision holds exactly into float16 with a Cast before their use.

    Args:
        smallest: number of values from which it is worth it.
    """
    graph = model.graph
    casts = []
    for initialiser in graph.initializer:
        if initialiser.data_type != onnx.TensorProto.FLOAT:
            continue
        values = onnx.numpy_helper.to_array(initialiser)
        halves = values.astype(np.float16)
        if values.size < smallest or not np.array_equal(halves.astype(np.float32), values):
            continue
        name = initialiser.name
        initialiser.CopyFrom(onnx.numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _traced(model: Model, example: Tensor) -> onnx.ModelProto:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            model,
            (example,),
            input_names=[model.input_name],
            output_names=list(model.answers),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    opset = {entry.domain: entry.version for entry in proto.opset_import}.get("")
    if opset != OPSET:
        raise TrainingError(
            f"the exporter wrote opset {opset}, expected {OPSET}: another version of torch may be needed"
        )
    for node in proto.graph.node:  # names of source files on this machine, stack traces
        del node.metadata_props[:]
    del proto.graph.value_info[:]
    return proto


def _compare(model: Model, proto: onnx.ModelProto, inputs: Sequence[npt.NDArray[np.uint8]]) -> None:
    """With every backend that runs on a CPU here: a robot takes the fastest, which is not the reference."""
    graph = proto.SerializeToString()
    with torch.no_grad():
        expected = [[answer.numpy() for answer in model(torch.from_numpy(images))] for images in inputs]
    for backend in BACKENDS.values():
        if "CPU" not in backend.devices():
            continue
        session = backend.session(graph, Options())
        try:
            for images, answers in zip(inputs, expected, strict=True):
                given = session.run({model.input_name: images})
                for name, answer in zip(model.answers, answers, strict=True):
                    compare_answers(name, given[name], answer, backend.title)
        finally:
            session.close()


def compare_answers(name: str, given: npt.NDArray, expected: npt.NDArray, engine: str = "the engine") -> None:
    """Raises: `TrainingError` if what an engine gives is not what torch expects, to the tolerance of that output."""
    if given.shape != expected.shape or given.dtype != expected.dtype or not np.all(np.isfinite(given)):
        raise TrainingError(
            f"exported model answers {name} in {engine} as {given.dtype} {given.shape}, or with values that are not"
            f" finite, torch {expected.dtype} {expected.shape}: not written"
        )
    allowed = OUTPUTS[name].tolerance
    if expected.dtype == np.uint8:
        difference = (given != expected).astype(np.float32)
    else:
        size = np.abs(expected)
        difference = np.abs(given - expected) / (size.max(-1, keepdims=True) if allowed.of_row else size)
    if difference.mean() > allowed.mean or difference.max() > allowed.largest:
        raise TrainingError(
            f"exported model differs from torch in {name} in {engine} by {difference.mean():.1e} on average and"
            f" {difference.max():.1e} at most (relative), allowed are {allowed.mean} and {allowed.largest}: not written"
        )


def _random_images(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Smooth random colours with noise on them: closer to what networks see than noise alone."""
    frames, height, width, _ = shape
    images = []
    for _ in range(frames):
        coarse = rng.integers(0, 256, (6, 18, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        images.append(np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8))
    return np.stack(images)
