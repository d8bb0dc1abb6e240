"""Opens a model with the backend asked for, or with the fastest that is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from depth_perception.engines import measured
from depth_perception.engines.backend import Backend, Device, Options, Precision, Progress
from depth_perception.engines.camera_graph import Sampling
from depth_perception.engines.engine import Engine, EngineError
from depth_perception.engines.free_view import of_size
from depth_perception.engines.measured import Way
from depth_perception.engines.model_engine import ModelEngine
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.openvino_engine import OpenVino
from depth_perception.engines.tensorrt_engine import TensorRt
from depth_perception.engines.upgrading_engine import Replaceable, Size, UpgradingEngine
from depth_perception.engines.variant_files import VARIANTS, find_variant, has_variant
from depth_perception.engines.variants import LARGEST_LOSS
from depth_perception.model_file import read_description

BACKENDS: Mapping[str, Backend] = {backend.name: backend for backend in (TensorRt(), OpenVino(), OnnxRuntime())}
"""By name, on each kind of device the fastest first."""


def open_engine(
    path: str | Path,
    backend: str = "auto",
    *,
    threads: int | None = None,
    precision: Precision = "f32",
    wait: bool = True,
    backends: Mapping[str, Backend] = BACKENDS,
) -> Engine:
    """The model at `path`, ready to run.

    Args:
        backend: ``auto``, or one of `backends`. What ``auto`` takes first and cannot run the model makes way for the
            next; the engine's description says so.
        threads: CPU threads for one run; None leaves the number to what was measured here, else to the backend.
        precision: ``f32`` computes what every backend computes, ``bf16`` in bfloat16 or TF32 where the device has it,
            ``f16`` and ``int8`` the variant that ``depth-perception build`` made; ``auto`` whatever is fastest of these
            and differs by no more than `LARGEST_LOSS`, on a CPU as far as that was measured here, else ``bf16`` if the
            file says that it differs by no more, else ``f32``.
        wait: False runs the model on the next best as long as the best one takes minutes to be built.

    Raises: `ModelFileError` for a file that is no model of ours, `EngineError` if the backend is unknown, is not
    installed, or cannot run the model, or if there is no such variant of it.
    """
    if threads is not None and threads < 1:
        raise EngineError(f"{threads} threads asked for, expected at least 1")
    if precision not in get_args(Precision):
        raise EngineError(f"precision is '{precision}', expected {' or '.join(map(repr, get_args(Precision)))}")
    candidates = choose(backend, backends)
    note = ""
    if "GPU" not in candidates[0].devices() and Path(path).is_file():
        best = measured.fastest(path, backends, Way(backend, precision, threads), LARGEST_LOSS)
        if best is not None:
            way = best.way
            if precision == "auto" and way.precision != "f32":
                note = f"{way.precision} because it was measured here to be fastest, {best.loss:.2%} from float32"
            candidates = sorted(candidates, key=lambda item: item.name != way.backend)
            precision, threads = way.precision, way.threads
        elif precision == "auto":
            precision = _unmeasured(path)
    file, reduced = _file_and_freedom(path, precision)
    return _open_first(file, candidates, Options(threads, reduced), wait, note)


def choose(name: str = "auto", backends: Mapping[str, Backend] = BACKENDS) -> Sequence[Backend]:
    """The backend of this name; ``auto`` are all that can run here, those that have a GPU first.

    Raises: `EngineError` if it is unknown or cannot run here, or if none can.
    """
    if name == "auto":
        kinds: tuple[Device, ...] = get_args(Device)
        here = {item.name: item for kind in kinds for item in backends.values() if kind in item.devices()}
        if not here:
            installs = ", or ".join(backend.install for backend in backends.values())
            raise EngineError(f"no inference backend is installed: {installs}")
        return tuple(here.values())
    if name not in backends:
        raise EngineError(f"backend is '{name}', expected 'auto', {' or '.join(map(repr, backends))}")
    if obstacle := backends[name].obstacle():
        raise EngineError(obstacle)
    return (backends[name],)


def _unmeasured(path: str | Path) -> Precision:
    """What ``auto`` computes in on a CPU where nobody measured it: in bfloat16, for which CPUs without such units take
    float32, if the file says that it loses little so. What a variant would gain here is not known."""
    loss = read_description(path).bfloat16_loss
    return "bf16" if loss is not None and loss <= LARGEST_LOSS else "f32"


def _file_and_freedom(path: str | Path, precision: Precision) -> tuple[str | Path, bool]:
    """The file to run, and whether its float32 may be computed in fewer bits: ``auto`` is what plans are built for."""
    if precision == "auto" and Path(path).is_file():
        precision = next((types for types in VARIANTS if has_variant(path, types)), "f32")
    if precision in VARIANTS:
        return find_variant(path, precision), False
    return path, precision == "bf16"


def _open_first(
    path: str | Path, candidates: Sequence[Backend], options: Options, wait: bool, note: str = ""
) -> Replaceable:
    """On the first of the candidates that can run it; `note` is what became of those before."""
    best, *others = candidates
    if others and not wait and not best.is_quick(of_size(read_description(path), Path(path).read_bytes()), options):

        def make(size: Size, sampling: Sampling | None, progress: Progress) -> ModelEngine:
            return ModelEngine(path, best, replace(options, progress=progress), size=size, sampling=sampling)

        return UpgradingEngine(_open_first(path, others, options, wait, note), make, best.title)
    try:
        return ModelEngine(path, best, options, note)
    except EngineError as error:
        if not others:
            raise
        return _open_first(path, others, options, wait, "; ".join(filter(None, (note, str(error)))))
