"""Opens a model with the backend asked for, or with the fastest that is here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from depth_perception.engines.backend import Backend, Device, Options, Precision
from depth_perception.engines.engine import Engine, EngineError
from depth_perception.engines.model_engine import ModelEngine
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.openvino_engine import OpenVino

BACKENDS: Mapping[str, Backend] = {backend.name: backend for backend in (OpenVino(), OnnxRuntime())}
"""By name, on each kind of device the fastest first."""


def open_engine(
    path: str | Path, backend: str = "auto", *, threads: int | None = None, precision: Precision = "f32"
) -> Engine:
    """The model at `path`, ready to run.

    Args:
        backend: ``auto``, or one of `BACKENDS`.
        threads, precision: see `depth_perception.engines.backend.Options`.

    Raises: `ModelFileError` for a file that is no model of ours, `EngineError` if the backend is unknown, is not
    installed, or cannot run the model.
    """
    if threads is not None and threads < 1:
        raise EngineError(f"{threads} threads asked for, expected at least 1")
    if precision not in get_args(Precision):
        raise EngineError(f"precision is '{precision}', expected {' or '.join(map(repr, get_args(Precision)))}")
    return ModelEngine(path, choose(backend), Options(threads, precision))


def choose(name: str = "auto", backends: Mapping[str, Backend] = BACKENDS) -> Backend:
    """The backend of this name; ``auto`` is the first that has a GPU, else the first that is here.

    Raises: `EngineError` if it is unknown or not installed, or if none is.
    """
    if name == "auto":
        kinds: tuple[Device, ...] = get_args(Device)
        for kind in kinds:
            for backend in backends.values():
                if kind in backend.devices():
                    return backend
        raise EngineError(
            f"no inference backend is installed: {', or '.join(backend.install for backend in backends.values())}"
        )
    if name not in backends:
        raise EngineError(f"backend is '{name}', expected 'auto', {' or '.join(map(repr, backends))}")
    if not backends[name].devices():
        raise EngineError(f"{backends[name].title} is not installed: {backends[name].install}")
    return backends[name]
