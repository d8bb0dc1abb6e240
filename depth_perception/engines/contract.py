"""What every engine checks: the graph against the model's description, and arrays against the graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import EngineError, TensorInfo
from depth_perception.model_file import ModelDescription


def check_graph(model: ModelDescription, inputs: tuple[TensorInfo, ...], outputs: tuple[TensorInfo, ...]) -> None:
    """Refuses a model whose tensors are not those of `depth_perception.model_file`'s contract.

    Raises: `EngineError` naming the tensor, what the contract says and what the graph has.
    """
    size = (model.height, model.width)
    if model.task == "depth":
        expected = (("image", (1, *size, 3), "uint8"), ("depth", (1, *size), "float32"))
    else:
        frames = len(model.frames)
        expected = (("images", (frames, *size, 3), "uint8"), ("motion", (frames - 1, 4, 4), "float32"))
    for (name, shape, dtype), tensors in zip(expected, (inputs, outputs), strict=True):
        found = ", ".join(f"{tensor.name} {tensor.dtype} {tensor.shape}" for tensor in tensors)
        if tensors != (TensorInfo(name, shape, np.dtype(dtype)),):
            raise EngineError(
                f"model '{model.name}' has {found}, but its description ({model.task} at"
                f" {model.width}x{model.height}) means {name} {dtype} {shape}: export it again"
            )


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
