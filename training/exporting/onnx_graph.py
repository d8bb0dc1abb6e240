"""From a torch model to an ONNX graph that answers as torch does.

Weights are stored in half precision and computed with in single; what every backend answers is compared with torch.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from depth_perception.engines.backend import Options
from depth_perception.engines.choose import BACKENDS
from depth_perception.engines.free_view import best_view, of_size
from depth_perception.engines.parity import smooth_pictures
from depth_perception.model_file import ModelDescription
from depth_perception.model_outputs import OUTPUTS
from training.errors import TrainingError
from training.models import Model

OPSET = 18


def onnx_graph(model: Model, description: ModelDescription, half: bool = True, samples: int = 3) -> onnx.ModelProto:
    """The graph of a model, after all backends that are here have answered as torch does.

    It is for images of the size that is described, or of any if its view is free.

    Args:
        model: its normalisations are folded and, with `half`, its weights are rounded in place, so that torch and the
            graph hold the same numbers and the comparison is of the graphs alone.
        description: of the model.
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
    count, free = max(1, len(model.frames)), description.free_view
    inputs = [smooth_pictures(rng, (count, description.height, description.width, 3)) for _ in range(samples)]
    proto = _traced(model, torch.from_numpy(inputs[0]), free.multiple if free else None)
    if half:
        store_half(proto)
    onnx.checker.check_model(proto)
    _compare(model, proto, inputs, description)
    if free is not None:
        width, height = best_view(description, 4 / 3)
        upright = replace(description, width=width, height=height)
        _compare(model, proto, [smooth_pictures(rng, (count, height, width, 3))], upright)
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


def _traced(model: Model, example: Tensor, multiple: int | None) -> onnx.ModelProto:
    """Height and width are free multiples of `multiple`, or those of the example if that is None."""
    sizes = None
    if multiple is not None:
        # What is exactly one multiple long would be taken for fixed, and what is square for one length.
        example = torch.zeros((len(example), 2 * multiple, 3 * multiple, 3), dtype=example.dtype)
        height, width = (multiple * torch.export.Dim(name, min=1) for name in ("rows", "columns"))
        sizes = ({1: height, 2: width},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            model,
            (example,),
            input_names=[model.input_name],
            output_names=list(model.answers),
            opset_version=OPSET,
            dynamic_shapes=sizes,
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


def _compare(
    model: Model, proto: onnx.ModelProto, inputs: Sequence[npt.NDArray[np.uint8]], description: ModelDescription
) -> None:
    """With every backend that runs on a CPU here: a robot takes the fastest, which is not the reference."""
    graph = of_size(description, proto.SerializeToString())
    with torch.no_grad():
        expected = [[answer.numpy() for answer in model(torch.from_numpy(images))] for images in inputs]
    for backend in BACKENDS.values():
        if "CPU" not in backend.devices():
            continue
        try:
            session = backend.session(graph, Options())
        except Exception as error:  # those of the libraries share no base class but this one
            raise TrainingError(f"{backend.title} cannot run the model: {backend.reason(error)}: not written") from None
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
