"""TensorRT: the fastest backend on an NVIDIA GPU; TensorRT for RTX where that is what is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from depth_perception.engines import parity
from depth_perception.engines.backend import Device, Options, Progress
from depth_perception.engines.cuda import Buffer, Stream, gpu
from depth_perception.engines.engine import EngineError, TensorInfo
from depth_perception.engines.gpu import has_nvidia_gpu
from depth_perception.engines.plan_builder import build_plan, check_targets, complaint
from depth_perception.engines.plan_cache import Plan, PlanCache, PlanKey
from depth_perception.engines.tensorrt_library import Library, library
from depth_perception.errors import DepthPerceptionError
from depth_perception.files import CacheError, cache_folder, write_atomically


class TensorRt:
    """The library that is installed, with its plans in the user's cache. The types are those of the graph."""

    name = "tensorrt"
    title = "TensorRT"
    install = "pip install tensorrt-rtx-cu13 cuda-python (on a Jetson, JetPack's own TensorRT)"

    def devices(self) -> tuple[Device, ...]:
        installed = find_spec("tensorrt") or find_spec("tensorrt_rtx")
        return ("GPU",) if installed and find_spec("cuda") and has_nvidia_gpu() and not self.obstacle() else ()

    def obstacle(self) -> str:
        try:
            library()
        except EngineError as error:
            return str(error)
        if not find_spec("cuda"):
            return "TensorRT needs cuda-python: pip install cuda-python"
        return "" if has_nvidia_gpu() else "TensorRT needs an NVIDIA GPU and its driver: there is none here"

    def version(self) -> str:
        return library().version

    def is_quick(self, graph: bytes, options: Options) -> bool:
        with suppress(DepthPerceptionError):  # told when it is opened
            key = key_of(library(), graph, reduced=options.reduced)
            return PlanCache().find_for(key, gpu().capability) is not None
        return False

    def session(self, graph: bytes, options: Options) -> TensorRtSession:
        return open_session(library(), graph, options)

    def reason(self, error: Exception) -> str:
        return str(error).splitlines()[0]


def key_of(found: Library, graph: bytes, targets: tuple[str, ...] = (), *, reduced: bool) -> PlanKey:
    """What the plan of a graph depends on: see `cached_plan`."""
    if targets:
        built_for = tuple(sorted(targets))
    else:
        here = gpu()
        built_for = (here.name, here.capability)
    model = onnx.load_model_from_string(graph).graph
    return PlanKey(
        graph=hashlib.sha256(graph).hexdigest(),
        library=found.name,
        version=found.version,
        built_for=built_for,
        types=graph_types(model),
        shapes={
            tensor.name: tuple(size.dim_value for size in tensor.type.tensor_type.shape.dim) for tensor in model.input
        },
        flags=("tf32",) if reduced else (),
    )


def graph_types(graph: onnx.GraphProto) -> str:
    """What a graph computes in: ``int8`` if it has quantised layers, else the type of its convolutions' weights."""
    if any(node.op_type == "DequantizeLinear" for node in graph.node):
        return "int8"
    kernels = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    halves = {item.name for item in graph.initializer if item.data_type == onnx.TensorProto.FLOAT16}
    return "f16" if kernels & halves else "f32"


