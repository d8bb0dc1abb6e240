"""Device memory, a stream and a graph of what runs on it, through cuda-python."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.engines.engine import EngineError, TensorInfo


def runtime() -> Any:
    """The module of CUDA's runtime.

    Raises: `EngineError` if cuda-python is not installed.
    """
    try:
        from cuda.bindings import runtime
    except ImportError:
        raise EngineError("cuda-python is not installed: pip install cuda-python") from None
    return runtime


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of CUDA answers beside its status.

    Raises: `EngineError` naming the function and what went wrong.
    """
    status, *answers = function(*arguments)
    if status != 0:
        _, text = runtime().cudaGetErrorString(status)
        raise EngineError(f"CUDA, {function.__name__}: {text.decode()}")
    return answers[0] if len(answers) == 1 else answers


@dataclass(frozen=True)
class Gpu:
    """The GPU that CUDA takes first."""

    name: str
    capability: str
    """Compute capability, such as ``8.6``."""


def gpu() -> Gpu:
    """Raises: `EngineError` if CUDA finds none."""
    found = call(runtime().cudaGetDeviceProperties, 0)
    return Gpu(found.name.decode(), f"{found.major}.{found.minor}")


class Buffer:
    """Room for one tensor on the GPU, and in memory of the host that is never paged out.

    Attributes:
        host: the array; what is put there is what `upload` takes, and what `download` brings is there.
        device: its address on the GPU.
    """

    def __init__(self, tensor: TensorInfo) -> None:
        cuda = runtime()
        self._bytes = int(np.prod(tensor.shape)) * tensor.dtype.itemsize
        try:
            self.device = int(call(cuda.cudaMalloc, self._bytes))
        except EngineError as error:
            free, total = call(cuda.cudaMemGetInfo)
            raise EngineError(
                f"no room for '{tensor.name}' on the GPU: {self._bytes >> 20} MiB wanted, {free >> 20} of {total >> 20}"
                f" MiB are free ({error})"
            ) from None
        try:
            self._address = int(call(cuda.cudaHostAlloc, self._bytes, 0))
        except EngineError:
            call(cuda.cudaFree, self.device)
            raise
        memory = (ctypes.c_uint8 * self._bytes).from_address(self._address)
        self.host: npt.NDArray = np.ctypeslib.as_array(memory).view(tensor.dtype).reshape(tensor.shape)

    def upload(self, stream: Any) -> None:
        kind = runtime().cudaMemcpyKind.cudaMemcpyHostToDevice
        call(runtime().cudaMemcpyAsync, self.device, self._address, self._bytes, kind, stream)

    def download(self, stream: Any) -> None:
        kind = runtime().cudaMemcpyKind.cudaMemcpyDeviceToHost
        call(runtime().cudaMemcpyAsync, self._address, self.device, self._bytes, kind, stream)

    def close(self) -> None:
        call(runtime().cudaFree, self.device)
        call(runtime().cudaFreeHost, self._address)


class Stream:
    """Where the work of one engine queues, apart from everybody else's."""

    def __init__(self) -> None:
        self.handle = call(runtime().cudaStreamCreateWithFlags, runtime().cudaStreamNonBlocking)
        self._graph: Any = None

    def capture(self, work: Callable[[], None]) -> None:
        """Records what `work` puts on the stream as a graph, for `launch`."""
        cuda = runtime()
        call(cuda.cudaStreamBeginCapture, self.handle, cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
        try:
            work()
        finally:
            graph = call(cuda.cudaStreamEndCapture, self.handle)
        self._graph = call(cuda.cudaGraphInstantiate, graph, 0)
        call(cuda.cudaGraphDestroy, graph)

    def launch(self) -> None:
        """Puts the recorded graph on the stream."""
        call(runtime().cudaGraphLaunch, self._graph, self.handle)

    def wait(self) -> None:
        """Until all that is on the stream is done; other threads run meanwhile."""
        call(runtime().cudaStreamSynchronize, self.handle)

    def close(self) -> None:
        if self._graph is not None:
            call(runtime().cudaGraphExecDestroy, self._graph)
        call(runtime().cudaStreamDestroy, self.handle)
