"""The model a node runs: which file, with which backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from depth_perception.engines.choose import BACKENDS, open_engine
from depth_perception.engines.engine import Engine
from depth_perception.model_file import read_description
from depth_perception.nodes.parameters import Parameter
from depth_perception.resources import share_path


def model_parameters(default: str) -> tuple[Parameter, ...]:
    """The parameters that say which model to run, and how."""
    return (
        Parameter(
            "model", default, "Model file (.onnx); a relative path that is not there is one of the package's own models"
        ),
        Parameter(
            "backend", "auto", "What runs the model; auto is the fastest that is installed", choices=("auto", *BACKENDS)
        ),
        Parameter(
            "precision",
            "f32",
            "f32, or auto: whatever the backend is fastest in (bfloat16 where the CPU has it)",
            choices=("f32", "auto"),
        ),
        Parameter(
            "threads", 0, "CPU threads the model may use; 0 leaves the number to the backend", minimum=0, maximum=256
        ),
    )


def open_model(value: Callable[[str], Any], task: Literal["depth", "pose"]) -> Engine:
    """The engine of `model_parameters`, warmed up: the first run of any backend is much slower than the others.

    Args:
        value: The value of a parameter by its name.

    Raises: `DepthPerceptionError` if the model is missing, corrupt or for another task, or cannot be run.
    """
    path = Path(value("model"))
    if not path.is_absolute() and not path.exists() and path.parts[:1] != ("..",):
        path = share_path(str(path))
    read_description(path, task)
    engine = open_engine(path, value("backend"), threads=value("threads") or None, precision=value("precision"))
    nothing = {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in engine.inputs}
    engine.run(nothing)
    if len(engine.outputs) > 1:
        engine.run(nothing, {engine.outputs[0].name})
    return engine


def engine_summary(engine: Engine) -> str:
    """What runs with what, in a few words."""
    details = engine_details(engine)
    return f"{details['model']} on {details['backend']} ({details['precision']}, {details['device']})"


def engine_details(engine: Engine) -> dict[str, str]:
    """What /diagnostics says about the engine."""
    what = engine.description
    return {
        "backend": f"{what.backend} {what.version}",
        "precision": what.precision,
        "device": what.device,
        "model": engine.model.name,
    }
