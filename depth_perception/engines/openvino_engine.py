"""OpenVINO: the fastest backend on a CPU."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from depth_perception.engines.backend import Device, Options
from depth_perception.engines.contract import TENSOR_NAMES
from depth_perception.engines.engine import TensorInfo
from depth_perception.engines.signal_stack import kept_signal_stack
from depth_perception.files import CacheError, cache_folder


class OpenVino:
    """The library; reduced is bfloat16 where the CPU has it."""

    name = "openvino"
    title = "OpenVINO"
    install = "pip install openvino"

    def devices(self) -> tuple[Device, ...]:
        return ("CPU",) if find_spec("openvino") else ()

    def obstacle(self) -> str:
        return "" if find_spec("openvino") else f"{self.title} is not installed: {self.install}"

    def version(self) -> str:
        return str(_openvino().__version__).split("-")[0]

    def is_quick(self, graph: bytes, options: Options) -> bool:
        return True

    def session(self, graph: bytes, options: Options) -> OpenVinoSession:
        return OpenVinoSession(graph, options)

    def reason(self, error: Exception) -> str:
        """Its messages begin with where in its own sources it noticed, and may end with where to read on."""
        lines = [line.strip() for line in str(error).splitlines()]
        return [line for line in lines if line and "https://" not in line][-1]


class OpenVinoSession:
    """A graph on the CPU. What was compiled is kept in the user's cache, by its content.

    Attributes:
        was_kept: whether it had been compiled before.
    """

    device: Device = "CPU"
    note = ""

    def __init__(self, graph: bytes, options: Options) -> None:
        openvino = _openvino()
        # Not pinned: two nodes that pin their workers would pin them to the same cores.
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
        if not options.reduced:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        if options.threads is not None:
            settings["INFERENCE_NUM_THREADS"] = options.threads
        core = openvino.Core()
        with suppress(CacheError):  # then it is compiled each time
            core.set_property({"CACHE_DIR": str(cache_folder("openvino"))})
        with kept_signal_stack():
            # Not by its path: what is kept of a file would be by path and time, and answer for another one's content.
            compiled = core.compile_model(core.read_model(graph), "CPU", settings)
        self.was_kept = bool(compiled.get_property("LOADED_FROM_CACHE"))
        self.inputs = tuple(_tensor_info(port) for port in compiled.inputs)
        self.outputs = tuple(_tensor_info(port) for port in compiled.outputs)
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())
        self._request = compiled.create_infer_request()

    def run(self, inputs: Mapping[str, npt.NDArray]) -> dict[str, npt.NDArray]:
        results = self._request.infer(dict(inputs), share_inputs=True, share_outputs=True)
        return {_name(port): results[port] for port in self._request.model_outputs}

    def close(self) -> None:
        del self._request


def _openvino() -> Any:
    """The library without its telemetry, which looks for an analytics host and leaves an id in the user's home.

    It does without where that package is missing, as it is taken to be here.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: importing it fails
    import openvino

    return openvino


def _tensor_info(port: Any) -> TensorInfo:
    shape = tuple(size.get_length() if size.is_static else -1 for size in port.get_partial_shape())
    return TensorInfo(_name(port), shape, np.dtype(port.get_element_type().to_dtype()))


def _name(port: Any) -> str:
    """A tensor that a node only passes on has two names here: that of the contract counts."""
    names: set[str] = port.get_names()
    return min(names & TENSOR_NAMES or names)
