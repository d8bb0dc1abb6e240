"""What is made once for a model so that it runs fast: a variant in fewer bits, and the plans of TensorRT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy.typing as npt

from depth_perception.engines.backend import Precision, Progress
from depth_perception.engines.choose import BACKENDS, choose, open_engine
from depth_perception.engines.contract import expected_outputs
from depth_perception.engines.engine import Engine, EngineError
from depth_perception.engines.free_view import of_size
from depth_perception.engines.measured import Measurement, Way, measure, remember, thread_counts
from depth_perception.engines.model_engine import described
from depth_perception.engines.onnxruntime_engine import OnnxRuntime
from depth_perception.engines.plan_builder import check_targets
from depth_perception.engines.plan_cache import PlanCache
from depth_perception.engines.tensorrt_engine import TensorRt, cached_plan, key_of
from depth_perception.engines.tensorrt_library import library
from depth_perception.engines.upgrading_engine import Size
from depth_perception.engines.variant_files import has_variant, is_variant, variant_path
from depth_perception.engines.variants import Types, write_variant
from depth_perception.model_file import read_part


@dataclass(frozen=True)
class Step:
    """One thing that `build` makes.

    Attributes:
        what: in words.
        path: of the file.
        is_there: whether it was made before.
    """

    what: str
    path: Path
    is_there: bool


def plan_steps(path: str | Path, targets: Sequence[str] = (), size: Size = None) -> list[Step]:
    """What plans a model needs, without building them: of the whole graph, and of its first output alone.

    Raises: `EngineError` if no library can build for these targets, or for the GPU that is here.
    """
    found = library()
    check_targets(found, targets)
    if not targets and (obstacle := TensorRt().obstacle()):
        raise EngineError(f"{obstacle}; with --target 8.6, or another compute capability, plans are built without one")
    cache = PlanCache()
    where = ", ".join(targets) or "the GPU here"
    steps = []
    for name, graph in graphs_of(path, size).items():
        key = key_of(found, graph, tuple(targets), reduced=False)
        what = f"plan of {found.title} {found.version} for {where}: {name} in {key.types}"
        steps.append(Step(what, cache.path(key), cache.find(key) is not None))
    return steps


def build_plans(
    path: str | Path, targets: Sequence[str] = (), size: Size = None, progress: Progress | None = None
) -> list[str]:
    """Builds the plans of `plan_steps` that are not there, and says what a user should know of them.

    Raises: see `depth_perception.engines.plan_builder.build_plan`.
    """
    found = library()
    plans = [
        cached_plan(found, graph, targets=tuple(targets), progress=progress) for graph in graphs_of(path, size).values()
    ]
    return [plan.note for plan in plans if plan.note]


def graphs_of(path: str | Path, size: Size = None) -> Mapping[str, bytes]:
    """What engines run of a model: the whole graph, and that of its first output alone if it has several.

    Args:
        size: width and height of its images; None is what its description says.
    """
    model = described(path, size)
    outputs = expected_outputs(model)
    graphs = {"all outputs" if len(outputs) > 1 else outputs[0].name: Path(path).read_bytes()}
    if len(outputs) > 1:
        graphs[f"{outputs[0].name} alone"] = read_part(path, outputs[0].name)
    return {f"{name} of {model.width}x{model.height}": of_size(model, graph) for name, graph in graphs.items()}


def build_variant(
    path: str | Path,
    types: Types,
    frames: Sequence[Mapping[str, npt.NDArray]],
    target: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Makes a variant unless it is there. Returns its file."""
    file = variant_path(path, types) if target is None else target
    if not is_variant(file, path, types):
        write_variant(path, types, frames, file, progress)
    return file


def measure_ways(
    path: str | Path, frames: Sequence[Mapping[str, npt.NDArray]], progress: Progress | None = None
) -> list[Measurement]:
    """Measures every way of running a model on the CPU here, and remembers it for ``auto``. The fastest first.

    Raises: `EngineError` if no backend runs it.
    """
    ways = [Way(OnnxRuntime.name, "f32", None)] if not OnnxRuntime().obstacle() else []
    precisions: tuple[Precision, ...] = ("f32", "bf16", "int8")
    on_cpu = [backend for backend in choose("auto") if "CPU" in backend.devices()]
    ways += [Way(item.name, bits, count) for item in on_cpu for bits in precisions for count in thread_counts()]
    with ExitStack() as opened:
        engines: dict[Way, Engine] = {}
        for way in ways:
            if way.precision == "int8" and not has_variant(path, "int8"):
                continue
            engine = open_engine(path, way.backend, precision=way.precision, threads=way.threads)
            opened.callback(engine.close)
            if engine.description.precision == way.precision:  # else the CPU, or the backend, has no such units
                engines[way] = engine
        found = measure(engines, frames, progress)
    remember(path, BACKENDS, found)
    return found
