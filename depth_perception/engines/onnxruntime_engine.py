"""ONNX Runtime: the reference backend, on the CPU, or on a GPU where the installed build has CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.engines.backend import Device, Options
from depth_perception.engines.engine import TensorInfo
from depth_perception.engines.gpu import has_nvidia_gpu

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxRuntime:
    """The library; it computes in float32 whatever the precision asked for."""

    name = "onnxruntime"
    title = "ONNX Runtime"
    install = "pip install onnxruntime"

    def devices(self) -> tuple[Device, ...]:
        if not find_spec("onnxruntime"):
            return ()
        import onnxruntime

        # A build with CUDA lists it on machines without a GPU as well.
        return ("GPU", "CPU") if _CUDA in onnxruntime.get_available_providers() and has_nvidia_gpu() else ("CPU",)

    def obstacle(self) -> str:
        return "" if find_spec("onnxruntime") else f"{self.title} is not installed: {self.install}"

    def version(self) -> str:
        import onnxruntime

        return str(onnxruntime.__version__)

    def is_quick(self, graph: bytes, options: Options) -> bool:
        return True

    def session(self, graph: bytes, options: Options) -> OnnxRuntimeSession:
        return OnnxRuntimeSession(graph, options, [_CUDA, _CPU] if "GPU" in self.devices() else [_CPU])

    def reason(self, error: Exception) -> str:
        return str(error).splitlines()[0]


class OnnxRuntimeSession:
    """A graph in float32."""

    precision = "f32"
    note = ""

    def __init__(self, graph: bytes, options: Options, providers: list[str]) -> None:
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3  # its warnings are about optimisation, not about the user
        # Workers that spin while they wait take the cores from the other nodes: 48 percent slower beside one of them.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if options.threads is not None:
            settings.intra_op_num_threads = options.threads
        self._session = onnxruntime.InferenceSession(graph, settings, providers)
        self.inputs = tuple(_tensor_info(node) for node in self._session.get_inputs())
        self.outputs = tuple(_tensor_info(node) for node in self._session.get_outputs())
        self.device: Device = "GPU" if self._session.get_providers()[0] == _CUDA else "CPU"

    def run(self, inputs: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
        names = [tensor.name for tensor in self.outputs]
        return dict(zip(names, self._session.run(names, dict(inputs)), strict=True))

    def close(self) -> None:
        del self._session


_DTYPES: dict[str, np.dtype] = {"tensor(uint8)": np.dtype(np.uint8), "tensor(float)": np.dtype(np.float32)}


def _tensor_info(node: Any) -> TensorInfo:
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return TensorInfo(node.name, shape, _DTYPES.get(node.type, np.dtype(np.void)))
