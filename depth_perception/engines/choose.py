"""Opens a model with the backend asked for, or with the fastest that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from depth_perception.engines.engine import Engine, EngineError
from depth_perception.engines.openvino_engine import Precision

BACKENDS = ("openvino", "onnxruntime")
"""Fastest first, on a CPU."""


def open_engine(
    path: str | Path, backend: str = "auto", *, threads: int | None = None, precision: Precision = "f32"
) -> Engine:
    """The model at `path`, ready to run.

    Args:
        backend: ``auto``, or one of `BACKENDS`.
        threads: CPU threads for one run; None leaves the number to the backend.
        precision: ``f32``, or ``auto`` for the fastest a backend has (see `OpenVinoEngine`; ONNX Runtime: float32).

    Raises: `ModelFileError` for a file that is no model of ours, `EngineError` if the backend is unknown, is not
    installed, or cannot run the model.
    """
    if threads is not None and threads < 1:
        raise EngineError(f"{threads} threads asked for, expected at least 1")
    if precision not in ("f32", "auto"):
        raise EngineError(f"precision is '{precision}', expected 'f32' or 'auto'")
    if backend == "auto":
        backend = _fastest()
    if backend == "openvino":
        from depth_perception.engines.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(path, threads=threads, precision=precision)
    if backend == "onnxruntime":
        from depth_perception.engines.onnxruntime_engine import OnnxRuntimeEngine

        return OnnxRuntimeEngine(path, threads=threads)
    raise EngineError(f"backend is '{backend}', expected 'auto', {' or '.join(map(repr, BACKENDS))}")


def _fastest() -> str:
    if find_spec("onnxruntime") is not None:
        import onnxruntime

        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            return "onnxruntime"
    for backend in BACKENDS:
        if find_spec(backend) is not None:
            return backend
    raise EngineError("no inference backend is installed: pip install openvino, or onnxruntime")
