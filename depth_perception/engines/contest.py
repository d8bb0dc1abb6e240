"""Models timed against each other on the CPU backends: in one process, in turn, so that all meet the same machine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depth_perception.engines.backend import Backend, Options, Progress, Session
from depth_perception.engines.choose import BACKENDS
from depth_perception.engines.engine import EngineError, TensorInfo
from depth_perception.engines.free_view import of_size
from depth_perception.engines.parity import smooth_pictures
from depth_perception.model_file import ModelFileError, read_description


@dataclass(frozen=True)
class Entry:
    """One model on one backend: milliseconds of a run, as percentiles, and how many times the first entry's median."""

    model: str
    backend: str
    reduced: bool
    p50: float
    p95: float
    p99: float
    ratio: float


def contest(
    models: Sequence[str | Path], *, threads: int | None = None, rounds: int = 20, progress: Progress | None = None
) -> list[Entry]:
    """Times ONNX files, ours or anybody's, on every backend that has a CPU; the first of them on the first is 1.

    Raises: `EngineError` naming the file that cannot be read or run, or whose inputs have sizes that are not fixed;
        those of a free view are what its description says.
    """
    on_cpu = [backend for backend in BACKENDS.values() if "CPU" in backend.devices()]
    times: dict[tuple[str, str, bool], list[float]] = {}
    runs: dict[tuple[str, str, bool], tuple[Session, Mapping[str, npt.NDArray]]] = {}
    with ExitStack() as opened:
        for model in models:
            for backend in on_cpu:
                for reduced in (False, True):
                    session = _session(model, backend, Options(threads, reduced))
                    opened.callback(session.close)
                    if reduced and session.precision == "f32":
                        continue  # nothing that has fewer bits
                    key = (str(model), backend.name, reduced)
                    runs[key] = session, {tensor.name: _input(tensor, model) for tensor in session.inputs}
                    times[key] = []
        for index in range(rounds + 1):
            for key, (session, inputs) in runs.items():
                start = time.perf_counter()
                session.run(inputs)
                if index:  # the first run of any backend is much slower than the others
                    times[key].append((time.perf_counter() - start) * 1e3)
            if progress is not None and not progress("running", index, rounds):
                raise EngineError("the contest was ended")
    first = float(np.median(next(iter(times.values()))))
    return [Entry(*key, *_percentiles(taken), ratio=float(np.median(taken)) / first) for key, taken in times.items()]


def _percentiles(milliseconds: Sequence[float]) -> tuple[float, float, float]:
    p50, p95, p99 = np.percentile(milliseconds, (50, 95, 99)).round(3)
    return float(p50), float(p95), float(p99)


def _session(model: str | Path, backend: Backend, options: Options) -> Session:
    try:
        graph = Path(model).read_bytes()
        with suppress(ModelFileError):  # anybody's has no description
            graph = of_size(read_description(model), graph)
        return backend.session(graph, options)
    except OSError as error:
        raise EngineError(f"{model}: cannot be read ({error.strerror})") from None
    except Exception as error:  # those of the libraries share no base class but this one
        raise EngineError(f"{model}: {backend.title} cannot run it: {backend.reason(error)}") from None


def _input(tensor: TensorInfo, model: str | Path) -> npt.NDArray:
    if any(length < 0 for length in tensor.shape) or tensor.dtype not in (np.uint8, np.float32):
        raise EngineError(
            f"{model}: input '{tensor.name}' is {tensor.dtype} {tensor.shape}, expected uint8 or float32 of fixed sizes"
        )
    random = np.random.default_rng(0)
    if tensor.dtype == np.uint8 and len(tensor.shape) == 4:
        return smooth_pictures(random, tensor.shape)
    return random.random(tensor.shape).astype(tensor.dtype)
