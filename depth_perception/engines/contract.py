"""What every engine checks: the graph against the model's description, and arrays against the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from depth_perception.engines.camera_graph import CAMERA, VIEW
from depth_perception.engines.engine import EngineError, TensorInfo
from depth_perception.model_file import ModelDescription
from depth_perception.model_outputs import OUTPUTS, outputs_of

TENSOR_NAMES = frozenset({"image", "images", CAMERA, VIEW, *OUTPUTS})
"""All inputs and outputs that models may have."""


def expected_inputs(model: ModelDescription) -> tuple[TensorInfo, ...]:
    """The inputs that a model of this description takes."""
    size, uint8 = (model.height, model.width, 3), np.dtype(np.uint8)
    if model.task == "depth" and not model.frames:
        return (TensorInfo("image", (1, *size), uint8),)
    return (TensorInfo("images", (len(model.frames), *size), uint8),)


def expected_outputs(model: ModelDescription) -> tuple[TensorInfo, ...]:
    """The outputs that a model of this description has: first what its task is, then what it says beside it."""
    return tuple(
        TensorInfo(output.name, output.shape_of(model), np.dtype(output.dtype)) for output in outputs_of(model)
    )


def check_graph(
    model: ModelDescription, inputs: tuple[TensorInfo, ...], outputs: tuple[TensorInfo, ...]
) -> tuple[TensorInfo, ...]:
    """Refuses a model whose tensors are not those of `depth_perception.model_file`'s contract, in any order.

    Returns: the outputs in the contract's order.

    Raises: `EngineError` naming what the graph has and the description does not mean, and the other way round.
    """
    for kind, expected, found in (
        ("input", expected_inputs(model), inputs),
        ("output", expected_outputs(model), outputs),
    ):
        if set(expected) != set(found):
            frames = f" with frames {', '.join(model.frames)}" if model.frames else ""
            missing, found_instead = set(expected) - set(found), set(found) - set(expected)
            raise EngineError(
                f"model '{model.name}': its description ({model.task} at {model.width}x{model.height}{frames}) means"
                f" {kind} {_listed(missing) or 'nothing else'}, its graph has {_listed(found_instead) or 'none of it'}:"
                " export it again"
            )
    return expected_outputs(model)


def check_inputs(expected: tuple[TensorInfo, ...], inputs: Mapping[str, npt.NDArray]) -> None:
    """Raises: `EngineError` naming the input that is missing, unknown, or of another shape or dtype."""
    names = [tensor.name for tensor in expected]
    if sorted(inputs) != sorted(names):
        raise EngineError(f"inputs {sorted(inputs)} given, the model takes {sorted(names)}")
    for tensor in expected:
        given = inputs[tensor.name]
        if given.shape != tensor.shape or given.dtype != tensor.dtype:
            raise EngineError(
                f"input '{tensor.name}' is {given.dtype} {given.shape}, the model takes {tensor.dtype} {tensor.shape}"
            )


def _listed(tensors: Iterable[TensorInfo]) -> str:
    return ", ".join(sorted(f"{tensor.name} {tensor.dtype} {tensor.shape}" for tensor in tensors))
