"""The model a node runs: which file, with which backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from depth_perception.engines.choose import BACKENDS
from depth_perception.engines.engine import Engine
from depth_perception.engines.settings import EngineSettings, model_file
from depth_perception.estimators.scale import ScaleEstimate
from depth_perception.node_status import NodeStatus
from depth_perception.nodes.priority import stepped_back
from depth_perception.resources import model_path
from depth_perception.settings import Setting


def model_parameters(default: str) -> tuple[Setting, ...]:
    """The parameters that say which model to run, and how."""
    backend, *others = EngineSettings.table()
    return (model_file(default), replace(backend, choices=("auto", *BACKENDS)), *others)


def open_model(value: Callable[[str], Any], task: Literal["depth", "pose"]) -> Engine:
    """The engine of `model_parameters`, warmed up: the first run of any backend is much slower than the others. The
    threads that it starts have stepped back.

    Args:
        value: The value of a parameter by its name.

    Raises: `DepthPerceptionError` if the model is missing, corrupt or for another task, or cannot be run.
    """
    settings = EngineSettings(**{item.name: value(item.name) for item in EngineSettings.table()})
    path = model_path(value("model"))
    return stepped_back(lambda: _warm(settings.open(path, task, wait=False)))


def _warm(engine: Engine) -> Engine:
    nothing = {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in engine.inputs}
    engine.run(nothing)
    if len(engine.outputs) > 1:
        engine.run(nothing, {engine.outputs[0].name})
    return engine


def engine_summary(engine: Engine) -> str:
    """What runs with what, in a few words."""
    what = engine.description
    return f"{engine.model.name} on {what.backend} {what.version} ({what.precision}, {what.device})"


def with_engine(status: NodeStatus, engine: Engine) -> NodeStatus:
    """The status, with what runs the node's model."""
    what = engine.description
    return replace(
        status,
        backend=f"{what.backend} {what.version}",
        precision=what.precision,
        device=what.device,
        model=engine.model.name,
        engine_note=what.note or None,
    )


def with_scale(status: NodeStatus, scale: ScaleEstimate | None) -> NodeStatus:
    """The status, with the scale, once there is one."""
    if scale is None:
        return status
    return replace(status, scale=scale.value, scale_sigma=scale.sigma, scale_source=scale.source)