def cached_plan(
    found: Library,
    graph: bytes,
    *,
    targets: tuple[str, ...] = (),
    reduced: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """The plan of a graph out of the user's cache; it is built unless it is there.

    Args:
        targets: compute capabilities; none is the GPU that is here.

    Raises: see `depth_perception.engines.plan_builder.build_plan`; `CacheError` for a cache that cannot be trusted.
    """
    check_targets(found, targets)
    key = key_of(found, graph, targets, reduced=reduced)
    cache = PlanCache()
    if not targets and (plan := cache.find_for(key, gpu().capability)) is not None:
        return plan
    return cache.get(key, partial(build_plan, found, graph, targets=targets, reduced=reduced, progress=progress))


def open_session(found: Library, graph: bytes, options: Options) -> TensorRtSession:
    """A session of the graph's plan: from the cache, built anew once if it does not load, compared with ONNX Runtime.

    Raises: `EngineError` if there is no plan that loads, or if it does not answer as ONNX Runtime does.
    """
    make = partial(cached_plan, found, graph, reduced=options.reduced, progress=options.progress)
    plan = make()
    cache = PlanCache()
    try:
        session = TensorRtSession(found, plan)
    except PlanError as error:
        cache.drop(plan.key)
        plan = replace(make(), note=f"the cached plan did not load ({error}): it was built again")
        session = TensorRtSession(found, plan)
    if plan.parity is None:
        try:
            words = parity.check(session, graph, plan.key.types)
        except EngineError:
            session.close()
            cache.drop(plan.key)
            raise
        cache.store(replace(plan, parity=words))
    return session


class PlanError(EngineError):
    """A plan that the library does not load: of another GPU, library or version, or cut short."""


class TensorRtSession:
    """A plan on the GPU. Inputs and outputs have their places for good: nothing is allocated for a frame."""

    device: Device = "GPU"

    def __init__(self, found: Library, plan: Plan) -> None:
        api = found.api
        found.complaints.clear()
        self._runtime = api.Runtime(found.log)
        engine = self._runtime.deserialize_cuda_engine(plan.content)
        if engine is None:
            raise PlanError(complaint(found))
        self._engine = engine
        self.precision = plan.key.types
        self.note = plan.note
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        tensors = {name: _tensor_info(api, engine, name) for name in names}
        takes = {name for name in names if engine.get_tensor_mode(name) == api.TensorIOMode.INPUT}
        self.inputs = tuple(tensors[name] for name in names if name in takes)
        self.outputs = tuple(tensors[name] for name in names if name not in takes)

        self._kernels = _KernelCache(found, plan)
        self._context = self._kernels.context(engine)
        if self._context is None:
            raise EngineError(f"{found.title} has no room to run the plan: {complaint(found)}")
        self._stream = Stream()
        self._buffers: dict[str, Buffer] = {}
        try:
            for name, tensor in tensors.items():
                self._buffers[name] = Buffer(tensor)
                self._context.set_tensor_address(name, self._buffers[name].device)
            self._warm_up(found)
        except EngineError:
            self.close()
            raise

    def run(self, inputs: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
        for name, array in inputs.items():
            np.copyto(self._buffers[name].host, array)
        self._frame()
        self._stream.wait()
        return {tensor.name: self._buffers[tensor.name].host for tensor in self.outputs}

    def close(self) -> None:
        for buffer in self._buffers.values():
            buffer.close()
        self._buffers.clear()
        self._stream.close()
        del self._context, self._engine, self._runtime

    def _queue(self) -> None:
        for tensor in self.inputs:
            self._buffers[tensor.name].upload(self._stream.handle)
        if not self._context.execute_async_v3(int(self._stream.handle)):
            raise EngineError("the plan does not run")
        for tensor in self.outputs:
            self._buffers[tensor.name].download(self._stream.handle)

    def _warm_up(self, found: Library) -> None:
        """The first runs make kernels and find room; then a frame is recorded as one graph, and replayed."""
        self._frame = self._queue
        for _ in range(2):
            self._queue()
            self._stream.wait()
        self._kernels.save()
        if not found.captures_graphs:
            self._stream.capture(self._queue)
            self._frame = self._stream.launch


class _KernelCache:
    """TensorRT for RTX makes the kernels for the GPU at the first run: they are kept beside the plans."""

    def __init__(self, found: Library, plan: Plan) -> None:
        self._found = found
        self._digest = plan.key.digest
        self._cache: Any = None

    def context(self, engine: Any) -> Any:
        """An execution context, None if there is no room for one."""
        if not self._found.captures_graphs:
            return engine.create_execution_context()
        settings = engine.create_runtime_config()
        settings.cuda_graph_strategy = self._found.api.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._cache = settings.create_runtime_cache()
        with suppress(OSError, CacheError):  # made anew
            self._cache.deserialize((cache_folder("plans") / f"{self._digest}.kernels").read_bytes())
        settings.set_runtime_cache(self._cache)
        return engine.create_execution_context(settings)

    def save(self) -> None:
        if self._cache is None:
            return
        with suppress(OSError, CacheError):  # made anew next time
            write_atomically(cache_folder("plans") / f"{self._digest}.kernels", bytes(self._cache.serialize()), 0o600)


def _tensor_info(api: Any, engine: Any, name: str) -> TensorInfo:
    dtype = np.dtype(api.nptype(engine.get_tensor_dtype(name)))
    return TensorInfo(name, tuple(engine.get_tensor_shape(name)), dtype)
