"""In place of a GPU, where there is none: CUDA's runtime and TensorRT's as far as a session uses them.

Memory of the "device" is memory of this process, a plan is an ONNX graph, and ONNX Runtime computes it when the stream
is waited for. It holds what a real one does not say when it is wrong: what is left allocated, what runs before its
input is there, what is allocated for a frame. Whether the real libraries have what is used of them is for
`test/engines/test_tensorrt_api.py`.
"""
# ruff: noqa: N802, N815

from __future__ import annotations

import ctypes
from collections import deque
from types import SimpleNamespace

import numpy as np
import onnxruntime

from depth_perception.engines.tensorrt_library import Library


class Cuda:
    """The functions of ``cuda.bindings.runtime``; `room` bytes can be allocated."""

    cudaStreamNonBlocking = 1
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)

    def __init__(self, room=1 << 30):
        self.room = room
        self.memory = {}
        self.alive = set()
        self.allocations = 0
        self.queue = []
        self.recording = None

    def cudaGetErrorString(self, status):
        return 0, b"out of memory" if status == 2 else b"unknown error"

    def cudaGetDeviceProperties(self, device):
        return 0, SimpleNamespace(name=b"Stand-in", major=8, minor=6)

    def cudaMemGetInfo(self):
        return 0, self.room, self.room

    def cudaMalloc(self, size):
        if size > self.room:
            return 2, None
        block = ctypes.create_string_buffer(size)
        self.memory[ctypes.addressof(block)] = block
        self.allocations += 1
        return 0, ctypes.addressof(block)

    def cudaHostAlloc(self, size, flags):
        return self.cudaMalloc(size)

    def cudaFree(self, address):
        del self.memory[address]
        return (0,)

    cudaFreeHost = cudaFree

    def cudaStreamCreateWithFlags(self, flags):
        self.alive.add("stream")
        return 0, 77

    def cudaStreamDestroy(self, stream):
        self.alive.remove("stream")
        return (0,)

    def put(self, work):
        (self.queue if self.recording is None else self.recording).append(work)

    def cudaMemcpyAsync(self, target, source, size, kind, stream):
        assert stream == 77
        self.put(lambda: ctypes.memmove(target, source, size))
        return (0,)

    def cudaStreamBeginCapture(self, stream, mode):
        self.recording = []
        return (0,)

    def cudaStreamEndCapture(self, stream):
        recorded, self.recording = self.recording, None
        self.alive.add("graph")
        return 0, recorded

    def cudaGraphInstantiate(self, graph, flags):
        self.alive.add("executable graph")
        return 0, graph

    def cudaGraphDestroy(self, graph):
        self.alive.remove("graph")
        return (0,)

    def cudaGraphExecDestroy(self, graph):
        self.alive.remove("executable graph")
        return (0,)

    def cudaGraphLaunch(self, graph, stream):
        self.queue.extend(graph)
        return (0,)

    def cudaStreamSynchronize(self, stream):
        queue, self.queue = self.queue, []
        for work in queue:
            work()
        return (0,)


class _Engine:
    def __init__(self, cuda, plan):
        self.session = onnxruntime.InferenceSession(plan, providers=["CPUExecutionProvider"])
        self.takes = [node.name for node in self.session.get_inputs()]
        nodes = [*self.session.get_inputs(), *self.session.get_outputs()]
        self.nodes = {node.name: node for node in nodes}
        self.num_io_tensors = len(nodes)
        self.cuda = cuda
        self.configured = None

    def get_tensor_name(self, index):
        return list(self.nodes)[index]

    def get_tensor_mode(self, name):
        return "INPUT" if name in self.takes else "OUTPUT"

    def get_tensor_dtype(self, name):
        return {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}[self.nodes[name].type]

    def get_tensor_shape(self, name):
        return self.nodes[name].shape

    def create_runtime_config(self):
        return SimpleNamespace(
            create_runtime_cache=lambda: SimpleNamespace(deserialize=lambda blob: True, serialize=lambda: b"kernels"),
            set_runtime_cache=lambda cache: None,
        )

    def create_execution_context(self, config=None):
        self.configured = config
        return _Context(self)


class _Context:
    def __init__(self, engine):
        self.engine = engine
        self.addresses = {}

    def set_tensor_address(self, name, address):
        self.addresses[name] = address

    def array(self, name):
        node = self.engine.nodes[name]
        dtype = np.dtype(self.engine.get_tensor_dtype(name))
        size = int(np.prod(node.shape)) * dtype.itemsize
        return np.frombuffer((ctypes.c_uint8 * size).from_address(self.addresses[name]), dtype).reshape(node.shape)

    def execute_async_v3(self, stream):
        assert stream == 77
        assert set(self.addresses) == set(self.engine.nodes)
        self.engine.cuda.put(self.compute)
        return True

    def compute(self):
        session = self.engine.session
        names = [node.name for node in session.get_outputs()]
        answers = session.run(names, {name: self.array(name) for name in self.engine.takes})
        for name, answer in zip(names, answers, strict=True):
            self.array(name)[...] = answer


def stand_in_library(cuda, *, for_rtx):
    """A `Library` whose plans are ONNX graphs."""

    class Runtime:
        def __init__(self, log):
            self.engines = []

        def deserialize_cuda_engine(self, plan):
            try:
                engine = _Engine(cuda, plan)
            except Exception as error:
                complaints.append(f"Serialization: {str(error).splitlines()[0]}")
                return None
            engines.append(engine)
            return engine

    complaints: deque[str] = deque(maxlen=20)
    engines: list[_Engine] = []
    api = SimpleNamespace(Runtime=Runtime, TensorIOMode=SimpleNamespace(INPUT="INPUT"), nptype=lambda dtype: dtype)
    if for_rtx:
        api.CudaGraphStrategy = SimpleNamespace(WHOLE_GRAPH_CAPTURE="whole graph")
    api.engines = engines
    return Library("tensorrt_rtx" if for_rtx else "tensorrt", "1.0", api, None, complaints)
